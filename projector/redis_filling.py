"""Filling a new version in Redis: plain writes in one transaction, guarded by the checkpoint that it watches.

A script copies each value twice, which takes Redis five times as long as to set it. While a version is filled only one
process writes there; what a script compares, this one watches: `<slot>:filling:<shard>` names the process and how far
it is, each transaction moves it, and none is carried out that was begun before somebody else moved or took it. Whoever
fills the same names anew, or deletes them, shuts out all others with that.
"""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline as Wire
from redis.exceptions import WatchError

from projector.model import Batch, Folded, ReadModel, Written
from projector.parking import Systemic
from projector.redis_entries import NAMES, Entries, entries_of
from projector.redis_sink import drop, states_of
from shared.documents.layout import claims_key, filling_key, shards_key

AT_ONCE = 500  # values of one command: what is longer than a megabyte is slow to put together

# KEYS: the claims hash, then one key per name claimed, name released. ARGV: how many are claimed; (name, id, position)
# of each claim, oldest first, and of each release. Most names are new, and nobody has them: those are set in one go, as
# many as Lua's stack takes.
_CLAIM = (
    NAMES
    + """
local claimed = tonumber(ARGV[1])
local function told(n) return ARGV[3 * n - 1], ARGV[3 * n], ARGV[3 * n + 1] end
for first = 1, claimed, 1000 do
  local last = math.min(first + 999, claimed)
  local keys, positions = {}, {}
  for n = first, last do
    local name, id, position = told(n)
    keys[#keys + 1] = KEYS[n + 1]
    keys[#keys + 1] = id
    positions[#positions + 1] = name
    positions[#positions + 1] = position
  end
  if redis.call('MSETNX', unpack(keys)) == 1 then
    redis.call('HSET', KEYS[1], unpack(positions))
  else
    for n = first, last do claim(KEYS[1], KEYS[n + 1], told(n)) end
  end
end
for n = claimed + 1, #KEYS - 1 do
  local name, id = told(n)
  release(KEYS[1], KEYS[n + 1], name, id)
end
"""
)


class RedisFilling:
    """Writes batches of versions that were begun here, until they are handed over."""

    name = "redis"

    def __init__(self, redis: "Redis", store: str) -> None:
        self._redis, self._store = redis, store
        self._owner = uuid4().hex  # no other process fills under it

    async def begin(self, model: ReadModel, shards: int) -> None:
        """Delete what lies there (a restored store may give a number again) and shut out whoever filled it."""
        await drop(self._redis, model)
        await self._redis.mset({filling_key(model.slot, shard): self._at(0) for shard in range(shards)})

    async def hand_over(self, model: ReadModel, checkpoints: Mapping[int, int]) -> None:
        """From now on the projector writes there, and we don't. Raises `Systemic` if it is not ours any more."""
        keys = [filling_key(model.slot, shard) for shard in checkpoints]
        async with self._redis.pipeline(transaction=True) as wire:
            await wire.watch(*keys)
            found = await wire.mget(keys)
            if found != [self._at(at).encode() for at in checkpoints.values()]:
                raise _taken(model)
            wire.multi()  # type: ignore[no-untyped-call]
            wire.hset(shards_key(model.slot), mapping={str(shard): str(at) for shard, at in checkpoints.items()})
            wire.hset(shards_key(model.slot), "store", self._store)
            wire.delete(*keys)
            try:
                await wire.execute()
            except WatchError as error:
                raise _taken(model) from error

    async def open(self, model: ReadModel) -> None:
        """Keys need no place to be made for them."""

    async def close(self) -> None:
        """Nothing waits here."""

    async def checkpoint(self, model: ReadModel, shard: int) -> int:
        """Up to where this shard was filled. Raises `Systemic` if it is not ours any more."""
        return self._told(model, await self._redis.get(filling_key(model.slot, shard)))

    async def load(self, model: ReadModel, _shard: int, ids: Sequence[str]) -> Mapping[str, Folded]:
        """States by id, those that exist."""
        return await states_of(self._redis, model, ids)

    async def write(self, batch: Batch) -> Written:
        """Apply a batch whole if the shard stands at its `expected`, else not at all."""
        async with self._redis.pipeline(transaction=True) as wire:
            while True:
                try:
                    return Written(await self._tried(wire, batch))
                except WatchError:  # a request of ours that seemed lost has come through, or another one is at work
                    continue

    async def _tried(self, wire: "Wire", batch: Batch) -> int:
        """Where the shard stands afterwards. `WatchError`: it was moved meanwhile, and nothing is written."""
        key = filling_key(batch.model.slot, batch.shard)
        await wire.watch(key)
        at = self._told(batch.model, await wire.get(key))
        if at != batch.expected:
            return at
        wire.multi()  # type: ignore[no-untyped-call]
        _queue(wire, batch.model.slot, entries_of(batch))
        wire.set(key, self._at(batch.upto))
        await wire.execute()
        return batch.upto

    def standing(self, model: ReadModel, shard: int, at: int) -> tuple[int, str]:
        """As the sink has it that goes on from here."""
        return at, "redis"

    async def show(self, model: ReadModel) -> None:
        """Nobody is led here."""

    async def serve(self, model: ReadModel) -> None:
        """Nobody is led here."""

    async def drop(self, model: ReadModel) -> None:
        """Delete every key of this version."""
        await drop(self._redis, model)

    def _at(self, position: int) -> str:
        return f"{self._owner} {position}"

    def _told(self, model: ReadModel, found: bytes | str | None) -> int:
        told = found.decode() if isinstance(found, bytes) else found or ""  # the client's types know both
        owner, _, position = told.partition(" ")
        if owner != self._owner:
            raise _taken(model)
        return int(position)


def _taken(model: ReadModel) -> Systemic:
    return Systemic(f"{model.slot} is filled by another process, or was deleted")


def _queue(wire: "Wire", slot: str, entries: Entries) -> None:
    sets = list(entries.sets.items())
    for at in range(0, len(sets), AT_ONCE):
        wire.mset(dict(sets[at : at + AT_ONCE]))
    if entries.deleted:
        wire.delete(*entries.deleted)
    claims = sorted(entries.claims, key=lambda claim: claim.position)
    if names := [*claims, *entries.releases]:
        keys = [claims_key(slot), *(each.key for each in names)]
        told = [part for each in names for part in (each.name, each.id, str(each.position))]
        # With its text: a name for the script could be unknown, and then the rest would be carried out.
        wire.eval(_CLAIM, len(keys), *keys, str(len(claims)), *told)

"""Read models in Redis. One script writes documents, states, names and the checkpoint of a batch, or nothing."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha1

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from projector.combine import Combined
from projector.fold import decoder
from projector.model import Batch, Folded, ReadModel, Rendered, Written, encode
from shared.documents.layout import claims_key, document_key, lookup_key, pack, shards_key, state_key

log = logging.getLogger(__name__)

# KEYS: the shards hash, the claims hash, then one key per value set, key deleted, name claimed, name released.
# ARGV: shard, expected, upto, ready, how many of each, store; then values; (claim field, id, position) of each name
# claimed; (claim field, id) of each name released.
# A claim is taken only if it is newer than the one that stands: names may wander between products, and the products'
# shards are read independently.
_APPLY = """
local store = redis.call('HGET', KEYS[1], 'store')
if store and store ~= ARGV[9] then return -1 end
local at = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if at ~= tonumber(ARGV[2]) then return at end
local k, a = 2, 9
for _ = 1, tonumber(ARGV[5]) do k = k + 1; a = a + 1; redis.call('SET', KEYS[k], ARGV[a]) end
for _ = 1, tonumber(ARGV[6]) do k = k + 1; redis.call('DEL', KEYS[k]) end
for _ = 1, tonumber(ARGV[7]) do
  k = k + 1
  local newest = tonumber(redis.call('HGET', KEYS[2], ARGV[a + 1]) or '0')
  if newest <= tonumber(ARGV[a + 3]) then
    redis.call('SET', KEYS[k], ARGV[a + 2])
    redis.call('HSET', KEYS[2], ARGV[a + 1], ARGV[a + 3])
  end
  a = a + 3
end
for _ = 1, tonumber(ARGV[8]) do
  k = k + 1
  if redis.call('GET', KEYS[k]) == ARGV[a + 2] then
    redis.call('DEL', KEYS[k])
    redis.call('HDEL', KEYS[2], ARGV[a + 1])
  end
  a = a + 2
end
if ARGV[2] ~= ARGV[3] then redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], 'store', ARGV[9]) end
if ARGV[4] == '1' and redis.call('HGET', KEYS[1], 'ready:' .. ARGV[1]) ~= '1' then
  redis.call('HSET', KEYS[1], 'ready:' .. ARGV[1], '1')
end
return tonumber(ARGV[3])
"""

_SHA = sha1(_APPLY.encode()).hexdigest()  # Redis' name for the script, nothing secret
_FOREIGN = -1
_MOST_SHARDS = 64  # as the schema has it

Command = tuple[bytes | str | int, ...]


def connect(url: str) -> "Redis":
    """A client that fails at once: whoever calls tries again in its own way, and knows that it did."""
    return Redis.from_url(url, socket_timeout=5, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))


class RedisSink:
    """Writes batches, all that wait in one round trip; answers the checkpoint that Redis really has."""

    name = "redis"

    def __init__(self, redis: "Redis", store: str, lanes: int = 1) -> None:
        self._redis, self._store = redis, store
        self._purging = asyncio.Lock()
        self._eval: Combined[Command, int] = Combined(self._send, lanes=lanes)

    async def open(self, model: ReadModel) -> None:
        """Keys need no place to be made for them."""

    async def close(self) -> None:
        """Nothing is sent any more."""
        await self._eval.close()

    async def checkpoint(self, model: ReadModel, shard: int) -> int:
        """Up to where this shard was applied, 0 if Redis knows nothing of it."""
        await self._purge_if_foreign(model)
        return int(await self._redis.hget(shards_key(model.slot), str(shard)) or 0)

    async def load(self, model: ReadModel, _shard: int, ids: Sequence[str]) -> Mapping[str, Folded]:
        """States by id, those that exist."""
        found = await self._redis.mget([state_key(model.slot, id_) for id_ in ids])
        decode = decoder(model).decode
        return {id_: decode(state) for id_, state in zip(ids, found, strict=True) if state is not None}

    async def write(self, batch: Batch) -> Written:
        """Apply a batch whole if Redis stands at its `expected`, else not at all."""
        at = await self._eval(_command(batch, self._store))
        if at == _FOREIGN:
            await self._purge_if_foreign(batch.model)
            return Written(await self.checkpoint(batch.model, batch.shard))
        return Written(at)

    def standing(self, model: ReadModel, shard: int, at: int) -> tuple[int, str]:
        """Redis keeps its checkpoint beside the data, so lives need not be told apart in Postgres."""
        return at, "redis"

    async def show(self, model: ReadModel) -> None:
        """What is written is seen."""

    async def serve(self, model: ReadModel) -> None:
        """The noticeboard's pointer is all that leads here."""

    async def drop(self, model: ReadModel) -> None:
        """Delete every key of this version. Its checkpoints go last, and say until then that no write is taken."""
        shards = shards_key(model.slot)
        await self._redis.hset(shards, "store", "dropped")
        cursor = 0
        while True:  # page by page: a key at a time takes a round trip each
            cursor, keys = await self._redis.scan(cursor, match=f"{model.slot}:*", count=1000)
            if others := [key for key in keys if key != shards.encode()]:
                await self._redis.unlink(*others)
            if cursor == 0:
                break
        await self._redis.unlink(shards)

    async def _purge_if_foreign(self, model: ReadModel) -> None:
        """Delete what was made from another store's log; its positions mean nothing here."""
        shards = shards_key(model.slot)
        async with self._purging:
            found = await self._redis.hget(shards, "store")
            if found is None or found == self._store.encode():
                return
            log.critical("documents of another store are deleted", extra={"fields": {"read_model": model.name}})
            await self._redis.hdel(shards, *(f"ready:{shard}" for shard in range(_MOST_SHARDS)))
            await self.drop(model)  # the checkpoints go last: until then every write is refused

    async def _send(self, commands: Sequence[Command]) -> Sequence[int | Exception]:
        answers = await self._execute(commands)
        if any(isinstance(answer, NoScriptError) for answer in answers):  # a server that was started anew
            await self._redis.script_load(_APPLY)
            answers = await self._execute(commands)  # those that were applied answer that they stand where they should
        return answers

    async def _execute(self, commands: Sequence[Command]) -> Sequence[int | Exception]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            answers: Sequence[int | Exception] = await pipe.execute(raise_on_error=False)
            return answers


def _command(batch: Batch, store: str) -> Command:
    slot = batch.model.slot
    sets: dict[str, bytes] = {}
    deleted: list[str] = []
    claims: list[tuple[str, str, int, str]] = []
    releases: list[tuple[str, str, str]] = []
    for change in batch.changes:
        sets[state_key(slot, change.id)] = encode(change.after)
        if change.shown is None:
            continue
        _documents(change.before, change.shown, slot, sets, deleted)
        held = change.before.lookups if change.before and not batch.repair else frozenset()
        for field, value in change.shown.lookups - held:
            name = f"{field}:{value}"
            claims.append((lookup_key(slot, field, value), change.id, change.after.position, name))
        for field, value in (change.before.lookups if change.before else frozenset()) - change.shown.lookups:
            releases.append((lookup_key(slot, field, value), change.id, f"{field}:{value}"))
    keys = [shards_key(slot), claims_key(slot), *sets, *deleted, *(c[0] for c in claims), *(r[0] for r in releases)]
    counts = (len(sets), len(deleted), len(claims), len(releases))
    return (
        "EVALSHA",
        _SHA,
        len(keys),
        *keys,
        *(batch.shard, batch.expected, batch.upto, int(batch.ready), *counts, store),
        *sets.values(),
        *_flat((name, id_, position) for _, id_, position, name in claims),
        *_flat((name, id_) for _, id_, name in releases),
    )


def _documents(
    before: Rendered | None, shown: Rendered, slot: str, sets: dict[str, bytes], deleted: list[str]
) -> None:
    stood = before.documents if before else {}
    for id_, body in shown.documents.items():
        if body is None:
            deleted.append(document_key(slot, id_))
        elif stood.get(id_) != body:
            sets[document_key(slot, id_)] = pack(body)
    deleted.extend(document_key(slot, id_) for id_ in stood.keys() - shown.documents.keys())


def _flat(rows: Iterable[tuple[str | int, ...]]) -> list[str | int]:
    return [value for row in rows for value in row]

"""Read models in Redis. One script writes documents, states, names and the checkpoint of a batch, or nothing."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ResponseError

from projector.combine import Combined
from projector.fold import decoder
from projector.model import Batch, Folded, ReadModel, Written
from projector.redis_entries import NAMES, entries_of
from shared.documents.layout import claims_key, filling_key, shards_key, state_key

log = logging.getLogger(__name__)

# KEYS: the shards hash, the claims hash, then one key per value set, key deleted, name claimed, name released.
# ARGV: shard, expected, upto, ready, how many of each, store; then values; (name, id, position) of each name claimed;
# (name, id) of each name released.
_APPLY = (
    NAMES
    + """
local store = redis.call('HGET', KEYS[1], 'store')
if store and store ~= ARGV[9] then return -1 end
local at = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if at ~= tonumber(ARGV[2]) then return at end
local k, a = 2, 9
for _ = 1, tonumber(ARGV[5]) do k = k + 1; a = a + 1; redis.call('SET', KEYS[k], ARGV[a]) end
for _ = 1, tonumber(ARGV[6]) do k = k + 1; redis.call('DEL', KEYS[k]) end
for _ = 1, tonumber(ARGV[7]) do
  k = k + 1
  claim(KEYS[2], KEYS[k], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3])
  a = a + 3
end
for _ = 1, tonumber(ARGV[8]) do
  k = k + 1
  release(KEYS[2], KEYS[k], ARGV[a + 1], ARGV[a + 2])
  a = a + 2
end
if ARGV[2] ~= ARGV[3] then redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], 'store', ARGV[9]) end
if ARGV[4] == '1' and redis.call('HGET', KEYS[1], 'ready:' .. ARGV[1]) ~= '1' then
  redis.call('HSET', KEYS[1], 'ready:' .. ARGV[1], '1')
end
return tonumber(ARGV[3])
"""
)

# The same for batches that change nothing, all that wait in one call: most read models have no part in most events.
# KEYS: their shards hashes. ARGV: store; for each its shard, expected, upto, ready. Answers where each stands; of one
# that can't be read, that alone.
_MOVE = """
local ats = {}
for k, key in ipairs(KEYS) do
  local shard, expected, upto, ready = unpack(ARGV, 4 * k - 2, 4 * k + 1)
  local found = redis.pcall('HMGET', key, 'store', shard, 'ready:' .. shard)
  local at = -2
  if not found.err then
    at = tonumber(found[2] or '0') or -2
    if found[1] and found[1] ~= ARGV[1] then
      at = -1
    elseif at == tonumber(expected) then
      at = tonumber(upto)
      if expected ~= upto then redis.call('HSET', key, shard, upto, 'store', ARGV[1]) end
      if ready == '1' and found[3] ~= '1' then redis.call('HSET', key, 'ready:' .. shard, '1') end
    end
  end
  ats[k] = at
end
return ats
"""

# Redis' names for the scripts, nothing secret.
_SHA, _SHA_OF_MOVE = (sha1(script.encode()).hexdigest() for script in (_APPLY, _MOVE))
_FOREIGN, _BROKEN = -1, -2
MOST_SHARDS = 64  # as the schema has it

Command = tuple[bytes | str | int, ...]


class _Move(NamedTuple):
    """A batch that changes nothing but where its shard stands."""

    key: str
    shard: int
    expected: int
    upto: int
    ready: bool


def connect(url: str) -> "Redis":
    """A client that fails at once: whoever calls tries again in its own way, and knows that it did."""
    return Redis.from_url(url, socket_timeout=5, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))


class RedisSink:
    """Writes batches, all that wait in one round trip; answers the checkpoint that Redis really has."""

    name = "redis"

    def __init__(self, redis: "Redis", store: str) -> None:
        self._redis, self._store = redis, store
        self._purging = asyncio.Lock()
        self._eval: Combined[Command | _Move, int] = Combined(self._send)

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
        return await states_of(self._redis, model, ids)

    async def write(self, batch: Batch) -> Written:
        """Apply a batch whole if Redis stands at its `expected`, else not at all."""
        at = await self._eval(_command(batch, self._store) if batch.changes else _move(batch))
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
        await drop(self._redis, model)

    async def _purge_if_foreign(self, model: ReadModel) -> None:
        """Delete what was made from another store's log; its positions mean nothing here."""
        shards = shards_key(model.slot)
        async with self._purging:
            found = await self._redis.hget(shards, "store")
            if found is None or found == self._store.encode():
                return
            log.critical("documents of another store are deleted", extra={"fields": {"read_model": model.name}})
            await self._redis.hdel(shards, *(f"ready:{shard}" for shard in range(MOST_SHARDS)))
            await self.drop(model)  # the checkpoints go last: until then every write is refused

    async def _send(self, asked: Sequence[Command | _Move]) -> Sequence[int | Exception]:
        answers = await self._execute(asked)
        if any(isinstance(answer, NoScriptError) for answer in answers):  # a server that was started anew
            for script in (_APPLY, _MOVE):
                await self._redis.script_load(script)
            answers = await self._execute(asked)  # those that were applied answer that they stand where they should
        return answers

    async def _execute(self, asked: Sequence[Command | _Move]) -> Sequence[int | Exception]:
        moves = [each for each in asked if isinstance(each, _Move)]
        commands = [each for each in asked if not isinstance(each, _Move)]
        async with self._redis.pipeline(transaction=False) as pipe:
            for command in (*commands, _together(moves, self._store)) if moves else commands:
                pipe.execute_command(*command)
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        moved, done = iter(_moved(moves, answers.pop()) if moves else []), iter(answers)
        return [next(moved) if isinstance(each, _Move) else next(done) for each in asked]


async def states_of(redis: "Redis", model: ReadModel, ids: Sequence[str]) -> Mapping[str, Folded]:
    """States by id, those that exist."""
    found = await redis.mget([state_key(model.slot, id_) for id_ in ids])
    decode = decoder(model).decode
    return {id_: decode(state) for id_, state in zip(ids, found, strict=True) if state is not None}


async def drop(redis: "Redis", model: ReadModel) -> None:
    """Delete every key of a version: first those of a rebuild that may still fill it, its checkpoints last."""
    shards, filling = shards_key(model.slot), [filling_key(model.slot, shard) for shard in range(MOST_SHARDS)]
    await redis.unlink(*filling)
    await redis.hset(shards, "store", "dropped")
    cursor = 0
    while True:  # page by page: a key at a time takes a round trip each
        cursor, keys = await redis.scan(cursor, match=f"{model.slot}:*", count=1000)
        if others := [key for key in keys if key != shards.encode()]:
            await redis.unlink(*others)
        if cursor == 0:
            break
    await redis.unlink(shards)


def _command(batch: Batch, store: str) -> Command:
    slot, entries = batch.model.slot, entries_of(batch)
    claims, releases = entries.claims, entries.releases
    named = [each.key for each in (*claims, *releases)]
    keys = [shards_key(slot), claims_key(slot), *entries.sets, *entries.deleted, *named]
    counts = (len(entries.sets), len(entries.deleted), len(claims), len(releases))
    return (
        "EVALSHA",
        _SHA,
        len(keys),
        *keys,
        *(batch.shard, batch.expected, batch.upto, int(batch.ready), *counts, store),
        *entries.sets.values(),
        *(part for each in claims for part in (each.name, each.id, each.position)),
        *(part for each in releases for part in (each.name, each.id)),
    )


def _moved(moves: Sequence[_Move], answer: Any) -> list[int | Exception]:
    if isinstance(answer, Exception):
        return [answer] * len(moves)
    broken = [ResponseError(f"{move.key} holds no checkpoints") for move in moves]
    return [broken[n] if at == _BROKEN else at for n, at in enumerate(answer)]


def _move(batch: Batch) -> _Move:
    return _Move(shards_key(batch.model.slot), batch.shard, batch.expected, batch.upto, batch.ready)


def _together(moves: Sequence[_Move], store: str) -> Command:
    told = [part for each in moves for part in (each.shard, each.expected, each.upto, int(each.ready))]
    return "EVALSHA", _SHA_OF_MOVE, len(moves), *(each.key for each in moves), store, *told

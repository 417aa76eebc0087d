"""What every command has in common: who gave it, its idempotency key, its one transaction, and its answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, Generic, TypeVar

import asyncpg
import msgspec
from msgspec import Struct

from shared.envelope import Metadata, as_json
from write_side.database import Connection, Pool
from write_side.errors import Refusal
from write_side.event_log import Positions

State = TypeVar("State", bound=Struct)


class Answer(Struct, Generic[State], frozen=True):
    """The new state, a `State` as JSON bytes, and where its events stand."""

    body: bytes
    positions: Positions
    replayed: bool = False


class Call(Struct, frozen=True):
    """An idempotent call: the same key with the same body by the same actor gets the first answer."""

    actor: str
    route: str
    key: str
    request_hash: bytes


class Done(Struct, frozen=True):
    """Whether something changed."""

    changed: bool


class KeyInFlight(Refusal):
    """The first call with this key has not ended yet."""

    code = "idempotency_key_in_flight"


class KeyReused(Refusal):
    """The key was used with another body."""

    status = 422
    code = "idempotency_key_reused"


class TryAgain(Refusal):
    """Two commands got in each other's way three times in a row."""

    status = 503
    code = "try_again"


Deciding = Callable[[Connection], Awaitable[tuple[State, Positions]]]

_positions = msgspec.json.Decoder(dict[int, int])
RETRIES = 3


def request_hash(body: Struct) -> bytes:
    """What tells two bodies apart: the hash of the decoded command, so white space and key order don't matter."""
    return sha256(as_json(body)).digest()


async def run(pool: Pool, decide: Deciding[State], call: Call | None = None) -> Answer[State]:
    """One command in one transaction, tried again when Postgres asks for it (deadlock, serialization, same version).

    `decide` loads, decides, saves and appends; whatever it raises rolls everything back. With a `call`, the answer is
    kept in the same transaction and a repeat gets it. Raises `Refusal`s of `decide`, `KeyInFlight`, `KeyReused`.
    """
    for _ in range(RETRIES):
        try:
            async with pool.acquire() as conn, conn.transaction():
                return await _once(conn, decide, call)
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.UniqueViolationError) as error:
            last = error
    raise TryAgain("others changed the same thing at the same time; try again", retry_after=1) from last


async def change(
    pool: Pool,
    locked: Callable[[Connection], Awaitable[State]],
    decide: Callable[[State], Any | None],  # Any: of a union mypy can't tell that it is what `save` takes
    save: Callable[[Connection, State, Any, Metadata], Awaitable[tuple[State, Positions]]],
    cause: Metadata,
) -> Answer[State]:
    """One more event of something that is there: read and held by `locked`, saved unless there is nothing to change."""

    async def decided(conn: Connection) -> tuple[State, Positions]:
        state = await locked(conn)
        event = decide(state)
        return (state, {}) if event is None else await save(conn, state, event, cause)

    return await run(pool, decided)


async def _once(conn: Connection, decide: Deciding[State], call: Call | None) -> Answer[State]:
    if call is not None:
        replay = await _begin(conn, call)
        if replay is not None:
            return replay
    state, positions = await decide(conn)
    answer: Answer[State] = Answer(as_json(state), positions)
    if call is not None:
        await _keep(conn, call, answer)
    return answer


async def _begin(conn: Connection, call: Call) -> Answer[Any] | None:
    row = await conn.fetchrow(
        """SELECT outcome[1] AS outcome, answer[1] AS answer, positions[1] AS positions
           FROM idempotency_begin(ARRAY[$1], ARRAY[$2], ARRAY[$3], ARRAY[$4::bytea])""",
        call.actor, call.route, call.key, call.request_hash,
    )  # fmt: skip
    assert row is not None
    return replay_of(row["outcome"], row["answer"], row["positions"])


def replay_of(outcome: str, answer: bytes | None, positions: str | None) -> Answer[Any] | None:
    """The first answer of a repeated call, None for a new one; raises `KeyInFlight`, `KeyReused`."""
    match outcome:
        case "new":
            return None
        case "in_flight":
            raise KeyInFlight("the first request with this Idempotency-Key is still being worked on", retry_after=1)
        case "key_reused":
            raise KeyReused("this Idempotency-Key was used with another body")
    assert answer is not None
    assert positions is not None
    return Answer(answer, _positions.decode(positions), replayed=True)


async def _keep(conn: Connection, call: Call, answer: Answer[Any]) -> None:
    await conn.execute(
        """SELECT idempotency_keep(ARRAY[$1], ARRAY[$2], ARRAY[$3], ARRAY[$4::bytea], ARRAY[$5::bytea],
                                   ARRAY[$6::jsonb])""",
        call.actor, call.route, call.key, call.request_hash, answer.body, as_json(answer.positions).decode(),
    )  # fmt: skip


async def forget_old_keys(conn: Connection, limit: int = 5000) -> int:
    """Drop idempotency keys whose 24 hours are over, so many at a time; answers how many. Run by the worker."""
    query = """DELETE FROM idempotency WHERE ctid IN (
                   SELECT ctid FROM idempotency WHERE kept_until < clock_timestamp() LIMIT $1)"""
    return int((await conn.execute(query, limit)).rpartition(" ")[2])


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction of a worker's step, without idempotency key or retry."""
    async with pool.acquire() as conn, conn.transaction():
        yield conn


def cause_of(actor: str, correlation_id: str, traceparent: str | None = None) -> Metadata:
    """The metadata of a command's events."""
    return Metadata(actor=actor, correlation_id=correlation_id, traceparent=traceparent)


async def kept_answers(conn: Connection, route: str) -> list[bytes]:
    """What the calls of a route were answered, as far as it is still kept; for verification."""
    query = "SELECT answer FROM idempotency WHERE route = $1 AND kept_until > clock_timestamp()"
    return [row["answer"] for row in await conn.fetch(query, route)]

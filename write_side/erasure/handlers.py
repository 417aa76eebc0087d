"""Erasing a person: out of quotes and orders, into the ledger, and the key is destroyed. Each step may be repeated."""

from uuid import UUID

import msgspec
from msgspec import Struct

from shared.envelope import Metadata, as_json
from write_side import commands, orders
from write_side.commands import Answer
from write_side.customers import Keyring
from write_side.database import Connection, Pool
from write_side.erasure.ledger import Ledger
from write_side.errors import NotFound
from write_side.event_log import Positions, highest
from write_side.orders import Redacted


class UnknownPerson(NotFound):
    """Nobody is known by this mail address or id, or they were erased before."""

    code = "unknown_person"


_redacted_of = msgspec.json.Decoder(Redacted)


class Erased(Struct, frozen=True):
    """A person who is no more, and how many of their orders and quotes were emptied just now."""

    person_id: UUID
    orders: int
    quotes: int


async def find_person(pool: Pool, keyring: Keyring, who: str | UUID) -> UUID:
    """The id of the person with this mail address, or with this id; refuses `unknown_person`."""
    if isinstance(who, str):
        found = await keyring.find(who)
    else:
        found = who if await keyring.key_of(who) is not None or await _has_left_traces(pool, who) else None
    if found is None:
        raise UnknownPerson("nobody is known by this, or they were erased before")
    return found


async def _has_left_traces(pool: Pool, person_id: UUID) -> bool:
    async with pool.acquire() as conn:
        return bool(await orders.quotes_of_person(conn, person_id))


async def erase(
    pool: Pool, keyring: Keyring, ledger: Ledger, person_id: UUID, cause: Metadata, *, unfinished_too: bool = False
) -> Answer[Erased]:
    """Nothing of the person can be read any more once this returns; in copies of theirs read models follow the log.

    Refuses `unfinished_orders`, `erasure_ledger_missing`, `keyring_unavailable`. Broken off half way it is repeated as
    a whole: rows first, since they may refuse; then the ledger, so that no restore brings back a destroyed key.
    """
    await ledger.check()
    if not unfinished_too:
        async with pool.acquire() as conn:
            await orders.check_finished(conn, person_id)
    first, at = await _redacted(pool, person_id, cause, unfinished_too=unfinished_too)
    await ledger.add(person_id)
    await keyring.destroy(person_id)
    # What came in between is under a key that is gone: whatever it is, it goes too.
    late, later = await _redacted(pool, person_id, cause, unfinished_too=True)
    erased = Erased(person_id, first.orders + late.orders, first.quotes + late.quotes)
    return Answer(as_json(erased), highest([*at.items(), *later.items()]))


async def erase_again(pool: Pool, keyring: Keyring, person_id: UUID, cause: Metadata) -> bool:
    """After a restore: somebody who stands in the ledger, and whom the restore may have brought back; whether it had.
    Their unfinished orders go too: the key was destroyed once, and nobody may read them."""
    key_was_back = await keyring.destroy(person_id)
    redacted, _ = await _redacted(pool, person_id, cause, unfinished_too=True)
    return key_was_back or redacted.orders + redacted.quotes > 0


async def _redacted(
    pool: Pool, person_id: UUID, cause: Metadata, *, unfinished_too: bool
) -> tuple[Redacted, Positions]:
    """All of them, some at a time, each time in a transaction of its own."""

    async def decide(conn: Connection) -> tuple[Redacted, Positions]:
        return await orders.redact(conn, person_id, cause, unfinished_too=unfinished_too)

    done, positions = Redacted(0, 0), dict[int, int]()
    while True:
        answer = await commands.run(pool, decide)
        slice_ = _redacted_of.decode(answer.body)
        if slice_ == Redacted(0, 0):
            return done, positions
        done = Redacted(done.orders + slice_.orders, done.quotes + slice_.quotes)
        positions = highest([*positions.items(), *answer.positions.items()])

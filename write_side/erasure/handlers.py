"""Erasing a person: into the ledger, the key is destroyed, and out of account, quotes and orders.

Each step may be repeated.
"""

from uuid import UUID

import msgspec
from msgspec import Struct, structs

from shared.envelope import Metadata, as_json
from write_side import accounts, commands, fulfilment, orders, restock_requests
from write_side.commands import Answer
from write_side.customers import Keyring
from write_side.database import Connection, Pool
from write_side.erasure.ledger import Ledger
from write_side.errors import NotFound
from write_side.event_log import Positions, together
from write_side.orders import Redacted


class UnknownPerson(NotFound):
    """Nobody is known by this mail address or id, or they were erased before."""

    code = "unknown_person"


_redacted_of = msgspec.json.Decoder(Redacted)


class Erased(Struct, frozen=True):
    """A person who is no more, how many of their orders, quotes and accounts were emptied just now, and how many things
    they wait for no more."""

    person_id: UUID
    orders: int
    quotes: int
    accounts: int = 0
    restock_requests: int = 0


_erased_of = msgspec.json.Decoder(Erased)


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
        named = await accounts.named_among(conn, [person_id]) or await restock_requests.awaited_by(conn, person_id)
        return bool(named or await orders.quotes_of_person(conn, person_id))


async def erase(pool: Pool, keyring: Keyring, ledger: Ledger, person_id: UUID, cause: Metadata) -> Answer[Erased]:
    """Nothing of the person can be read any more once this returns; in copies of theirs read models follow the log.

    Refuses `unfinished_orders`, `unshipped_orders`, `erasure_ledger_missing`, `keyring_unavailable`. The ledger comes
    first, so that no restore brings back a destroyed key; then the key: what a break leaves behind nobody can open, and
    a repeat by the person's id, or `finish`, empties it.
    """
    await ledger.check()
    async with pool.acquire() as conn:
        await orders.check_finished(conn, person_id)
        await fulfilment.check_shipped(conn, person_id)
    await ledger.add(person_id)
    await keyring.destroy(person_id)
    done, positions = await _redacted(pool, person_id, cause)
    return Answer(as_json(done), positions)


async def finish(pool: Pool, keyring: Keyring, ledger: Ledger, cause: Metadata) -> int:
    """End every erasure that was broken off: whoever stands in the ledger, and in rows still; answers how many."""
    async with pool.acquire() as conn:
        persons = ledger.persons()
        left = {
            *await orders.named_among(conn, persons), *await accounts.named_among(conn, persons),
            *await restock_requests.named_among(conn, persons),
        }  # fmt: skip
    for person_id in sorted(left):
        await erase_again(pool, keyring, person_id, cause)
    return len(left)


async def erase_again(pool: Pool, keyring: Keyring, person_id: UUID, cause: Metadata) -> bool:
    """Somebody who stands in the ledger, and of whom something is left, or was brought back by a restore; whether it
    was. Their unfinished orders go too: the key was destroyed once, and nobody may read them."""
    key_was_back = await keyring.destroy(person_id)
    done, _ = await _redacted(pool, person_id, cause)
    return key_was_back or done.orders + done.quotes + done.accounts + done.restock_requests > 0


async def _redacted(pool: Pool, person_id: UUID, cause: Metadata) -> tuple[Erased, Positions]:
    """The account and what the person waits for, then all orders and quotes, some at a time, each time in a transaction
    of its own."""

    async def account(conn: Connection) -> tuple[Erased, Positions]:
        emptied, positions = await accounts.redact(conn, person_id, cause)
        ended, more = await restock_requests.redact(conn, person_id, cause)
        return Erased(person_id, 0, 0, int(emptied), ended), together(positions, more)

    async def some(conn: Connection) -> tuple[Redacted, Positions]:
        return await orders.redact(conn, person_id, cause)

    first = await commands.run(pool, account)
    done, positions = _erased_of.decode(first.body), dict(first.positions)
    while True:
        answer = await commands.run(pool, some)
        slice_ = _redacted_of.decode(answer.body)
        if slice_ == Redacted(0, 0):
            return done, positions
        done = structs.replace(done, orders=done.orders + slice_.orders, quotes=done.quotes + slice_.quotes)
        positions = together(positions, answer.positions)

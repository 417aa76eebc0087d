"""The SQL of refunds: the only place that names their table."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from msgspec import structs

from shared.codec import decode_events
from shared.envelope import Metadata, as_json
from shared.events.fulfilment import ParcelLine
from shared.events.gift_cards import GiftPart
from shared.events.orders import Allocation
from shared.events.refunds import AmountReleased, RefundedLine, RefundEvent, RefundFailed, RefundRequested
from shared.shards import order_key
from write_side import database, event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.payments import Room, due_within
from write_side.refunds.domain import Refund, evolve

CLAIM = timedelta(seconds=20)  # for so long a refund is one worker's: longer than a call to the provider may take
FIRST_LOOK = timedelta(minutes=1)  # after a refund is pending: the provider's webhook mostly comes before
_REFUND = """id, order_id, payment_id, intent_id, amount_minor, currency, reason, lines, shipping_minor, restocked,
             state, provider_id, failure, version, sent, gift_cards, moved_minor, part_of"""
_OPEN = "state IN ('requested', 'pending')"
_lines = msgspec.json.Decoder(list[RefundedLine])
_sent = msgspec.json.Decoder(list[ParcelLine])
_gift_cards = msgspec.json.Decoder(list[GiftPart])
_restocked = msgspec.json.Decoder(list[Allocation])


class Work(NamedTuple):
    """A refund as the worker holds it, how often it has been tried since it last changed, and by which way its money
    goes back."""

    refund: Refund
    attempts: int
    method: str


class Alarm(NamedTuple):
    """A refund that a person has to look at."""

    refund_id: UUID
    alarm: str


async def insert(conn: Connection, refund: Refund, event: RefundEvent, cause: Metadata) -> Positions:
    """A new refund's row and event; the worker takes it up at once."""
    await database.insert(conn, "refund", _columns(refund))
    return await event_log.append(conn, [_new(refund, event)], cause)


async def save(conn: Connection, refund: Refund, event: RefundEvent, cause: Metadata) -> Positions:
    """The row of a refund after an event (`refund` is what the event made of it), under the order's lock."""
    await conn.execute(
        """UPDATE refund SET state = $2, provider_id = $3, failure = $4, version = $5, attempts = 0, alarm = NULL,
                             next_attempt_at = clock_timestamp() + $6
           WHERE id = $1""",
        refund.id, refund.state, refund.provider_id, refund.failure, refund.version, FIRST_LOOK,
    )  # fmt: skip
    return await event_log.append(conn, [_new(refund, event)], cause)


async def find(conn: Connection, refund_id: UUID) -> Refund | None:
    """A refund by its id."""
    return next(iter(await all_refunds(conn, [refund_id])), None)


async def of_order(conn: Connection, order_id: UUID) -> list[Refund]:
    """An order's refunds, oldest first."""
    query = f"SELECT {_REFUND} FROM refund WHERE order_id = $1 ORDER BY id"  # noqa: S608
    return [_refund(row) for row in await conn.fetch(query, order_id)]


async def as_it_went(conn: Connection, order_id: UUID) -> list[Refund]:
    """An order's refunds as they were asked for, in that order, and once more those that failed, where they did: told
    by the log, since ids of one millisecond tell no order."""
    known = await of_order(conn, order_id)
    events = await event_log.read_aggregates_after(
        conn, "refund", 0, sum(refund.version for refund in known), [refund.id for refund in known]
    )
    now, found = dict[UUID, Refund](), list[Refund]()
    for recorded in events:
        for event in decode_events(recorded.type, recorded.payload):
            assert isinstance(event, RefundEvent)
            now[event.refund_id] = evolve(now.get(event.refund_id), event, recorded.version)
            if isinstance(event, RefundRequested | AmountReleased | RefundFailed):
                found.append(now[event.refund_id])
    return found


async def given_among(conn: Connection, order_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these orders of which something was given back, or let go of."""
    query = "SELECT DISTINCT order_id FROM refund WHERE order_id = ANY ($1)"
    return {row["order_id"] for row in await conn.fetch(query, order_ids)}


async def shipped(conn: Connection, order_id: UUID) -> dict[str, int]:
    """SKU → how many of an order have left the house."""
    return {row["sku"]: row["quantity"] for row in await conn.fetch("SELECT * FROM fulfilment_shipped($1)", order_id)}


async def received(conn: Connection, order_id: UUID) -> dict[str, int]:
    """SKU → how many of an order came back by returns."""
    return {row["sku"]: row["quantity"] for row in await conn.fetch("SELECT * FROM returns_received($1)", order_id)}


async def claim_due(conn: Connection, rooms: Sequence[Room]) -> list[Work]:
    """Refunds that are due, for this worker alone for a while: as many as their providers have room for."""
    due = f"SELECT id FROM refund WHERE {_OPEN} AND alarm IS NULL AND next_attempt_at <= clock_timestamp()"  # noqa: S608
    ids, parameters = due_within(rooms, due, "payments_method(payment_id)", 2)
    rows = await conn.fetch(
        f"""UPDATE refund SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + $1
            WHERE id = ANY ({ids})
            RETURNING {_REFUND}, attempts, payments_method(payment_id) AS method""",  # noqa: S608
        CLAIM, *parameters,
    )  # fmt: skip
    return [Work(_refund(row), row["attempts"], row["method"]) for row in rows]


async def put_off(conn: Connection, refund_id: UUID, pause: timedelta) -> None:
    """Try again after a pause."""
    query = "UPDATE refund SET next_attempt_at = clock_timestamp() + $2 WHERE id = $1"
    await conn.execute(query, refund_id, pause)


async def park(conn: Connection, refund_id: UUID, alarm: str) -> None:
    """Nothing more is done about it by itself until a person has looked and `retry_alarmed` is called."""
    await conn.execute("UPDATE refund SET alarm = $2 WHERE id = $1", refund_id, alarm)


async def alarms(conn: Connection) -> list[Alarm]:
    """All that wait for a person."""
    return [Alarm(*row) for row in await conn.fetch("SELECT id, alarm FROM refund WHERE alarm IS NOT NULL")]


async def retry_alarmed(conn: Connection, refund_id: UUID | None = None) -> int:
    """Take up again what waits for a person, all of it or one refund; answers how many. Never as a first attempt: that
    one doesn't look whether the provider has it already."""
    done = await conn.execute(
        """UPDATE refund SET alarm = NULL, attempts = 1, next_attempt_at = clock_timestamp()
           WHERE alarm IS NOT NULL AND ($1::uuid IS NULL OR id = $1)""",
        refund_id,
    )
    return int(done.rpartition(" ")[2])


async def count_waiting(conn: Connection) -> tuple[int, float, int]:
    """Refunds that are due, for how many seconds the first of them has been, and those that wait for a person."""
    row = await conn.fetchrow(
        f"""SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(next_attempt_at)), 0)::float8,
                   (SELECT count(*) FROM refund WHERE alarm IS NOT NULL)
            FROM refund WHERE {_OPEN} AND alarm IS NULL AND next_attempt_at <= clock_timestamp()"""  # noqa: S608
    )
    assert row is not None
    return row[0], row[1], row[2]


async def unasked(conn: Connection) -> list[UUID]:
    """Refunds that the provider has not been told of yet, as far as we know, and that wait for no person."""
    query = "SELECT id FROM refund WHERE state = 'requested' AND alarm IS NULL"
    return [row["id"] for row in await conn.fetch(query)]


async def all_refunds(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Refund]:
    """Every refund's row, or those of some, for the comparison with the log."""
    return [_refund(row) for row in await conn.fetch(*among(f"SELECT {_REFUND} FROM refund", ids))]  # noqa: S608


async def rewrite_refund(conn: Connection, refund: Refund) -> None:
    """Make the row say this, for a repair. Where it was lost, the worker looks first whether the provider has it."""
    await overwrite(conn, "refund", _columns(refund), {"attempts": 1})


def _new(refund: Refund, event: RefundEvent) -> NewEvent:
    return NewEvent("refund", refund.id, refund.version, order_key(refund.order_id), event)


def _columns(refund: Refund) -> dict[str, object]:
    texts = {name: as_json(getattr(refund, name)).decode() for name in ("lines", "restocked", "sent", "gift_cards")}
    return structs.asdict(refund) | texts


def _refund(row: asyncpg.Record) -> Refund:
    columns = {name: row[name] for name in Refund.__struct_fields__}
    columns["lines"], columns["restocked"] = _lines.decode(row["lines"]), _restocked.decode(row["restocked"])
    columns["sent"], columns["gift_cards"] = _sent.decode(row["sent"]), _gift_cards.decode(row["gift_cards"])
    return Refund(**columns)

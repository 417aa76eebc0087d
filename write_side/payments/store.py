"""The SQL of payments. With schema/functions/payments.sql, the only place that names their tables."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
from msgspec import Struct, structs

from shared.envelope import Metadata
from shared.events.payments import PaymentDeclined, PaymentIntentCreated, PaymentReduced, PaymentRetried
from shared.shards import order_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.payments.declines import Decline
from write_side.payments.domain import PUBLIC, Payment, State, Work
from write_side.payments.providers import Room, due_within

CLAIM = timedelta(seconds=20)  # for so long a payment is one worker's: longer than a call to the provider may take
_PAYMENT = """id, order_id, amount_minor, currency, state, intent_id, version, retries, retry_until, decline_reason,
              released_minor, method"""
FIRST_LOOK = timedelta(seconds=30)  # after a way to pay was given, or a card declined
TODO_OF: dict[State, str] = {"requested": "create", "authorized": "capture"}  # as far as the payment alone can say
_WORK = f"{_PAYMENT}, todo, capturing, attempts, last_decline, retrying, declines"


async def find_payment(conn: Connection, payment_id: UUID) -> Payment | None:
    """A payment by its id."""
    row = await conn.fetchrow(f"SELECT {_PAYMENT} FROM payment WHERE id = $1", payment_id)  # noqa: S608
    return None if row is None else Payment(*row)


async def find_by_intent(conn: Connection, intent_id: str) -> Payment | None:
    """A payment by the provider's name of it."""
    row = await conn.fetchrow(f"SELECT {_PAYMENT} FROM payment WHERE intent_id = $1", intent_id)  # noqa: S608
    return None if row is None else Payment(*row)


async def lock_payment(conn: Connection, payment_id: UUID) -> Work | None:
    """A payment, held until the transaction ends. Whoever needs order and payment locks the order first."""
    row = await conn.fetchrow(f"SELECT {_WORK} FROM payment WHERE id = $1 FOR UPDATE", payment_id)  # noqa: S608
    return None if row is None else _work(row)


async def lock_new(conn: Connection, ids: Sequence[UUID]) -> list[Payment]:
    """Those of these payments whose intent is to be made, and that nobody else holds: whoever takes many at once waits
    for none of them. Held as `lock_payment` does."""
    rows = await conn.fetch(
        f"""SELECT {_PAYMENT} FROM payment WHERE id = ANY ($1) AND state = 'requested' AND todo = 'create'
            ORDER BY id FOR UPDATE SKIP LOCKED""",  # noqa: S608  # columns of ours
        ids,
    )
    return [Payment(*row) for row in rows]


async def public_state(conn: Connection, payment_id: UUID) -> str:
    """A payment's state as customers see it."""
    return (await shown(conn, payment_id))[0]


async def shown(conn: Connection, payment_id: UUID) -> tuple[str, str | None]:
    """A payment's state as customers see it, and, of one that is declined, the reason."""
    row = await conn.fetchrow("SELECT state, decline_reason FROM payment WHERE id = $1", payment_id)
    assert row is not None
    return PUBLIC.get(row[0], row[0]), row[1] if row[0] == "declined" else None


async def claim_due(conn: Connection, rooms: Sequence[Room], capture_after: timedelta = timedelta()) -> list[Work]:
    """Payments about which something is to be done now, for this worker alone for a while: as many as their providers
    have room for.

    A capture waits so long after what made it due. From here on it has begun: it may succeed at the provider whatever
    becomes of us, so nothing cancels it.
    """
    due = """SELECT id FROM payment
             WHERE todo IS NOT NULL AND alarm IS NULL AND next_attempt_at <= clock_timestamp()
               AND (todo <> 'capture' OR capturing OR next_attempt_at <= clock_timestamp() - $2::interval)"""
    ids, parameters = due_within(rooms, due, "method", 3)
    rows = await conn.fetch(
        f"""UPDATE payment SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + $1,
                               capturing = capturing OR todo = 'capture'
            WHERE id = ANY ({ids})
            RETURNING {_WORK}""",  # noqa: S608
        CLAIM, capture_after, *parameters,
    )  # fmt: skip
    return [_work(row) for row in rows]


async def claim(conn: Connection, payment_id: UUID) -> Work | None:
    """One payment for the caller alone, due or just changed; None while others work on it or nothing is to do."""
    row = await conn.fetchrow(
        f"""UPDATE payment SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + $2
            WHERE id = $1 AND todo IS NOT NULL AND (next_attempt_at <= clock_timestamp() OR attempts = 0)
            RETURNING {_WORK}""",  # noqa: S608
        payment_id, CLAIM,
    )  # fmt: skip
    return None if row is None else _work(row)


async def put_off(conn: Connection, payment_id: UUID, pause: timedelta) -> None:
    """Try again after a pause."""
    query = "UPDATE payment SET next_attempt_at = clock_timestamp() + $2 WHERE id = $1"
    await conn.execute(query, payment_id, pause)


async def look_out(conn: Connection, payment_id: UUID, pause: timedelta = FIRST_LOOK) -> None:
    """Somebody can pay it now, and may without our hearing of it: look after a pause, unless more is to be done."""
    await conn.execute(
        """UPDATE payment SET todo = 'look', attempts = 0, next_attempt_at = clock_timestamp() + $2
           WHERE id = $1 AND state IN ('pending', 'declined') AND (todo IS NULL OR todo = 'look')""",
        payment_id, pause,
    )  # fmt: skip


async def look_again(conn: Connection, payment_id: UUID, pause: timedelta) -> None:
    """Nothing new was seen: look again after a pause, unless more has come to be done."""
    query = "UPDATE payment SET next_attempt_at = clock_timestamp() + $2 WHERE id = $1 AND todo = 'look'"
    await conn.execute(query, payment_id, pause)


async def wake(conn: Connection, payment_id: UUID) -> None:
    """Something has changed at the provider: look at once."""
    query = "UPDATE payment SET next_attempt_at = clock_timestamp() WHERE id = $1 AND todo IS NOT NULL"
    await conn.execute(query, payment_id)


async def capture(conn: Connection, payment_id: UUID) -> None:
    """Have the worker take what is authorized: nothing holds it any more."""
    await conn.execute(
        """UPDATE payment SET todo = 'capture', attempts = 0, next_attempt_at = clock_timestamp()
           WHERE id = $1 AND state = 'authorized' AND todo IS NULL""",
        payment_id,
    )


async def park(conn: Connection, payment_id: UUID, alarm: str) -> None:
    """Nothing more is done about it by itself until a person has looked and `retry_alarmed` is called."""
    await conn.execute("UPDATE payment SET alarm = $2 WHERE id = $1", payment_id, alarm)


async def count_waiting(conn: Connection) -> tuple[int, float, int]:
    """Payments that are due, for how many seconds the first of them has been, and those that wait for a person."""
    row = await conn.fetchrow(
        """SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(next_attempt_at)), 0)::float8,
                  (SELECT count(*) FROM payment WHERE alarm IS NOT NULL)
           FROM payment WHERE todo IS NOT NULL AND alarm IS NULL AND next_attempt_at <= clock_timestamp()"""
    )
    assert row is not None
    return row[0], row[1], row[2]


async def retry_alarmed(conn: Connection, payment_id: UUID | None = None) -> int:
    """Take up again what waits for a person, all of it or one payment; answers how many. The attempts are counted on:
    under the keys of those before Stripe repeats what it said, for a day. The first refusal is an alarm once more."""
    done = await conn.execute(
        """UPDATE payment SET alarm = NULL, next_attempt_at = clock_timestamp()
           WHERE alarm IS NOT NULL AND ($1::uuid IS NULL OR id = $1)""",
        payment_id,
    )
    return int(done.rpartition(" ")[2])


async def save(
    conn: Connection, payment: Payment, event: Struct, state: State, cause: Metadata, **changed: str | None
) -> Positions:
    """The row of a locked payment after an event that concerns it alone, and the event.

    `changed` may name intent_id and todo; what it doesn't name stays.
    """
    await conn.execute(
        """UPDATE payment SET state = $2, version = version + 1, attempts = 0,
                              intent_id = coalesce($3, intent_id), todo = CASE WHEN $4 THEN $5 ELSE todo END
           WHERE id = $1""",
        payment.id, state, changed.get("intent_id"), "todo" in changed, changed.get("todo"),
    )  # fmt: skip
    new = NewEvent("payment", payment.id, payment.version + 1, order_key(payment.order_id), event)
    return await event_log.append(conn, [new], cause)


async def record_made(conn: Connection, made: Sequence[tuple[Payment, str, Metadata]]) -> None:
    """The rows of payments that `lock_new` holds once their intents are made, and their events, each with its own
    cause. As `save` does it for one."""
    await conn.execute(
        """UPDATE payment p SET state = 'pending', version = version + 1, attempts = 0, intent_id = n.intent_id,
                                todo = NULL
           FROM unnest($1::uuid[], $2::text[]) AS n (id, intent_id) WHERE p.id = n.id""",
        [payment.id for payment, _, _ in made], [intent_id for _, intent_id, _ in made],
    )  # fmt: skip
    events = [PaymentIntentCreated(payment.id, payment.order_id, intent_id) for payment, intent_id, _ in made]
    new = [NewEvent("payment", e.payment_id, p.version + 1, order_key(e.order_id), e)
           for e, (p, _, _) in zip(events, made, strict=True)]  # fmt: skip
    await event_log.append_each(conn, new, [cause for _, _, cause in made])


async def clock(conn: Connection) -> datetime:
    """The time that all workers share."""
    now: datetime = await conn.fetchval("SELECT clock_timestamp()")
    return now


async def save_try(
    conn: Connection, payment: Payment, event: PaymentDeclined | PaymentRetried, refused: Decline | None,
    due: datetime | None, cause: Metadata,
) -> Positions:  # fmt: skip
    """The row of a locked payment after a decline, or with a retry begun (`payment` is what the event made of it);
    `refused`: the try that the provider told of, if any; `due`: when the worker is to try again, None for never; then
    it looks whether another card was taken."""
    await conn.execute(
        """UPDATE payment SET state = $2, version = $3, retries = $4, retry_until = $5, decline_reason = $6,
                              attempts = 0, last_decline = coalesce($7, last_decline), retrying = $9,
                              declines = CASE WHEN $11 = ANY (declines) OR $11 IS NULL THEN declines
                                              ELSE array_append(declines, $11) END,
                              todo = CASE WHEN $8::timestamptz IS NULL THEN 'look' ELSE 'retry' END,
                              next_attempt_at = coalesce($8, clock_timestamp() + $10)
           WHERE id = $1""",
        payment.id, payment.state, payment.version, payment.retries, payment.retry_until, payment.decline_reason,
        refused and refused.id, due, isinstance(event, PaymentRetried), FIRST_LOOK, refused and refused.charge,
    )  # fmt: skip
    new = NewEvent("payment", payment.id, payment.version, order_key(payment.order_id), event)
    return await event_log.append(conn, [new], cause)


async def reduce(conn: Connection, payment: Payment, released_minor: int, cause: Metadata) -> Positions:
    """The row of a locked payment of which less is to be captured, by so much in all, and the event."""
    query = "UPDATE payment SET released_minor = $2, version = version + 1 WHERE id = $1"
    await conn.execute(query, payment.id, released_minor)
    event = PaymentReduced(payment.id, payment.order_id, released_minor)
    new = NewEvent("payment", payment.id, payment.version + 1, order_key(payment.order_id), event)
    return await event_log.append(conn, [new], cause)


async def rest(conn: Connection, payment_id: UUID) -> None:
    """Nothing is to be done about it until something happens."""
    await conn.execute("UPDATE payment SET todo = NULL WHERE id = $1", payment_id)


async def take_in(conn: Connection, provider_event_id: str, type_: str, payment_id: UUID | None) -> bool:
    """Write a webhook into the inbox; False for one that stands there already."""
    done = await conn.execute(
        """INSERT INTO payment_inbox (provider_event_id, type, payment_id) VALUES ($1, $2, $3)
           ON CONFLICT DO NOTHING""",
        provider_event_id, type_, payment_id,
    )  # fmt: skip
    return bool(done == "INSERT 0 1")


async def take_in_all(conn: Connection, notices: Sequence[tuple[str, str, UUID]]) -> set[str]:
    """Write webhooks (the provider's id of each, its type, its payment) into the inbox; the ids of those that did not
    stand there already."""
    if not notices:
        return set()
    rows = await conn.fetch(
        """INSERT INTO payment_inbox (provider_event_id, type, payment_id)
           SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[]) AS n (id, type, payment_id) ORDER BY id
           ON CONFLICT DO NOTHING RETURNING provider_event_id""",
        *map(list, zip(*notices, strict=True)),
    )
    return {row["provider_event_id"] for row in rows}


async def intents_of(conn: Connection, payment_ids: Sequence[UUID]) -> dict[UUID, tuple[UUID, str]]:
    """Payment → its order and intent, of those that have one."""
    query = "SELECT id, order_id, intent_id FROM payment WHERE id = ANY ($1) AND intent_id IS NOT NULL"
    return {row["id"]: (row["order_id"], row["intent_id"]) for row in await conn.fetch(query, payment_ids)}


async def all_payments(conn: Connection, ids: Sequence[UUID] | None = None) -> Sequence[Payment]:
    """Every payment's row, or those of some, for the comparison with the log."""
    return [Payment(*row) for row in await conn.fetch(*among(f"SELECT {_PAYMENT} FROM payment", ids))]  # noqa: S608


class Alarm(NamedTuple):
    """A payment that a person has to look at."""

    payment_id: UUID
    alarm: str


async def at_work(conn: Connection) -> list[UUID]:
    """Payments that the worker has something to do for, and that wait for no person, nor for the time of a retry or of
    a look."""
    query = """SELECT id FROM payment WHERE todo IS NOT NULL AND alarm IS NULL
               AND NOT (todo IN ('look', 'retry') AND next_attempt_at > clock_timestamp())"""
    return [row["id"] for row in await conn.fetch(query)]


async def alarms(conn: Connection) -> list[Alarm]:
    """All of them."""
    return [Alarm(*row) for row in await conn.fetch("SELECT id, alarm FROM payment WHERE alarm IS NOT NULL")]


def _work(row: asyncpg.Record) -> Work:
    *payment, todo, capturing, attempts, last_decline, retrying, declines = row.values()
    return Work(Payment(*payment), todo, capturing, attempts, last_decline, retrying, declines)


async def rewrite_payment(conn: Connection, payment: Payment) -> None:
    """Make the row say this, for a repair. Where it was lost, nobody knows what the worker was about to do with it."""
    alarm = "its row was lost and was made anew from the log: see what the provider says, then retry"
    new = {"todo": TODO_OF.get(payment.state), "alarm": alarm}
    await overwrite(conn, "payment", structs.asdict(payment), new)

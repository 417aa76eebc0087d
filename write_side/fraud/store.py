"""The SQL of fraud checks: the only place that names their tables."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from msgspec import structs

from shared.envelope import Metadata, as_json
from shared.events.fraud import AddressAssessed, FraudEvent, PaymentAssessed, PaymentDisputed, Reason
from shared.shards import order_key
from write_side import event_log
from write_side.database import Connection, among, overwrite, replace
from write_side.event_log import NewEvent, Positions
from write_side.fraud.counting import LATELY
from write_side.fraud.domain import (
    LOST_NOTHING,
    Attempt,
    Attempted,
    Check,
    Dispute,
    Visit,
    Wanted,
    evolve,
    is_refused,
)
from write_side.fraud.elsewhere import Wish

MOST = 500  # tries looked at by each mark: one that half a city shares is not worth more
VISITS_KEPT = timedelta(days=30)  # far longer than an order waits for its payment

_CHECK = "SELECT id, order_id, review, version FROM fraud_check"
_DISPUTE = ", ".join(Dispute.__struct_fields__)
_ATTEMPT = ", ".join(Attempted.__struct_fields__)
_WANTED = ", ".join(Wanted.__struct_fields__)
_DECIDED = """CASE WHEN NOT a.enforced OR a.verdict = 'review' AND c.review = 'accepted' THEN 'accept'
                   WHEN a.verdict = 'review' AND c.review = 'refused' THEN 'refuse'
                   WHEN a.verdict = 'review' AND c.review = 'lapsed' THEN 'lapsed' ELSE a.verdict END"""
_reasons = msgspec.json.Decoder(list[Reason])


async def note(conn: Connection, quote_id: UUID, visit: Visit) -> None:
    """Remember by what whoever asked for a quote is known again."""
    query = """INSERT INTO fraud_visit (quote_id, address, device, network, disposable_mail, door)
               VALUES ($1, $2, $3, $4, $5, $6)"""
    await conn.execute(query, quote_id, *structs.astuple(visit))


async def keep_noted(conn: Connection, quote_id: UUID, payment_id: UUID) -> None:
    """A quote that was asked for long ago is taken up: what was noted with it is kept as long again; where nothing was,
    or it is forgotten, it goes where goes what this payment has paid for."""
    noted = "DELETE FROM fraud_visit WHERE quote_id = $1 RETURNING address, device, network, disposable_mail, door"
    query = """SELECT address, '', '', false, door FROM fraud_attempt WHERE payment_id = $1 AND outcome = 'authorized'
               ORDER BY n DESC LIMIT 1"""
    found = await conn.fetchrow(noted, quote_id) or await conn.fetchrow(query, payment_id)
    if found is not None:
        await note(conn, quote_id, Visit(*found))


async def move_unpaid(conn: Connection, quote_ids: Sequence[UUID], wish: Wish) -> None:
    """What is to be paid of these quotes goes elsewhere: its tries will have gone there."""
    if quote_ids:
        query = "UPDATE fraud_visit SET address = $2, door = $3 WHERE quote_id = ANY ($1)"
        await conn.execute(query, quote_ids, wish.address, wish.door)


async def visit_of(conn: Connection, quote_id: UUID) -> Visit:
    """What was seen of whoever asked for a quote; empty if nothing was, or it was too long ago."""
    query = "SELECT address, device, network, disposable_mail, door FROM fraud_visit WHERE quote_id = $1"
    row = await conn.fetchrow(query, quote_id)
    return Visit() if row is None else Visit(*row)


async def hold(conn: Connection, marks: Sequence[str], quote_id: UUID | None = None) -> None:
    """Whoever assesses a try with one of these marks, or from a quote's device, waits here for who does now."""
    query = """SELECT pg_advisory_xact_lock(l.id)
               FROM (SELECT DISTINCT hashtextextended('fraud checks of ' || mark, 0) AS id
                     FROM (SELECT unnest($1::text[]) AS mark
                           UNION SELECT device FROM fraud_visit WHERE quote_id = $2) AS m
                     WHERE mark <> '' ORDER BY 1) AS l"""
    await conn.execute(query, marks, quote_id)


async def forget_visits(conn: Connection, now: datetime) -> int:
    """Forget those from which no order comes any more; answers how many."""
    query = """DELETE FROM fraud_visit WHERE quote_id IN (
                   SELECT quote_id FROM fraud_visit WHERE at < $1 ORDER BY at LIMIT 1000)"""
    return int((await conn.execute(query, now - VISITS_KEPT)).rpartition(" ")[2])


async def lately(conn: Connection, attempt: Attempt) -> list[Attempted]:
    """Tries of its mailbox or with one of its marks, of the last 180 days, the newest of each: all that are there came
    before it, whatever the clock said by which they did.
    What a person decided about one counts as its verdict, and that nobody did; one that was only watched was accepted.
    An address is not looked for: its door finds more.
    """
    given = looked_for(attempt)
    query, values = asked([where for where, _ in given]), [value for _, value in given]
    return [_attempted(row) for row in await conn.fetch(query, attempt.at - LATELY, *values)]


def asked(conditions: Sequence[str]) -> str:
    """What `lately` asks, since the time $1, of all for which one of these conditions holds."""
    parts = [
        f"""(SELECT a.payment_id, a.n FROM fraud_attempt a WHERE {where.format(place)} AND a.at > $1
             ORDER BY a.at DESC LIMIT {MOST})"""  # noqa: S608
        for place, where in enumerate(conditions, 2)
    ]
    columns = ", ".join(f"a.{column}" for column in Attempted.__struct_fields__ if column != "verdict")
    return f"""SELECT {columns}, {_DECIDED} AS verdict
               FROM fraud_attempt a JOIN fraud_check c ON c.id = a.payment_id
               WHERE (a.payment_id, a.n) IN ({" UNION ".join(parts)}) ORDER BY a.at, a.n"""  # noqa: S608  # columns of ours


def looked_for(attempt: Attempt) -> list[tuple[str, object]]:
    """Conditions, each with its one value in braces, for all that an index finds: of a mailbox who stands for it, all
    who name them, and the mail itself from before mailboxes were told. Indices of marks leave out the empty ones, which
    has to be said: plans are made before values are known."""
    persons = dict.fromkeys((attempt.customer, attempt.person_id))
    marks = structs.asdict(structs.replace(attempt.marks, address=""))
    return [
        *[("a.person_id = ${} AND a.counted_as IS NULL", person) for person in persons],
        ("a.counted_as = ${}", attempt.customer),
        *[(f"a.{column} = ${{}} AND a.{column} <> ''", mark) for column, mark in marks.items() if mark],
    ]


class Ended(NamedTuple):
    """What became of orders later, by their ids."""

    refunded: set[UUID]  # money went back, or is going, as the buyer wanted
    for_fraud: set[UUID]  # it did since staff call them fraud
    voided: set[UUID]  # over before their money was taken
    owed: set[UUID]  # on an invoice that is still to be paid
    by_gift_card: set[UUID]  # all of it, so that no bank speaks up for whose money it was
    exchanged: set[UUID]  # sent for goods that came back


async def ended_among(conn: Connection, order_ids: Sequence[UUID]) -> Ended:
    """How those of these orders ended of which there is something to tell."""
    query = """SELECT refunds_among($1), refunds_for_fraud($1), payments_voided_among($1), invoices_open_among($1),
                      payments_by_gift_card_among($1), orders_replacing_among($1)"""
    row = await conn.fetchrow(query, order_ids)
    assert row is not None
    return Ended(*(set(ids or ()) for ids in row))


async def disputed_among(conn: Connection, payment_ids: Sequence[UUID]) -> set[UUID]:
    """The orders of those of these payments that a bank took back, or wants to."""
    query = """SELECT c.order_id FROM fraud_dispute d JOIN fraud_check c ON c.id = d.payment_id
               WHERE d.payment_id = ANY ($1) AND NOT d.status = ANY ($2)"""
    return {row["order_id"] for row in await conn.fetch(query, payment_ids, LOST_NOTHING)}


async def find(conn: Connection, payment_id: UUID) -> Check | None:
    """A check; whoever is to change it holds the order, as for its payment."""
    return next(iter(await all_checks(conn, [payment_id])), None)


async def is_held(conn: Connection, payment_id: UUID) -> bool:
    """Whether a payment waits for a person to decide."""
    return bool(await conn.fetchval("SELECT review = 'open' FROM fraud_check WHERE id = $1", payment_id))


async def save(
    conn: Connection, before: Check | None, event: FraudEvent, cause: Metadata
) -> tuple[Check, Positions]:
    """An event, and the rows of its check after it; answers the check that it made."""
    check = evolve(before, event, 1 if before is None else before.version + 1)
    query = """INSERT INTO fraud_check (id, order_id, review, version) VALUES ($1, $2, $3, $4)
               ON CONFLICT (id) DO UPDATE SET review = excluded.review, version = excluded.version"""
    await conn.execute(query, *_own(check).values())
    if isinstance(event, PaymentAssessed):
        await _keep(conn, check)
    if isinstance(event, PaymentDisputed):
        await _take_down(conn, check, event.dispute_id)
    if isinstance(event, AddressAssessed):
        await _send_elsewhere(conn, check)
    new = NewEvent("fraud_check", check.id, check.version, order_key(check.order_id), event)
    return check, await event_log.append(conn, [new], cause)


async def _keep(conn: Connection, check: Check) -> None:
    columns = _columns(check.attempts[-1])
    names, places = ", ".join(columns), ", ".join(f"${n}" for n in range(2, len(columns) + 2))
    query = f"INSERT INTO fraud_attempt (n, {names}) VALUES ($1, {places})"  # noqa: S608
    await conn.execute(query, len(check.attempts), *columns.values())


async def _take_down(conn: Connection, check: Check, dispute_id: str) -> None:
    [(n, told)] = [(n, each) for n, each in enumerate(check.disputes, 1) if each.id == dispute_id]
    query = f"""INSERT INTO fraud_dispute (payment_id, n, {_DISPUTE}) VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (payment_id, n) DO UPDATE SET status = excluded.status, reason = excluded.reason,
                    amount_minor = excluded.amount_minor, currency = excluded.currency"""  # noqa: S608
    await conn.execute(query, check.id, n, *structs.astuple(told))


async def _send_elsewhere(conn: Connection, check: Check) -> None:
    columns = {"payment_id": check.id, "n": len(check.addresses)} | _wanted_columns(check.addresses[-1])
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    query = f"INSERT INTO fraud_address ({', '.join(columns)}) VALUES ({places})"  # noqa: S608
    await conn.execute(query, *columns.values())
    if is_refused(check.addresses[-1]):
        return
    query = "UPDATE fraud_attempt SET address = $3, door = $4, moved = $5 WHERE payment_id = $1 AND n = $2"
    now = [(check.id, n, each.address, each.door, each.moved) for n, each in enumerate(check.attempts, 1)]
    await conn.executemany(query, now)


async def open_reviews(conn: Connection, after: UUID | None, limit: int) -> list[Check]:
    """Checks that a person has to decide about, the oldest first."""
    query = "SELECT id FROM fraud_check WHERE review = 'open' AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2"
    ids = [row["id"] for row in await conn.fetch(query, after, limit)]
    return sorted(await all_checks(conn, ids), key=lambda check: check.id)


async def overdue(conn: Connection, before: datetime, limit: int) -> list[UUID]:
    """Payments that have been waiting for a person since before then."""
    query = """SELECT c.id FROM fraud_check c WHERE c.review = 'open'
               AND (SELECT max(a.at) FROM fraud_attempt a WHERE a.payment_id = c.id) < $1 ORDER BY c.id LIMIT $2"""
    return [row["id"] for row in await conn.fetch(query, before, limit)]


async def count_open(conn: Connection) -> int:
    """How many wait for a person."""
    return int(await conn.fetchval("SELECT count(*) FROM fraud_check WHERE review = 'open'"))


async def count_unanswered(conn: Connection) -> int:
    """How many disputes wait for the shop's word, which the bank wants within days."""
    query = "SELECT count(*) FROM fraud_dispute WHERE status IN ('needs_response', 'warning_needs_response')"
    return int(await conn.fetchval(query))


async def all_checks(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Check]:
    """Every check's rows, or those of some, for the comparison with the log."""
    rows = await conn.fetch(*among(_CHECK, ids))
    if not rows:
        return []  # a first try: nothing hangs on what is not there
    attempts: dict[UUID, list[Attempted]] = {row["id"]: [] for row in rows}
    query = f"SELECT {_ATTEMPT} FROM fraud_attempt WHERE payment_id = ANY ($1) ORDER BY payment_id, n"  # noqa: S608
    for row in await conn.fetch(query, list(attempts)):
        attempts[row["payment_id"]].append(_attempted(row))
    disputes, addresses = await _disputes(conn, list(attempts)), await _addresses(conn, list(attempts))
    return [
        Check(**row, attempts=tries, disputes=disputes.get(id_, []), addresses=addresses.get(id_, []))
        for row, (id_, tries) in zip(rows, attempts.items(), strict=True)
    ]


async def _disputes(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, list[Dispute]]:
    found: dict[UUID, list[Dispute]] = {}
    query = f"SELECT payment_id, {_DISPUTE} FROM fraud_dispute WHERE payment_id = ANY ($1) ORDER BY payment_id, n"  # noqa: S608
    for payment_id, *said in await conn.fetch(query, ids):
        found.setdefault(payment_id, []).append(Dispute(*said))
    return found


async def _addresses(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, list[Wanted]]:
    found: dict[UUID, list[Wanted]] = {}
    query = f"SELECT payment_id, {_WANTED} FROM fraud_address WHERE payment_id = ANY ($1) ORDER BY payment_id, n"  # noqa: S608
    for payment_id, *said in await conn.fetch(query, ids):
        named = dict(zip(Wanted.__struct_fields__, said, strict=True))
        found.setdefault(payment_id, []).append(Wanted(**named | {"reasons": _reasons.decode(named["reasons"])}))
    return found


async def rewrite_check(conn: Connection, check: Check) -> None:
    """Make the rows say this, for a repair."""
    await overwrite(conn, "fraud_check", _own(check))
    told = [{"n": n} | structs.asdict(each) for n, each in enumerate(check.disputes, 1)]
    await replace(conn, "fraud_dispute", ("payment_id", check.id), told)
    wanted = [{"n": n} | _wanted_columns(each) for n, each in enumerate(check.addresses, 1)]
    await replace(conn, "fraud_address", ("payment_id", check.id), wanted)
    rows = [{"n": n} | _columns(each) for n, each in enumerate(check.attempts, 1)]
    await replace(conn, "fraud_attempt", ("payment_id", check.id), [_without(row, "payment_id") for row in rows])


def _own(check: Check) -> dict[str, object]:
    """What stands in its own row."""
    return {column: getattr(check, column) for column in ("id", "order_id", "review", "version")}


def _without(row: dict[str, object], name: str) -> dict[str, object]:
    return {column: value for column, value in row.items() if column != name}


def _columns(attempted: Attempted) -> dict[str, object]:
    return structs.asdict(attempted) | {"reasons": as_json(attempted.reasons).decode()}


def _wanted_columns(wanted: Wanted) -> dict[str, object]:
    return structs.asdict(wanted) | {"reasons": as_json(wanted.reasons).decode()}


def _attempted(row: asyncpg.Record) -> Attempted:
    return Attempted(**{**row, "reasons": _reasons.decode(row["reasons"])})

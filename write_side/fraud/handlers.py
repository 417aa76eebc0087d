"""What was held is decided by a person: taken, or the order cancelled. Where nobody looks in time it is cancelled."""

import logging
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.fraud import Reason, ReviewLapsed
from write_side import commands, event_log, metrics, orders, payments
from write_side.causes import continuing, joining_order
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool, first_of
from write_side.event_log import Positions, together
from write_side.fraud import domain, store
from write_side.fraud.domain import Check, Decision, Dispute, UnknownCheck, Wanted

log = logging.getLogger(__name__)

# An authorization at Stripe holds for seven days with most cards; what isn't captured by then is lost anyway.
PATIENCE = timedelta(days=6)
PAGE = 50


class AttemptShown(Struct, frozen=True):
    """One try, with what was thought of it; a mark is the same wherever the same card or address was seen."""

    at: datetime
    outcome: str
    decline_code: str
    card: str
    address: str
    device: str
    network: str
    door: str
    points: int
    verdict: str
    reasons: list[Reason]
    enforced: bool = True  # else it was only watched, and nobody was stopped
    moved: bool = False  # its address and door are where it goes since, not where it went when it was decided about


class CheckState(Struct, frozen=True):
    """What was thought of an order's tries to be paid, and whether a person has to decide."""

    payment_id: UUID
    order_id: UUID
    review: Literal["none", "open", "accepted", "refused", "lapsed"]
    attempts: list[AttemptShown]
    version: int
    dispute_id: str = ""  # the provider's name of the dispute that began last; empty: there was none
    dispute_status: str = ""  # in its words: `needs_response`, `under_review`, `won`, `lost`, …
    dispute_reason: str = ""
    disputes: list[Dispute] = []  # all of this payment, the one that began first at first
    # Other doors it was wanted at once it was paid, the oldest first; where `enforced`, it goes to those accepted.
    addresses: list[Wanted] = []


class Reviews(Struct, frozen=True):
    """Those that wait for a person, the oldest first; `next` is where the next page begins."""

    reviews: list[CheckState]
    next: UUID | None


async def find_check(pool: Pool, order_id: UUID) -> CheckState:
    """What was thought of an order's tries. Refuses `unknown_order`, `unknown_check`."""
    async with pool.acquire() as conn:
        order = await orders.find_state(conn, order_id)
        found = await store.find(conn, order.payment.id)
    if found is None:
        raise UnknownCheck("no try to pay this order was assessed")
    return _shown(found)


async def list_reviews(pool: Pool, after: UUID | None) -> Reviews:
    """A page of what waits for a person."""
    async with pool.acquire() as conn:
        found = await store.open_reviews(conn, after, PAGE + 1)
    reviews, last = first_of(found, PAGE)
    return Reviews([_shown(check) for check in reviews], last.id if last else None)


async def decide_review(
    pool: Pool, order_id: UUID, decision: Decision, note: str, cause: Metadata, call: Call | None = None
) -> Answer[CheckState]:
    """Take the money that was held, or have it let go and the order cancelled.

    Refuses `unknown_order`, `unknown_check`, `no_open_review`; `already_paid` where somebody has captured it.
    """
    async with joining_order(pool, order_id, cause, f"review {decision}") as joined:

        async def decide(conn: Connection) -> tuple[CheckState, Positions]:
            order = await orders.lock_order(conn, order_id)
            if order is None:
                raise orders.UnknownOrder("there is no such order")
            check = await store.find(conn, order.payment_id)
            event = domain.decide(check, decision, note, is_over=order.state != "confirmed")
            assert check is not None
            if decision == "refused" and await _is_captured(conn, order):
                raise orders.AlreadyPaid("the money was taken at the provider: refund it", order_state=order.state)
            after, positions = await store.save(conn, check, event, joined)
            return _shown(after), together(positions, await _carry_out(conn, order, decision, joined))

        return await commands.run(pool, decide, call)


async def _is_captured(conn: Connection, order: orders.Order) -> bool:
    work = await payments.lock_payment(conn, order.payment_id)
    return work is not None and work.payment.state == "captured"


async def _carry_out(conn: Connection, order: orders.Order, decision: Decision, cause: Metadata) -> Positions:
    if decision == "accepted":
        await payments.capture(conn, order.payment_id)
        return {}
    return await orders.begin_closing(conn, order, "payment_not_accepted", cause)


def _shown(check: Check) -> CheckState:
    attempts = [
        AttemptShown(
            each.at, each.outcome, each.decline_code, each.card, each.address, each.device, each.network, each.door,
            each.points, each.verdict, each.reasons, each.enforced, each.moved,
        )
        for each in check.attempts
    ]  # fmt: skip
    last = check.disputes[-1] if check.disputes else None
    said = (last.id, last.status, last.reason) if last else ("", "", "")
    shown = (check.id, check.order_id, check.review, attempts, check.version, *said)
    return CheckState(*shown, check.disputes, check.addresses)


# --- the worker ------------------------------------------------------------------------------------------------------


async def let_go_overdue(pool: Pool, now: datetime) -> int:
    """Let go of what nobody has decided about in time, which is no refusal; answers how many those were."""
    async with pool.acquire() as conn:
        due = await store.overdue(conn, now - PATIENCE, PAGE)
        metrics.WAITING.labels("fraud_reviews").set(await store.count_open(conn))
        metrics.WAITING.labels("disputes").set(await store.count_unanswered(conn))
        events = await event_log.latest_of(conn, "fraud_check", due)
        checks = await store.all_checks(conn, due)
    for check in checks:
        with continuing(events[check.id], "review overdue", order_id=check.order_id) as cause:
            await _let_go(pool, check.order_id, cause)
    return len(due)


async def _let_go(pool: Pool, order_id: UUID, cause: Metadata) -> None:
    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        order = await orders.lock_order(conn, order_id)
        assert order is not None, "a check is of an order"
        check = await store.find(conn, order.payment_id)
        event = domain.run_out(check, captured=await _is_captured(conn, order))
        if check is None or event is None:
            log.info("somebody decided just now", extra={"fields": {"order_id": str(order_id)}})
            return order, {}
        after, positions = await store.save(conn, check, event, cause)
        if isinstance(event, ReviewLapsed) and order.state == "confirmed":  # else it is over anyway
            positions = together(positions, await _carry_out(conn, order, "refused", cause))
        return _shown(after), positions

    await commands.run(pool, decide)


async def forget_visits(pool: Pool, now: datetime) -> int:
    """Forget by what those were known from whose quotes no order comes any more."""
    async with pool.acquire() as conn:
        return await store.forget_visits(conn, now)

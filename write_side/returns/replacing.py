"""Goods that are sent instead of money: wished, held, ordered, and what becomes of the money if it falls through. Each
step is decided under the lock of the first order."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from shared.envelope import Metadata, Recorded
from shared.events.orders import Allocation, QuoteIssued, Replaces
from shared.settings import Settings
from write_side import commands, event_log, fraud, inventory, orders, payments, refunds
from write_side.causes import continuing
from write_side.commands import Done
from write_side.customers import Keyring
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.fraud import Asker
from write_side.inventory import Line, PurchaseLimitReached
from write_side.orders import Order, Outside, Wish
from write_side.refunds import NewRefund, NothingToRefund, RefundExceedsCaptured, RefundExceedsOrder
from write_side.returns import exchanging, store
from write_side.returns.domain import NewReturn, Return
from write_side.returns.refusals import NotExchangeable, TooLittleCame
from write_side.sales import PassRequired

log = logging.getLogger(__name__)

AT_ONCE = 50
FOR_EVER = timedelta(days=3650)  # the price stands as long as the return is open


class Offer(NamedTuple):
    """What is wished, priced, what the goods that come back are worth, SKU → how many of them have to come for that
    price, and what was seen of whoever asks; None where nobody looks."""

    quote: QuoteIssued
    credit_minor: int
    beside: Mapping[str, int]
    visit: fraud.Visit | None


async def offer(
    pool: Pool, keyring: Keyring, outside: Outside, settings: Settings, order_id: UUID, wanted: NewReturn, *,
    by_token: bool = False, asker: Asker = fraud.NOBODY,
) -> Offer | Exception | None:  # fmt: skip
    """The price of what is wished instead, None if nothing is; a refusal is to be raised where the command is decided,
    behind its Idempotency-Key. `by_token`: whoever asks has shown the order's token and no more, by which nobody buys
    on an account's credit."""
    if not wanted.instead:
        return None
    try:
        return await _offer(pool, keyring, outside, settings, order_id, wanted, by_token, asker)
    except Exception as refusal:
        return refusal


async def _offer(
    pool: Pool, keyring: Keyring, outside: Outside, settings: Settings, order_id: UUID, wanted: NewReturn,
    by_token: bool, asker: Asker,
) -> Offer:  # fmt: skip
    async with pool.acquire() as conn:
        order = await orders.find_order(conn, order_id)
        if order is None:
            raise orders.UnknownOrder("there is no such order")
        payment = await payments.find_payment(conn, order.payment_id)
        assert payment is not None
        if not payments.can(payment.method).exchanges:
            raise NotExchangeable("what is bought so is paid back, not exchanged", why=f"bought_on_{payment.method}")
        on_credit = not by_token and await orders.is_on_credit(conn, order)
        groups = settings.invoicing if on_credit else frozenset[str]()
        credit = await _worth(conn, order_id, wanted)
    wish = Wish(inventory.summed(wanted.instead), inventory.summed(wanted.lines), credit)
    exchanging.check_pieces(wish.wanted, wish.given)
    until = datetime.now(UTC) + FOR_EVER
    try:
        quote, contact, beside = await orders.quote_replacement(pool, keyring, order, wish, until, outside, groups)
    except PassRequired as refusal:
        told = "it is sold by turns, to whoever orders it: no more of it is exchanged than comes back"
        raise NotExchangeable(told, why="sold_by_turns", sku=refusal.facts["sku"]) from refusal
    exchanging.check_kept(quote)
    return Offer(quote, credit, beside, fraud.visit_if_looked_at(settings, contact.mail, contact.address, *asker))


async def _worth(conn: Connection, order_id: UUID, wanted: NewReturn) -> int:
    try:
        return await refunds.worth(conn, order_id, NewRefund("returned", lines=wanted.lines))
    except (NothingToRefund, RefundExceedsCaptured, RefundExceedsOrder) as refusal:
        raise NotExchangeable(
            "their money is back already, or they have cost nothing", why="nothing_credited"
        ) from refusal


async def save(conn: Connection, offer: Offer, cause: Metadata) -> Positions:
    """What is wished was quoted, to whoever asked."""
    if offer.visit is not None:
        await fraud.note(conn, offer.quote.quote_id, offer.visit)
    return await orders.save_quote(conn, offer.quote, cause)


async def hold(
    conn: Connection, order: Order, each: Return, replacement_id: UUID, settings: Settings, cause: Metadata
) -> tuple[list[Allocation], Positions]:
    """Reserve what is wished, for the order that is to be. Refuses `purchase_limit`, `out_of_stock`,
    `unknown_stock`."""
    assert each.exchange is not None
    quote = await orders.find_quote(conn, each.exchange.quote_id)
    await orders.check_limits(conn, order.customer, quote.counted, _given(order, each.lines), held=True)
    return await inventory.hold(
        conn, replacement_id, exchanging.wanted(each), settings.allocation, cause, for_order=True, near=quote.nearest
    )


def _given(order: Order, lines: Sequence[Line]) -> dict[str, int]:
    return orders.with_whole_bundles(inventory.summed(lines), order.lines, order.bundles)


async def let_go(conn: Connection, each: Return, reason: str, cause: Metadata) -> Positions:
    """Free what is held, if anything is."""
    if each.exchange_state != "held" or each.replacement_id is None:
        return {}
    return await inventory.let_go(conn, each.replacement_id, reason, cause)


async def free(conn: Connection, before: Return, after: Return, cause: Metadata) -> Positions:
    """What was held goes back on the shelf if the exchange has just failed."""
    if before.exchange_state != "held" or after.exchange_state != "failed":
        return {}
    return await let_go(conn, before, after.failure or "", cause)


async def place(
    conn: Connection, order: Order, each: Return, came: Sequence[Line], wanted: NewRefund, settings: Settings,
    cause: Metadata, *, early: bool,
) -> tuple[Return, Positions]:  # fmt: skip
    """Place the order that is sent instead, paid by the refund of what comes back as far as that goes. If there is none
    to be had, or so little came that it would be more than a customer may have, or than its price is for, nothing is
    sent, and what was held for it is the caller's to `free`: behind gift cards and credit, as placing holds them. The
    first order is held."""
    assert each.exchange is not None
    assert each.replacement_id is not None
    quote = await orders.find_quote(conn, each.exchange.quote_id)
    try:
        announced, here = _given(order, each.lines), _given(order, came)
        counted = exchanging.counted_already(quote.counted, announced, here)
        await orders.check_limits(conn, order.customer, quote.counted, counted, held=True)
        if not wanted.lines:
            raise NothingToRefund("none of what came is paid back")
        exchanging.check_came(each, came)
        carried, given = await refunds.carry_over(conn, order.id, wanted, each.exchange.total_minor, cause)
    except (NothingToRefund, RefundExceedsCaptured, PurchaseLimitReached, TooLittleCame) as refusal:
        reason = refusal.code if isinstance(refusal, PurchaseLimitReached | TooLittleCame) else "nothing_credited"
        return await store.save(conn, each, exchanging.fail(each, reason), cause, keeps_due=True)
    replaces = Replaces(order.id, each.id, carried.credits)
    until = datetime.now(UTC) + timedelta(days=settings.exchange_payment_days)
    new, positions = await orders.place_replacement(
        conn, order, quote, each.replacement_id, each.allocations, replaces, carried.gift_cards, until,
        settings.invoicing, cause,
    )  # fmt: skip
    event = exchanging.placed(each, new, carried.refunds[0].id, early=early)
    after, saved = await store.save(conn, each, event, cause, keeps_due=True)
    return after, together(given, positions, saved)


async def work_off(pool: Pool) -> int:
    """Give back what paid orders that were sent in exchange and fell through: the difference was not paid in time, or
    they were cancelled. Answers how many."""
    done, last = 0, UUID(int=0)
    while True:
        async with pool.acquire() as conn:
            due = await orders.fallen_through(conn, last, AT_ONCE)
            reasons: Mapping[UUID, Recorded] = await event_log.latest_of(conn, "order", due)
        done += await _pay_back(pool, due, reasons)
        if len(due) < AT_ONCE:
            return done
        last = due[-1]


async def _pay_back(pool: Pool, due: Sequence[UUID], reasons: Mapping[UUID, Recorded]) -> int:
    done = 0
    for order_id in due:
        try:
            with continuing(reasons[order_id], "exchange falls through", order_id=order_id) as cause:
                await fall_through(pool, order_id, cause)
            done += 1
        except Exception:  # one that can't be paid back must not keep all behind it
            log.exception("an exchange can't be paid back", extra={"fields": {"order_id": str(order_id)}})
    return done


async def fall_through(pool: Pool, order_id: UUID, cause: Metadata) -> None:
    """What paid this order goes back by the payments that had taken it: once, under its lock, and once the goods are
    here. What was sent early and fell through waits for them."""

    async def decide(conn: Connection) -> tuple[Done, Positions]:
        order = await orders.lock_order(conn, order_id)
        if order is None or order.replaces is None:
            return Done(False), {}
        # The newer one first: nobody holds them the other way.
        first = await orders.lock_whole(conn, order.replaces.order_id)
        each = await store.find(conn, order.replaces.return_id)
        assert each is not None
        if each.exchange_state != "placed" or each.state != "received":
            return Done(False), {}
        given = await _give_back(conn, order, first, each, cause)
        reason = "not_paid" if order.state == "expired" else "cancelled"
        _, saved = await store.save(conn, each, exchanging.fail(each, reason), cause, keeps_due=True)
        return Done(True), together(given, saved)

    await commands.run(pool, decide)


async def _give_back(conn: Connection, order: Order, first: Order, each: Return, cause: Metadata) -> Positions:
    """What is left of its credit, of as much as came; what gift cards had paid they got as it ended."""
    assert each.refund_id is not None
    carried = await refunds.find(conn, each.refund_id)
    assert carried is not None
    gone = order.credit_minor - await refunds.credit_left(conn, order.id)
    amount = exchanging.earned(order.credit_minor, each.units, carried.lines, first.lines) - gone
    if amount <= 0:
        return {}
    back = NewRefund("not_exchanged", amount_minor=amount)
    return (await refunds.request_within(conn, order.id, back, cause))[1]

"""Refunds are asked for here, and what the provider says of them comes in by `learn`, from wherever and however often.

Each change is decided under the lock of the order, in one transaction: two refunds at once see one another.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct, structs

from shared.envelope import Metadata
from shared.events.gift_cards import GiftPart
from shared.events.orders import Allocation, CreditPart
from shared.events.refunds import (
    AmountReleased,
    RefundedLine,
    RefundEvent,
    RefundFailed,
    RefundPending,
    RefundRequested,
    RefundSucceeded,
)
from shared.ids import uuid7
from shared.money import Money
from write_side import commands, gift_cards, inventory, invoices, metrics, orders, payments
from write_side.causes import joining_order
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.payments import Notice, SeenRefund
from write_side.refunds import again, domain, giving, goods, releasing, requesting, sources, store
from write_side.refunds.domain import Bought, NewRefund, NothingToRefund, Refund, Verdict

log = logging.getLogger(__name__)


class RefundState(Struct, frozen=True):
    """A refund as a command leaves it; how it goes on stands in the order's status. Line amounts in minor units."""

    id: UUID
    order_id: UUID
    state: str
    amount: Money
    reason: str
    lines: list[RefundedLine]
    shipping: Money
    restocked: list[Allocation]


class Learnt(Struct, frozen=True):
    """What a fact did."""

    verdict: Verdict


_learnt = msgspec.json.Decoder(Learnt)


async def request_refund(
    pool: Pool, order_id: UUID, wanted: NewRefund, cause: Metadata, call: Call
) -> Answer[RefundState]:
    """Have the worker give money back, and put the goods back if asked to. If nothing of it was sent or is to be, what
    was added and is not paid is cancelled.

    Refuses `unknown_order`, and what `requesting.check_parts` and `requesting.request` refuse.
    """
    async with joining_order(pool, order_id, cause, "refund") as joined:

        async def decide(conn: Connection) -> tuple[RefundState, Positions]:
            order = await orders.lock_whole(conn, order_id)
            await orders.lock_additions(conn, order)
            bought, earlier = await _refundable(conn, order_id)
            requesting.check_parts(bought.payment, wanted)
            given, positions = await _request(conn, bought, earlier, wanted, joined)
            gone = goods.all_withheld(order.lines, await store.of_order(conn, order_id))
            closed = await orders.close_unpaid(conn, order, joined) if gone else {}
            return given, together(positions, closed)

        return await commands.run(pool, decide, call)


async def request_within(
    conn: Connection, order_id: UUID, wanted: NewRefund, cause: Metadata
) -> tuple[RefundState, Positions]:
    """The same in the transaction of a caller, who holds the order or is about to. What part it is nobody chose: one
    that the provider doesn't give back fails there, and is a person's."""
    bought, earlier = await _refundable(conn, order_id)
    return await _request(conn, bought, earlier, wanted, cause)


async def _request(
    conn: Connection, bought: Bought, earlier: Sequence[Refund], wanted: NewRefund, cause: Metadata
) -> tuple[RefundState, Positions]:
    whole = requesting.request(bought, earlier, wanted, uuid7())
    # Ahead of the stock, as placing holds them.
    taken = await gift_cards.take_back(conn, bought.cards or {}, inventory.summed(whole.lines), whole.refund_id, cause)
    [first, *_], positions = await _insert(conn, bought, sources.by_payment(whole, bought, earlier, uuid7), cause)
    return _shown(first), together(taken, positions)


async def again_within(conn: Connection, order_id: UUID, one: UUID, cause: Metadata) -> tuple[list[Refund], Positions]:
    """Refunds in place of what failed of one, in the transaction of a caller, who holds the order or is about to.

    Refuses `nothing_to_refund`.
    """
    bought, earlier = await _refundable(conn, order_id)
    events = again.again(one, bought, earlier, uuid7)
    if not events:
        raise NothingToRefund("nothing is left to refund")
    return await _insert(conn, bought, events, cause)


async def _refundable(conn: Connection, order_id: UUID) -> tuple[Bought, list[Refund]]:
    """What a refund is decided from, with what can be taken back of the gift cards that its order bought. They, and
    those that paid it, are held."""
    bought, earlier = await _bought(conn, order_id), await store.of_order(conn, order_id)
    await gift_cards.hold(conn, order_id, [part.gift_card_id for part in bought.gift_cards])
    failed = [each.id for each in earlier if each.state == "failed"]
    cards = await gift_cards.find_refundable(conn, order_id, bought.lines, failed)
    return structs.replace(bought, cards=cards), earlier


async def worth(conn: Connection, order_id: UUID, wanted: NewRefund) -> int:
    """What would be given back, in minor units; refuses what `request_within` refuses, and changes nothing."""
    bought, earlier = await _refundable(conn, order_id)
    return requesting.request(bought, earlier, wanted, uuid7()).amount_minor


async def credit_left(conn: Connection, order_id: UUID) -> int:
    """How much of what earlier payments had taken for this order has not gone back yet, in minor units."""
    bought, earlier = await _bought(conn, order_id), await store.of_order(conn, order_id)
    return sum(sources.left_of(part, earlier) for part in bought.credits)


class Carried(NamedTuple):
    """A refund that pays another order as far as it can: the rows it is made of, and what pays."""

    refunds: list[Refund]
    credits: list[CreditPart]
    gift_cards: list[GiftPart]


async def carry_over(
    conn: Connection, order_id: UUID, wanted: NewRefund, total_minor: int, cause: Metadata
) -> tuple[Carried, Positions]:
    """The same as `request_within`, but an order of this total is paid by it first. What went back to gift cards is to
    be taken from them again, which are held until the transaction ends: only from such as may still be spent."""
    bought, earlier = await _refundable(conn, order_id)
    whole = requesting.request(bought, earlier, wanted, uuid7())
    usable = await gift_cards.still_good(conn, whole.gift_cards, datetime.now(UTC))
    back, again = gift_cards.paid_by(whole.gift_cards), gift_cards.paid_by(usable)
    share = sources.share(total_minor, whole.amount_minor - back, again)
    parts = sources.by_payment(whole, bought, earlier, uuid7, share.moved_minor)
    made, positions = await _insert(conn, bought, parts, cause)
    return Carried(made, sources.credits_of(made), sources.retaken(usable, share.gifts_minor)), positions


async def _insert(
    conn: Connection, bought: Bought, events: Sequence[RefundRequested], cause: Metadata
) -> tuple[list[Refund], Positions]:
    """The rows of a refund, and all that is done at once."""
    made = [domain.evolve(None, event, 1) for event in events]
    positions: Positions = {}
    # Ahead of the stock, as placing holds them.
    for refund in made:
        given = await gift_cards.give_back(conn, refund.order_id, refund.id, refund.gift_cards, cause)
        positions = together(positions, given)
    invoiced = await giving.by_invoice(conn, bought, made)
    await invoices.hold(conn, invoiced.values())
    for refund in made:
        if refund.id in invoiced:
            off = await invoices.credit(conn, invoiced[refund.id], refund.id, refund.charged_minor, cause)
            positions = together(positions, off)
    for refund, event in zip(made, events, strict=True):
        positions = together(positions, await _restock(conn, event, cause))
        positions = together(positions, await store.insert(conn, refund, event, cause))
    return made, positions


async def release(
    pool: Pool, order_id: UUID, wanted: NewRefund, cause: Metadata, call: Call
) -> Answer[RefundState]:
    """Not capture all that is authorized; the goods in it are not shipped, and are put back if asked to.

    Refuses `unknown_order`, and what `releasing.release` refuses.
    """
    async with joining_order(pool, order_id, cause, "release") as joined:

        async def decide(conn: Connection) -> tuple[RefundState, Positions]:
            return await release_within(conn, order_id, wanted, joined)

        return await commands.run(pool, decide, call)


async def release_within(
    conn: Connection, order_id: UUID, wanted: NewRefund, cause: Metadata
) -> tuple[RefundState, Positions]:
    """The same in the transaction of a caller, who holds the order or is about to."""
    bought = await _bought(conn, order_id)
    work = await payments.lock_payment(conn, bought.payment.id)
    assert work is not None
    event = releasing.release(bought, work, await store.of_order(conn, order_id), wanted, uuid7())
    refund = domain.evolve(None, event, 1)
    # Ahead of the stock, as placing holds them.
    freed: Positions = {}
    if payments.can(work.payment.method).on_credit:
        freed = await invoices.release(conn, order_id, event.amount_minor, cause)
    positions = together(freed, await _restock(conn, event, cause))
    inserted = await store.insert(conn, refund, event, cause)
    released = work.payment.released_minor + event.amount_minor
    reduced = await payments.reduce(conn, work.payment, released, cause)
    return _shown(refund), together(positions, inserted, reduced)


async def _bought(conn: Connection, order_id: UUID) -> Bought:
    """What an order's refunds are decided from, the order held until the transaction ends."""
    order = await orders.lock_whole(conn, order_id)
    payment = await payments.find_payment(conn, order.payment_id)
    assert payment is not None
    shipped = await store.shipped(conn, order_id)
    received = await store.received(conn, order_id)
    credits = order.replaces.credits if order.replaces else []
    return Bought(order.lines, order.totals, order.allocations, payment, shipped, order.gift_cards, received, credits)


async def _restock(conn: Connection, event: RefundRequested | AmountReleased, cause: Metadata) -> Positions:
    if not event.restocked:
        return {}
    items = {(sku, warehouse): id_ for sku, warehouse, id_ in await orders.items_of(conn, event.order_id)}
    back = [(items[a.sku, a.warehouse], a.quantity) for a in event.restocked]
    return await inventory.put_back(conn, event.order_id, back, "refunded", cause)


def _shown(refund: Refund) -> RefundState:
    return RefundState(
        refund.id, refund.order_id, refund.state, Money(refund.amount_minor, refund.currency), refund.reason,
        refund.lines, Money(refund.shipping_minor, refund.currency), refund.restocked,
    )  # fmt: skip


# --- facts come in ---------------------------------------------------------------------------------------------------


async def learn(pool: Pool, seen: SeenRefund, cause: Metadata, *, notice: Notice | None = None) -> Verdict:
    """Apply what the provider shows of a refund; a fact known already changes nothing.

    A `notice` goes into the inbox in the same transaction, and does nothing if it stands there.
    """

    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        refund = await _locked(conn, seen)
        payment_id = refund.payment_id if refund else None
        if notice is not None and not await payments.take_in(conn, notice.id, notice.type, payment_id):
            return Learnt("known"), {}
        if refund is None:
            return Learnt("ignore"), {}
        verdict = domain.judge(refund, seen)
        return Learnt(verdict), await _carry_out(conn, verdict, refund, seen, cause)

    verdict = _learnt.decode((await commands.run(pool, decide)).body).verdict
    metrics.REFUND_FACTS.labels(verdict).inc()
    return verdict


async def _locked(conn: Connection, seen: SeenRefund) -> Refund | None:
    if seen.order_id is None or seen.refund_id is None or await orders.lock_order(conn, seen.order_id) is None:
        return None
    refund = await store.find(conn, seen.refund_id)
    return refund if refund and refund.order_id == seen.order_id else None


async def _carry_out(
    conn: Connection, verdict: Verdict, refund: Refund, seen: SeenRefund, cause: Metadata
) -> Positions:
    match verdict:
        case "pending":
            return await _save(conn, refund, RefundPending(refund.id, refund.order_id, seen.provider_id), cause)
        case "succeeded":
            return await _save(conn, refund, RefundSucceeded(refund.id, refund.order_id, seen.provider_id), cause)
        case "failed":
            return await _fail(conn, refund, seen.provider_id, seen.failure or seen.status, cause)
        case "alarm":
            log.error("a refund needs a person", extra={"fields": {"refund_id": str(refund.id), "seen": seen.status}})
            await store.park(conn, refund.id, f"{seen.provider_id} {seen.status}, which does not fit")
    return {}


async def _save(conn: Connection, refund: Refund, event: RefundEvent, cause: Metadata) -> Positions:
    return await store.save(conn, domain.evolve(refund, event, refund.version + 1), event, cause)


async def _fail(conn: Connection, refund: Refund, provider_id: str | None, code: str, cause: Metadata) -> Positions:
    fields = {"refund_id": str(refund.id), "order_id": str(refund.order_id), "code": code}
    log.error("a refund failed: somebody has to ask for another one", extra={"fields": fields})
    return await _save(conn, refund, RefundFailed(refund.id, refund.order_id, provider_id, code), cause)


async def give_up(pool: Pool, refund: Refund, code: str, cause: Metadata) -> None:
    """The provider will never make this refund: its amount is free again. One that is known there stays."""

    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        await orders.lock_order(conn, refund.order_id)
        now = await store.find(conn, refund.id)
        if now is None or now.state != "requested":
            return Learnt("ignore"), {}
        return Learnt("failed"), await _fail(conn, now, None, code, cause)

    await commands.run(pool, decide)

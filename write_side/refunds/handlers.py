"""Refunds are asked for here, and releases of what was not captured yet; what comes of them is learnt in learning.py.

Each change is decided under the lock of the order, in one transaction: two refunds at once see one another.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct, structs

from shared.envelope import Metadata
from shared.events.gift_cards import GiftPart
from shared.events.orders import Allocation, CreditPart
from shared.events.refunds import AmountReleased, RefundedLine, RefundRequested
from shared.ids import uuid7
from shared.money import Money, least_charge
from write_side import commands, gift_cards, inventory, invoices, orders, payments
from write_side.causes import joining_order
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.refunds import again, domain, giving, goods, releasing, requesting, sources, store, taxing
from write_side.refunds.domain import Bought, NewRefund, NothingToRefund, Refund


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


async def request_refund(
    pool: Pool, order_id: UUID, wanted: NewRefund, cause: Metadata, call: Call
) -> Answer[RefundState]:
    """Have the worker give money back, and put the goods back if asked to. If nothing of it was sent or is to be, what
    was added and is not paid is cancelled.

    Refuses `unknown_order`, and what `requesting.check_parts`, `check_dropped` and `request` refuse.
    """
    async with joining_order(pool, order_id, cause, "refund") as joined:

        async def decide(conn: Connection) -> tuple[RefundState, Positions]:
            order = await orders.lock_whole(conn, order_id)
            await orders.lock_additions(conn, order)
            bought, earlier = await _refundable(conn, order_id)
            requesting.check_parts(bought.payment, wanted)
            requesting.check_dropped(bought, earlier, wanted)
            given, positions = await _request(conn, bought, earlier, wanted, joined)
            gone = goods.all_withheld(order.lines, await store.of_order(conn, order_id), order.dropped)
            closed = await orders.close_unpaid(conn, order, joined) if gone else {}
            return given, together(positions, closed)

        return await commands.run(pool, decide, call)


async def request_within(
    conn: Connection, order_id: UUID, wanted: NewRefund, cause: Metadata, *, most: bool = False
) -> tuple[RefundState, Positions]:
    """The same in the transaction of a caller, who holds the order or is about to. What part it is nobody chose: one
    that the provider doesn't give back fails there, and is a person's. `most`: no more than is left of what was
    captured, where an amount went back before."""
    bought, earlier = await _refundable(conn, order_id)
    return await _request(conn, bought, earlier, wanted, cause, most=most)


async def _request(
    conn: Connection, bought: Bought, earlier: Sequence[Refund], wanted: NewRefund, cause: Metadata,
    *, most: bool = False,
) -> tuple[RefundState, Positions]:  # fmt: skip
    whole = requesting.request(bought, earlier, wanted, uuid7(), most=most)
    await giving.hold_invoices(conn, bought)
    reckoned = await _reckon(conn, bought, sources.by_payment(whole, bought, earlier, uuid7))
    # Ahead of the stock, as placing holds them.
    taken = await gift_cards.take_back(conn, bought.cards or {}, inventory.summed(whole.lines), whole.refund_id, cause)
    [first, *_], positions = await _insert(conn, reckoned, cause)
    return _shown(first), together(taken, positions)


async def again_within(conn: Connection, order_id: UUID, one: UUID, cause: Metadata) -> tuple[list[Refund], Positions]:
    """Refunds in place of what failed of one, in the transaction of a caller, who holds the order or is about to.

    Refuses `nothing_to_refund`.
    """
    bought, earlier = await _refundable(conn, order_id)
    events = again.again(one, bought, earlier, uuid7)
    if not events:
        raise NothingToRefund("nothing is left to refund")
    return await _insert(conn, await _reckon(conn, bought, events), cause)


async def _refundable(conn: Connection, order_id: UUID) -> tuple[Bought, list[Refund]]:
    """What a refund is decided from, with what can be taken back of the gift cards that its order bought. They, and
    those that paid it, are held."""
    bought, earlier = await lock_bought(conn, order_id), await store.of_order(conn, order_id)
    await gift_cards.hold(conn, [order_id], [part.gift_card_id for part in bought.gift_cards])
    failed = [each.id for each in earlier if each.state == "failed"]
    cards = await gift_cards.find_refundable(conn, order_id, bought.lines, failed)
    return structs.replace(bought, cards=cards), earlier


async def worth(conn: Connection, order_id: UUID, wanted: NewRefund) -> int:
    """What would be given back, in minor units; refuses what `request_within` refuses, and changes nothing."""
    bought, earlier = await _refundable(conn, order_id)
    return requesting.request(bought, earlier, wanted, uuid7()).amount_minor


async def credit_left(conn: Connection, order_id: UUID) -> int:
    """How much of what earlier payments had taken for this order has not gone back yet, in minor units."""
    bought, earlier = await lock_bought(conn, order_id), await store.of_order(conn, order_id)
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
    share = sources.share(total_minor, whole.amount_minor - back, again, least_charge(whole.currency))
    parts = sources.by_payment(whole, bought, earlier, uuid7, share.moved_minor)
    made, positions = await _insert(conn, await _reckon(conn, bought, parts), cause)
    return Carried(made, sources.credits_of(made), sources.retaken(usable, share.gifts_minor)), positions


class _Reckoned(NamedTuple):
    """The rows of a refund and what they are asked for by, the order whose invoice each goes by if one does, and the
    tax in each."""

    made: list[Refund]
    asked: Sequence[RefundRequested]
    invoiced: Mapping[UUID, UUID]
    noted: list[Refund]  # with a credit note
    taxes: list[taxing.Contained]


async def _reckon(conn: Connection, bought: Bought, events: Sequence[RefundRequested]) -> _Reckoned:
    """What reads the log and takes time: ahead of the first event, since from that on the feed waits as long as we do.
    Invoices are held ahead of it, too, and of the stock, as placing holds them."""
    made = [domain.evolve(None, event, 1) for event in events]
    invoiced = await giving.by_invoice(conn, bought, made)
    noted = [refund for refund in made if refund.id in invoiced and refund.charged_minor]
    await invoices.hold(conn, [invoiced[refund.id] for refund in noted])
    taxes = taxing.taxes_in(made, bought, await store.as_it_went(conn, bought.payment.order_id), invoiced)
    return _Reckoned(made, events, invoiced, noted, taxes)


async def _insert(conn: Connection, reckoned: _Reckoned, cause: Metadata) -> tuple[list[Refund], Positions]:
    """The rows of a refund, and all that is done at once."""
    made, events, invoiced, noted, taxes = reckoned
    positions: Positions = {}
    for refund in made:
        given = await gift_cards.give_back(conn, refund.order_id, refund.id, refund.gift_cards, cause)
        positions = together(positions, given)
    for refund, tax in zip(made, taxes, strict=True):
        if refund in noted:
            off = invoices.TakenOff(refund.id, refund.charged_minor, *tax, refund.reason)
            filed = await invoices.credit(conn, invoiced[refund.id], off, datetime.now(UTC), cause)
            positions = together(positions, filed)
    for refund, asked, tax in zip(made, events, taxes, strict=True):
        # Once: a credit note tells it, be it that about the end of an exchange which this pays.
        event = asked if refund.id in invoiced else structs.replace(asked, tax_minor=tax.tax_minor, taxes=tax.taxes)
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
    bought = await lock_bought(conn, order_id)
    work = await payments.lock_payment(conn, bought.payment.id)
    assert work is not None
    event = releasing.release(bought, work, await store.of_order(conn, order_id), wanted, uuid7())
    refund = domain.evolve(None, event, 1)
    tax = taxing.tax_in(refund, bought, await store.as_it_went(conn, order_id))
    event = structs.replace(event, tax_minor=tax.tax_minor, taxes=tax.taxes)
    # Ahead of the stock, as placing holds them.
    freed: Positions = {}
    if payments.can(work.payment.method).on_credit:
        freed = await invoices.release(conn, order_id, event.amount_minor, cause)
    positions = together(freed, await _restock(conn, event, cause))
    inserted = await store.insert(conn, refund, event, cause)
    released = work.payment.released_minor + event.amount_minor
    reduced = await payments.reduce(conn, work.payment, released, cause)
    return _shown(refund), together(positions, inserted, reduced)


async def lock_bought(conn: Connection, order_id: UUID) -> Bought:
    """What an order's refunds are decided from, the order held until the transaction ends."""
    order = await orders.lock_whole(conn, order_id)
    payment = await payments.find_payment(conn, order.payment_id)
    assert payment is not None
    shipped = await store.shipped(conn, order_id)
    received = await store.received(conn, order_id)
    credits = order.replaces.credits if order.replaces else []
    tax = sum(each.tax_minor for each in order.taxes) or order.totals.tax_minor  # of old orders no more is told
    return Bought(
        order.lines, order.totals, order.allocations, payment, shipped, order.gift_cards, received, credits,
        tax_minor=tax, taxes=order.taxes, dropped=order.dropped,
    )  # fmt: skip


async def _restock(conn: Connection, event: RefundRequested | AmountReleased, cause: Metadata) -> Positions:
    if not event.restocked:
        return {}
    items = await orders.items_of(conn, event.order_id)
    back = [(items[a.sku, a.warehouse], a.quantity) for a in event.restocked]
    return await inventory.put_back(conn, event.order_id, back, "refunded", cause)


def _shown(refund: Refund) -> RefundState:
    return RefundState(
        refund.id, refund.order_id, refund.state, Money(refund.amount_minor, refund.currency), refund.reason,
        refund.lines, Money(refund.shipping_minor, refund.currency), refund.restocked,
    )  # fmt: skip

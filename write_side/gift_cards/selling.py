"""Gift cards that were bought are issued once their money is taken: exactly once, with the checkpoint. Their mails tell
the codes (notifications), and an order of which nothing else is to come is done."""

from collections.abc import Sequence
from secrets import token_hex
from typing import cast
from uuid import UUID

from shared.codec import Event, decode_events, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.gift_cards import GiftCardIssued
from shared.events.orders import GoodsDropped, OrderCancelled, OrderCompleted, OrderExpired
from shared.events.payments import PaymentCaptured
from shared.events.refunds import RefundFailed, RefundSucceeded
from shared.ids import uuid7
from write_side import fulfilment, orders, refunds
from write_side.database import Connection
from write_side.gift_cards import domain, sold, store
from write_side.orders import Order
from write_side.reactions import Reaction

_ENDING = (OrderCancelled, OrderExpired, OrderCompleted)  # of what was added
_LEAVING = tuple(tag_of(kind) for kind in (RefundSucceeded, RefundFailed, GoodsDropped, *_ENDING))
SCAN = 500  # events looked at in one go: few orders have gift cards


def reactions(secret: str) -> list[Reaction]:
    """What a capture leads to; `secret` is MASTER_KEY."""

    async def issue(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        assert isinstance(event, PaymentCaptured)
        order = await orders.lock_whole(conn, event.order_id)
        withheld = refunds.withheld(await refunds.of_order(conn, order.id))
        worth = [
            (line.sku, amount_minor) for line in order.lines if line.gift_card
            for amount_minor in sold.worth(line, withheld.get(line.sku, 0))
        ]  # fmt: skip
        if worth:
            await _issue(conn, secret, order, worth, cause)
        await _complete(conn, order.id, cause)

    async def complete(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
        order_id = cast(OrderCompleted, event).order_id
        order = await orders.find_head(conn, order_id)
        first = order.adds_to if order is not None and isinstance(event, _ENDING) else None
        await _complete(conn, first or order_id, cause)

    return [
        Reaction("sold_gift_cards", (tag_of(PaymentCaptured),), issue, SCAN, _with_gift_cards),
        Reaction("gift_cards_left", _LEAVING, complete, SCAN, _beside_gift_cards, most=1),
    ]


async def _complete(conn: Connection, order_id: UUID, cause: Metadata) -> None:
    """An order of gift cards alone is done once it has them; one whose goods were all paid back before any of them
    left, as well. Where a parcel has left, its arrival ends the order. It waits for what was added to it, which goes
    where it goes."""
    order = await orders.lock_whole(conn, order_id)
    if order.state != "confirmed" or await orders.is_being_refunded(conn, order_id):
        return
    if not await fulfilment.is_paid_back(conn, order) or await _is_added_to(conn, order):
        return
    if any(card.state == "active" for card in await store.of_order(conn, order_id)):
        await orders.complete(conn, order, cause)


async def _is_added_to(conn: Connection, first: Order) -> bool:
    """Whether something that was added is not over: nothing is added to an order that is held, and what ends meanwhile
    has it looked at again."""
    added = [await orders.find_head(conn, order_id) for order_id in first.additions]
    return any(order is not None and order.state in orders.RUNNING for order in added)


async def _issue(
    conn: Connection, secret: str, order: Order, worth: Sequence[tuple[str, int]], cause: Metadata
) -> None:
    """A card of each SKU and amount; a call to Postgres for each would hold up the feed, and end in its timeout."""
    keys = {uuid7(): token_hex(16) for _ in worth}
    marks = [domain.mark_of(secret, domain.new_code(secret, id_, key)) for id_, key in keys.items()]
    issued = [
        GiftCardIssued(id_, mark, amount_minor, order.totals.currency, None, order.id, sku)
        for id_, mark, (sku, amount_minor) in zip(keys, marks, worth, strict=True)
    ]
    await store.insert(conn, issued, cause)
    await store.keep_keys(conn, keys)


async def _with_gift_cards(conn: Connection, events: Sequence[Recorded]) -> list[Recorded]:
    """Those of orders that bought some; one question for all of them."""
    of = {recorded.position: _order_of(recorded) for recorded in events}
    found = await orders.with_gift_cards(conn, list(of.values()))
    return [recorded for recorded in events if of[recorded.position] in found]


async def _beside_gift_cards(conn: Connection, events: Sequence[Recorded]) -> list[Recorded]:
    """The same with what was added to such orders."""
    of = {recorded.position: _order_of(recorded) for recorded in events}
    groups = await orders.added_to(conn, list(of.values()))
    firsts = {order_id: first for first, added in groups for order_id in added}
    found = await orders.with_gift_cards(conn, [*of.values(), *firsts.values()])
    return [recorded for recorded in events if {(id_ := of[recorded.position]), firsts.get(id_)} & found]


def _order_of(recorded: Recorded) -> UUID:
    [event] = decode_events(recorded.type, recorded.payload)
    return cast(PaymentCaptured, event).order_id

"""Gift cards that were bought are issued once their money is taken: exactly once, with the checkpoint. Their mails tell
the codes (notifications), and an order of which nothing else is to come is done."""

from collections.abc import Sequence
from secrets import token_hex
from uuid import UUID

from shared.codec import Event, decode_events, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.gift_cards import GiftCardIssued
from shared.events.orders import GoodsDropped
from shared.events.payments import PaymentCaptured
from shared.events.refunds import RefundFailed, RefundSucceeded
from shared.ids import uuid7
from write_side import fulfilment, orders, refunds
from write_side.database import Connection
from write_side.gift_cards import domain, sold, store
from write_side.orders import Order
from write_side.reactions import Reaction

_OF_GOODS = tuple(tag_of(kind) for kind in (RefundSucceeded, RefundFailed, GoodsDropped))
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
        assert isinstance(event, RefundSucceeded | RefundFailed | GoodsDropped)
        await _complete(conn, event.order_id, cause)

    return [
        Reaction("sold_gift_cards", (tag_of(PaymentCaptured),), issue, SCAN, _with_gift_cards),
        Reaction("gift_cards_left", _OF_GOODS, complete, SCAN, _with_gift_cards),
    ]


async def _complete(conn: Connection, order_id: UUID, cause: Metadata) -> None:
    """An order of gift cards alone is done once it has them; one whose goods were all paid back before any of them
    left, as well. Where a parcel has left, its arrival ends the order."""
    order = await orders.lock_whole(conn, order_id)
    if order.state != "confirmed" or await orders.is_being_refunded(conn, order_id):
        return
    if await fulfilment.has_parcels(conn, order):
        return
    if any(card.state == "active" for card in await store.of_order(conn, order_id)):
        await orders.complete(conn, order, cause)


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


def _order_of(recorded: Recorded) -> UUID:
    [event] = decode_events(recorded.type, recorded.payload)
    assert isinstance(event, PaymentCaptured | RefundSucceeded | RefundFailed | GoodsDropped)
    return event.order_id

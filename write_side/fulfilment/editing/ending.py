"""An order of which nothing goes any more is completed by itself, and nobody is mailed: that their money went back they
were told. What has arrived completes its order otherwise (booking/steps.py), and so do gift cards (gift_cards/selling).
"""

from collections.abc import Sequence, Set
from typing import cast
from uuid import UUID

from shared.codec import Event, decode_events, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.orders import GoodsDropped, OrderCancelled, OrderCompleted, OrderExpired
from shared.events.payments import PaymentCaptured
from shared.events.refunds import RefundFailed, RefundSucceeded
from write_side import gift_cards, orders, refunds
from write_side.database import Connection
from write_side.fulfilment.editing import group as groups
from write_side.fulfilment.editing.group import Group
from write_side.fulfilment.standing import Standing
from write_side.orders import Order
from write_side.reactions import SELDOM, Reaction

SCAN = 500  # events looked at in one go: hardly any is of an order of which nothing goes
_ENDING = (OrderCancelled, OrderExpired, OrderCompleted)
_LOOKED_AT = tuple(tag_of(kind) for kind in (RefundSucceeded, RefundFailed, GoodsDropped, PaymentCaptured, *_ENDING))


def reactions() -> list[Reaction]:
    """Each locks a group of orders, so that two in one transaction could lock each other out with whoever holds one of
    them."""
    return [Reaction("nothing_goes", _LOOKED_AT, _end, SCAN, _concerned, most=1, pause=SELDOM)]


def over(group: Group, with_cards: Set[UUID]) -> list[Order]:
    """Which orders of a group are done though nothing of them went: what was added first, since the first one says
    where that goes. `with_cards`: those that gift cards are left of, which end them."""
    done = [each.order for each in group.added if _is_over(each, with_cards)]
    others = [each.order for each in group.added if each.order not in done]
    waits = any(order.state in orders.RUNNING for order in others)
    return [*done, group.first.order] if not waits and _is_over(group.first, with_cards) else done


def _is_over(stands: Standing, with_cards: Set[UUID]) -> bool:
    """What a refund that failed has put back into stock is not sent any more, and is over once its money went back
    otherwise."""
    order = stands.order
    if order.state != "confirmed" or not stands.captured or order.id in with_cards:
        return False
    return not stands.has_parcels and not _under_way(stands) and stands.covers(stands.unnamed)


def _under_way(stands: Standing) -> bool:
    return any(refund.state in ("requested", "pending") for refund in stands.given)


def _order_of(recorded: Recorded) -> tuple[type, UUID]:
    [event] = decode_events(recorded.type, recorded.payload)
    return type(event), cast(OrderCompleted, event).order_id


async def _concerned(conn: Connection, events: Sequence[Recorded]) -> list[Recorded]:
    """One question for all that are captured, and one for all that are over: hardly any had something let go of before,
    or was added to another one."""
    of = {recorded.position: _order_of(recorded) for recorded in events}
    captured = [order_id for kind, order_id in of.values() if kind is PaymentCaptured]
    ended = [order_id for kind, order_id in of.values() if kind in _ENDING]
    given = await refunds.given_among(conn, captured) if captured else set()
    added = await orders.additions_among(conn, ended) if ended else set()

    def concerns(kind: type, order_id: UUID) -> bool:
        return order_id in (given if kind is PaymentCaptured else added if kind in _ENDING else {order_id})

    return [recorded for recorded in events if concerns(*of[recorded.position])]


async def _end(conn: Connection, _: Recorded, event: Event, cause: Metadata) -> None:
    group = (await groups.lock(conn, cast(OrderCompleted, event).order_id))[1]
    with_cards = {each.order.id for each in (*group.added, group.first) if await _has_cards(conn, each)}
    for order in over(group, with_cards):
        await orders.complete(conn, order, cause, nothing_went=True)


async def _has_cards(conn: Connection, stands: Standing) -> bool:
    """Whether gift cards that it bought are good, or are still to be issued."""
    sold = [line for line in stands.order.lines if line.gift_card]
    if not any(refunds.unrefunded(sold, stands.given).values()):
        return False
    cards = await gift_cards.of_order(conn, stands.order.id)
    return not cards or any(card.state == "active" for card in cards)

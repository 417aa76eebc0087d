"""What a refund gives back to in our own books, gift cards and invoices, and how these are held: ahead of the stock, as
placing holds them."""

from collections.abc import Sequence
from uuid import UUID

from write_side import gift_cards, invoices, orders, payments
from write_side.database import Connection
from write_side.refunds.domain import Bought, Refund


async def by_invoice(conn: Connection, bought: Bought, made: Sequence[Refund]) -> dict[UUID, UUID]:
    """Refund → the order whose invoice it is taken off: where goods were exchanged that may be an earlier one."""
    found = {}
    for refund in made:
        own = refund.payment_id == bought.payment.id
        payment = bought.payment if own else await payments.find_payment(conn, refund.payment_id)
        assert payment is not None
        if payments.can(payment.method).on_credit and refund.charged_minor:
            found[refund.id] = payment.order_id
    return found


async def hold(conn: Connection, order: orders.Order) -> None:
    """Lock all that a refund of an order may give back to: for who moves stock first."""
    await gift_cards.hold(conn, order.id, [part.gift_card_id for part in order.gift_cards])
    credits = order.replaces.credits if order.replaces else ()
    earlier = [await payments.find_payment(conn, part.payment_id) for part in credits]
    await invoices.hold(conn, [order.id, *(payment.order_id for payment in earlier if payment)])

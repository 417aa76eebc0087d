"""What a refund gives back to in our own books, gift cards and invoices, and how these are held.

Everybody locks in this order: orders, the first of a group first; promotions; gift cards; invoices; credit; the numbers
of credit notes; stock; and what is appended comes last, for the feed waits for whoever has appended. Of each kind all
are locked at once, in the order of their ids. Whoever refunds several orders holds what all of them need by one `hold`.
"""

from collections.abc import Sequence
from uuid import UUID

from shared.events.orders import CreditPart
from write_side import gift_cards, invoices, orders, payments
from write_side.database import Connection
from write_side.refunds.domain import Bought, Refund


async def by_invoice(conn: Connection, bought: Bought, made: Sequence[Refund]) -> dict[UUID, UUID]:
    """Refund → the order whose invoice it goes by, and is taken off as far as it is charged: where goods were exchanged
    that may be an earlier one."""
    found = {}
    for refund in made:
        own = refund.payment_id == bought.payment.id
        payment = bought.payment if own else await payments.find_payment(conn, refund.payment_id)
        assert payment is not None
        if payments.can(payment.method).on_credit:
            found[refund.id] = payment.order_id
    return found


async def hold(conn: Connection, held: Sequence[orders.Order]) -> None:
    """Lock all that refunds of these orders may give back to: for who moves stock first, or refunds several."""
    ids = [order.id for order in held]
    await gift_cards.hold(conn, ids, [part.gift_card_id for order in held for part in order.gift_cards])
    await _hold_invoices(conn, ids, [part for order in held if order.replaces for part in order.replaces.credits])


async def hold_invoices(conn: Connection, bought: Bought) -> None:
    """Lock those that a refund may be taken off, and the numbers of credit notes: behind gift cards, and ahead of the
    first event, or the feed waits as long as we do for whoever has the numbers."""
    await _hold_invoices(conn, [bought.payment.order_id], bought.credits)


async def _hold_invoices(conn: Connection, order_ids: Sequence[UUID], credits: Sequence[CreditPart]) -> None:
    earlier = [await payments.find_payment(conn, part.payment_id) for part in credits]
    await invoices.hold(conn, [*order_ids, *(payment.order_id for payment in earlier if payment)])

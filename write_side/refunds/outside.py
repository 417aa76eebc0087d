"""Refunds that nobody asked us for: staff made them at the provider. They carry no id of ours, and are found by the
intent whose money they give back; written down, they count like any other."""

import logging

from shared.envelope import Metadata
from shared.events.refunds import RefundRequested
from shared.ids import uuid7
from write_side import orders, payments
from write_side.database import Connection
from write_side.event_log import Positions
from write_side.payments import Payment, SeenRefund
from write_side.refunds import domain, store
from write_side.refunds.domain import OUTSIDE, Refund

log = logging.getLogger(__name__)


async def lock_paid(conn: Connection, seen: SeenRefund) -> Payment | None:
    """The payment whose money a refund made outside gives back, its order held; None if it is none of ours, or one that
    we asked for."""
    if seen.refund_id is not None or seen.intent_id is None:
        return None
    payment = await payments.find_by_intent(conn, seen.intent_id)
    if payment is not None:
        await orders.lock_order(conn, payment.order_id)
    return payment


async def take_down(
    conn: Connection, payment: Payment, seen: SeenRefund, cause: Metadata
) -> tuple[Refund | None, Positions]:
    """The refund as it stands in the books, written down if it is new; None where no money moved.

    What an authorization lets go of is a refund to Stripe as well: that is told by the payment.
    """
    known = [each for each in await store.of_order(conn, payment.order_id) if each.provider_id == seen.provider_id]
    if known:
        return known[0], {}
    if not seen.money_moved or seen.status in ("failed", "canceled"):
        return None, {}
    # Which goods it was for nobody knows, so by which rates it is nobody can tell.
    event = RefundRequested(
        uuid7(), payment.order_id, payment.id, payment.intent_id or "", seen.amount_minor, seen.currency, OUTSIDE, [],
        0, [],
    )  # fmt: skip
    refund = domain.evolve(None, event, 1)
    fields = {"order_id": str(payment.order_id), "refund_id": str(refund.id), "provider_id": seen.provider_id}
    log.warning("a refund was made outside", extra={"fields": fields})
    return refund, await store.insert(conn, refund, event, cause)

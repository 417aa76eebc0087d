"""What went back at the provider is what we say went back, refund by refund, and never more than an order had cost."""

from collections import Counter

from doorbuster.invariants.captures import Provider, listed
from write_side.database import Connection
from write_side.orders import store as orders
from write_side.payments import store as payments
from write_side.refunds import store as refunds
from write_side.refunds.domain import OUTSIDE

_GONE = ("pending", "succeeded")  # has left, or may still come back


async def differences(conn: Connection, provider: Provider) -> list[str]:
    """Refunds that don't match the provider's, and orders of which more went back than was paid; one line each."""
    there = {
        (refund["metadata"].get("refund_id"), refund["id"]): (refund["amount"], refund["currency"].upper())
        async for refund in listed(provider, "refunds")
        if refund["status"] in _GONE and refund["balance_transaction"]  # without one it let go of an authorization
    }
    ways = {payment.id: payment.method for payment in await payments.all_payments(conn)}
    found, back = [], Counter[str]()
    for refund in await refunds.all_refunds(conn):
        if refund.state in (*_GONE, "failed"):  # of one that failed, what gift cards got
            back[str(refund.order_id)] += refund.counted_minor
        if refund.state not in _GONE:
            continue
        ours = (refund.charged_minor, refund.currency)
        if not refund.charged_minor or ways[refund.payment_id] != "card":
            continue  # gift cards and invoices: nobody else knows of it
        named = None if refund.reason == OUTSIDE else str(refund.id)
        theirs = there.pop((named, str(refund.provider_id)), None)
        if theirs != ours:
            found.append(f"refund {refund.id}: gives {ours} back, the provider {theirs}")
    found += [f"{id_}: {amount} went back for no refund of ours ({ours})" for (ours, id_), amount in there.items()]
    costs = {str(order.id): order.totals.total_minor for order in await orders.all_orders(conn)}
    return found + [
        f"order {id_}: cost {costs.get(id_, 0)}, and {amount} went back"
        for id_, amount in back.items()
        if amount > costs.get(id_, 0)
    ]

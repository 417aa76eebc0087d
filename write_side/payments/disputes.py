"""What we read of Stripe's disputes, also called chargebacks."""

from msgspec import Struct

from write_side.fraud import Dispute as Said
from write_side.payments.domain import SeenDispute


class Dispute(Struct):
    """What we read of Stripe's Dispute. Its metadata is its own: only the intent tells whose it is."""

    id: str
    status: str
    reason: str
    amount: int
    currency: str
    payment_intent: str | None = None


def dispute_in(dispute: Dispute) -> SeenDispute:
    """A dispute in our words."""
    said = Said(dispute.id, dispute.status, dispute.reason, dispute.amount, dispute.currency.upper())
    return SeenDispute(dispute.payment_intent, said)

"""Who takes the money of a payment: one interface, chosen by the payment's method.

Whatever it says is a fact (`Seen`) that `orders.learn` judges, so that a new method needs no new way of an order.
"""

from typing import Protocol

from write_side.payments.domain import Payment, Seen
from write_side.payments.gateway import Gateway


class Provider(Protocol):
    """Each call answers what the payment is like there afterwards, may be repeated, and raises `ProviderDown` or
    `ProviderRefused`."""

    async def create(self, payment: Payment) -> Seen:
        """Make what is to be authorized, or find what was made before."""

    async def look(self, payment: Payment) -> Seen:
        """As it is now."""

    async def capture(self, payment: Payment, attempt: int) -> Seen:
        """Take what is due of what was authorized."""

    async def cancel(self, payment: Payment, attempt: int) -> Seen:
        """Make sure that nothing can be taken any more."""


class NothingToPay:
    """For orders that gift cards pay in full: they were taken as the order was placed, and nobody has to be asked."""

    async def create(self, payment: Payment) -> Seen:
        """Good from the start."""
        return _seen(payment, "requires_capture")

    async def look(self, payment: Payment) -> Seen:
        """Still good."""
        return _seen(payment, "requires_capture")

    async def capture(self, payment: Payment, attempt: int) -> Seen:
        """All there."""
        return _seen(payment, "succeeded")

    async def cancel(self, payment: Payment, attempt: int) -> Seen:
        """What the gift cards paid goes back as the order ends."""
        return _seen(payment, "canceled")


def _seen(payment: Payment, status: str) -> Seen:
    intent_id = f"{payment.method}:{payment.id}"
    due = payment.due_minor if status == "succeeded" else payment.amount_minor
    return Seen(
        intent_id, status, payment.amount_minor, payment.currency, due, payment.id, payment.order_id, client_secret="",
    )  # fmt: skip


NOTHING_TO_PAY = NothingToPay()


def provider_of(gateway: Gateway, payment: Payment) -> Provider:
    """Who takes the money of this payment."""
    return gateway if payment.method == "card" else NOTHING_TO_PAY

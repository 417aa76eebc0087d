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


class OurBooks:
    """For what stands in our own books: gift cards that pay an order in full, and the credit of accounts that buy on
    invoice. Both were taken as the order was placed; what goes back does so as it is cancelled or refunded. Nobody has
    to be asked."""

    async def create(self, payment: Payment) -> Seen:
        """Good from the start."""
        return _seen(payment, "requires_capture")

    async def look(self, payment: Payment) -> Seen:
        """Still good."""
        return _seen(payment, "requires_capture")

    async def capture(self, payment: Payment, attempt: int) -> Seen:
        """Taken; an invoice is issued as the order learns of it."""
        return _seen(payment, "succeeded")

    async def cancel(self, payment: Payment, attempt: int) -> Seen:
        """What was taken goes back as the order ends."""
        return _seen(payment, "canceled")


def _seen(payment: Payment, status: str) -> Seen:
    intent_id = f"{payment.method}:{payment.id}"
    due = payment.due_minor if status == "succeeded" else payment.amount_minor
    return Seen(
        intent_id, status, payment.amount_minor, payment.currency, due, payment.id, payment.order_id, client_secret="",
    )  # fmt: skip


OUR_BOOKS = OurBooks()


def in_our_books(intent_id: str) -> bool:
    """Whether this is an intent that nobody outside knows."""
    return not intent_id.startswith("pi_")


def provider_of(gateway: Gateway, payment: Payment) -> Provider:
    """Who takes the money of this payment."""
    return gateway if payment.method == "card" else OUR_BOOKS

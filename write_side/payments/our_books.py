"""For what stands in our own books: gift cards that pay an order in full, goods that come back and pay for others, and
the credit of accounts that buy on invoice. All were taken as the order was placed; what goes back does so as it is
cancelled or refunded. Nobody has to be asked."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Never

from shared.settings import FraudChecks, Settings
from write_side.payments.asking import ProviderRefused, every
from write_side.payments.domain import Owed, Payment, Seen, SeenRefund
from write_side.payments.providers import Abilities, Method, Provider


class BookedRefunds:
    """Given back in the transaction that asked for it."""

    async def create(self, owed: Owed) -> SeenRefund:
        """Done already."""
        return SeenRefund(
            f"booked:{owed.refund_id}", "succeeded", owed.amount_minor, owed.currency, owed.intent_id, owed.refund_id,
            owed.order_id,
        )  # fmt: skip

    async def read(self, owed: Owed) -> SeenRefund:
        """Still done."""
        return await self.create(owed)

    async def find(self, owed: Owed) -> SeenRefund | None:
        """Nobody else knows of any."""
        return None

    def made_since(self, since: datetime) -> AsyncIterator[SeenRefund]:
        """Nobody else knows of any."""
        return every(_nothing)


class OurBooks:
    """Every answer is known from the start. `checks`: what is made of a suspicion: no bank looks, and goods leave."""

    refunds = BookedRefunds()

    def __init__(self, checks: FraudChecks = "off") -> None:
        self._checks = checks

    def room(self, wanted: int) -> int:
        """Nobody is in the way."""
        return wanted

    async def create(self, payment: Payment) -> Seen:
        """Good from the start."""
        return self._seen(payment, "requires_capture")

    async def look(self, payment: Payment) -> Seen:
        """Still good."""
        return self._seen(payment, "requires_capture")

    async def retry(self, payment: Payment, method_id: str, number: int) -> Seen:
        """Nothing is ever declined."""
        raise ProviderRefused("nothing_declined", impossible=True)

    async def capture(self, payment: Payment, attempt: int) -> Seen:
        """Taken; an invoice is issued as the order learns of it."""
        return self._seen(payment, "succeeded")

    async def cancel(self, payment: Payment, attempt: int) -> Seen:
        """What was taken goes back as the order ends."""
        return self._seen(payment, "canceled")

    def made_since(self, since: datetime) -> AsyncIterator[Seen]:
        """Nobody else knows of any."""
        return every(_nothing)

    def _seen(self, payment: Payment, status: str) -> Seen:
        intent_id = f"{payment.method}:{payment.id}"
        due = payment.due_minor if status == "succeeded" else payment.amount_minor
        return Seen(
            intent_id, status, payment.amount_minor, payment.currency, due, payment.id, payment.order_id,
            client_secret="", checks=self._checks,
        )  # fmt: skip


async def _nothing(after: str | None) -> tuple[Sequence[Never], None]:
    return [], None


OUR_BOOKS = OurBooks()


def _open(settings: Settings) -> AbstractAsyncContextManager[Provider]:
    return nullcontext(OurBooks(settings.fraud_checks))


INVOICE = Method(Abilities(on_credit=True), _open)
GIFT_CARD = EXCHANGE = Method(Abilities(), _open)

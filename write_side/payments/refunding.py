"""What we ask of Stripe about refunds, and what we read of them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import stripe
from msgspec import Struct

from write_side.payments.asking import every, heard
from write_side.payments.domain import Owed, SeenRefund
from write_side.payments.intents import uuid_of

PAGE = 100  # refunds: as many as Stripe gives at once


class Refund(Struct):
    """What we read of Stripe's Refund."""

    id: str
    amount: int
    currency: str
    status: str | None = None
    payment_intent: str | None = None
    metadata: dict[str, str] | None = None
    failure_reason: str | None = None
    balance_transaction: str | None = None


class Refunds:
    """Stripe's refunds, as a `RefundProvider`."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._refunds = client.v1.refunds

    async def create(self, owed: Owed) -> SeenRefund:
        """Give back so much of an intent. Our id is the key, always the same: no repeat is ever a second refund."""
        params: stripe.params.RefundCreateParams = {
            "payment_intent": owed.intent_id,
            "amount": owed.amount_minor,
            "metadata": {"refund_id": str(owed.refund_id), "order_id": str(owed.order_id)},
        }
        call = self._refunds.create_async(params, {"idempotency_key": str(owed.refund_id)})
        return await heard("refund", call, _shown_by)

    async def read(self, owed: Owed) -> SeenRefund:
        """A refund as it is now."""
        assert owed.provider_id is not None
        return await heard("read_refund", self._refunds.retrieve_async(owed.provider_id), _shown_by)

    async def find(self, owed: Owed) -> SeenRefund | None:
        """The refund of an intent that carries our id, if Stripe has one."""
        async for seen in every(lambda after: self._listed({"limit": PAGE, "payment_intent": owed.intent_id}, after)):
            if seen.refund_id == owed.refund_id:
                return seen
        return None

    def made_since(self, since: datetime) -> AsyncIterator[SeenRefund]:
        """Refunds made since then, newest first."""
        made = int(since.timestamp())
        return every(lambda after: self._listed({"limit": PAGE, "created": {"gte": made}}, after))

    async def _listed(
        self, params: stripe.params.RefundListParams, after: str | None
    ) -> tuple[Sequence[SeenRefund], str | None]:
        if after is not None:
            params["starting_after"] = after
        return await heard("list_refunds", self._refunds.list_async(params), _page_of)


def refund_in(refund: Refund) -> SeenRefund:
    """The facts in a refund."""
    metadata = refund.metadata or {}
    return SeenRefund(
        refund.id,
        refund.status or "pending",
        refund.amount,
        refund.currency.upper(),
        refund.payment_intent,
        uuid_of(metadata.get("refund_id")),
        uuid_of(metadata.get("order_id")),
        refund.failure_reason,
        money_moved=refund.balance_transaction is not None,
    )


def _shown_by(refund: stripe.Refund) -> SeenRefund:
    return refund_in(_converted(refund))


def _page_of(listed: stripe.ListObject[stripe.Refund]) -> tuple[Sequence[SeenRefund], str | None]:
    seen = [_shown_by(refund) for refund in listed.data]
    return seen, seen[-1].provider_id if listed.has_more and seen else None


def _converted(refund: Any) -> Refund:
    return msgspec.convert(refund.to_dict(), Refund)

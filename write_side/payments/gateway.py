"""Stripe, through its own SDK, whatever STRIPE_API_BASE points to. Nobody else knows what it says, but the files beside
this one: `bounded_client` is the way there, `asking` one call, `intents` and `refunding` what is read.

Every call has a time limit, is tried once (the rows remember what is to be tried again), and stands outside of any
transaction. Idempotency keys derive from the payment's id, so that a repeat of ours is never a second charge.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import msgspec
import stripe
from msgspec import Struct, structs
from stripe import PaymentIntent

from shared.settings import Settings
from write_side.errors import Refusal
from write_side.fraud import marker
from write_side.payments.asking import CircuitOpen, KeptFailure, ProviderDown, down, every, heard
from write_side.payments.bounded_client import BoundedClient
from write_side.payments.disputes import Dispute, dispute_in
from write_side.payments.domain import Payment, Seen, SeenDispute, SeenRefund
from write_side.payments.intents import Intent, page_of, seen_in, shown_by, shown_in
from write_side.payments.providers import Abilities, Method
from write_side.payments.refunding import Refund, Refunds, refund_in

TOLERANCE = 300  # seconds that a webhook may have been on its way
TIMEOUT = 8.0  # seconds; less than the time for which a worker claims a payment
PAGE = 100  # intents: as many as Stripe gives at once
KEYS = 20  # for the intent of one payment

log = logging.getLogger(__name__)


class BadSignature(Refusal):
    """The webhook does not come from Stripe, or is an old one sent again."""

    status = 400
    code = "bad_signature"


class BrokenNotice(Refusal):
    """Signed, but not of the shape that we read."""

    status = 400
    code = "broken_notice"


class Notice(Struct, frozen=True):
    """A webhook: the provider's id and name of its event, and what it shows, if that is an intent, a refund or a
    dispute."""

    id: str
    type: str
    seen: Seen | None
    refund: SeenRefund | None = None
    dispute: SeenDispute | None = None

    @property
    def about(self) -> UUID | None:
        """The order that it is about, as far as it says; a dispute says nothing of it."""
        shown = self.seen or self.refund
        return None if shown is None else shown.order_id

    @property
    def intent_id(self) -> str | None:
        """The intent that is all it names: a dispute does, and a refund that we didn't ask for."""
        if self.refund is not None and self.refund.refund_id is not None:
            return None
        shown = self.dispute or self.refund
        return None if shown is None else shown.intent_id


class Gateway:
    """What we ask of Stripe, as a `Provider`."""

    def __init__(self, client: stripe.StripeClient, http: BoundedClient, settings: Settings) -> None:
        self._client, self._intents = client, client.v1.payment_intents
        self.refunds = Refunds(client)
        self._http, self._settings = http, settings

    async def create(self, payment: Payment) -> Seen:
        """The intent of a payment; the same one each time. All parameters come from columns that never change.

        While Stripe repeats failures that it keeps, the next key is asked. Whoever asks goes through the same keys, so
        that a lost answer is heard again, and worker and client meet. What may have been made behind a failure nobody
        can pay: its secret was never told.
        """
        for number in range(1, KEYS + 1):
            try:
                return await self._created(payment, _key(payment.id, "create", number))
            except KeptFailure:
                log.warning("Stripe keeps a failure", extra={"fields": {"payment_id": str(payment.id), "key": number}})
        raise down(ProviderDown)

    async def _created(self, payment: Payment, key: str) -> Seen:
        params: stripe.params.PaymentIntentCreateParams = {
            "amount": payment.amount_minor,
            "currency": payment.currency.lower(),
            "capture_method": "manual",
            "automatic_payment_methods": {"enabled": True},
            "metadata": {"payment_id": str(payment.id), "order_id": str(payment.order_id)},
        }
        # As the SDK's `create`, which makes an object of its own of each part of the answer: half of what a call costs,
        # and there is one for each order.
        call = self._client.raw_request_async("post", "/v1/payment_intents", **params, idempotency_key=key)
        seen = self._looked_at(await heard("create", call, shown_in))
        return _meant(seen, fits=seen.payment_id == payment.id)

    async def read(self, intent_id: str) -> Seen:
        """The intent as it is now."""
        seen = await self._asked("read", self._intents.retrieve_async(intent_id, {"expand": ["latest_charge"]}))
        return _meant(seen, fits=seen.intent_id == intent_id)

    async def look(self, payment: Payment) -> Seen:
        """The payment's intent as it is now."""
        assert payment.intent_id is not None
        return await self.read(payment.intent_id)

    async def retry(self, payment: Payment, method_id: str, number: int) -> Seen:
        """Try again to authorize with what was declined. The customer may be gone: where their bank wants to see them,
        that is a decline. Each retry has a key of its own, since a key remembers a decline."""
        params: stripe.params.PaymentIntentConfirmParams = {
            "payment_method": method_id,
            "error_on_requires_action": True,
            "expand": ["latest_charge"],
            "return_url": f"{self._settings.public_read_url}/v1/orders/{payment.order_id}",
        }
        key = f"{payment.id}:retry:{number}"
        call = self._intents.confirm_async(payment.intent_id or "", params, {"idempotency_key": key})
        seen = await self._asked("retry", call)
        return _meant(seen, fits=seen.intent_id == payment.intent_id)

    async def capture(self, payment: Payment, attempt: int) -> Seen:
        """Take the money, less what is released: Stripe lets go of the rest. It captures an intent once, whatever the
        key."""
        key = _key(payment.id, "capture", attempt)
        params: stripe.params.PaymentIntentCaptureParams = {}
        if payment.released_minor:
            params["amount_to_capture"] = payment.due_minor
        call = self._intents.capture_async(payment.intent_id or "", params, {"idempotency_key": key})
        seen = await self._asked("capture", call)
        return _meant(seen, fits=seen.intent_id == payment.intent_id)

    async def cancel(self, payment: Payment, attempt: int) -> Seen:
        """Make sure that nothing can be charged; lets go of what was authorized."""
        key = _key(payment.id, "cancel", attempt)
        call = self._intents.cancel_async(payment.intent_id or "", {}, {"idempotency_key": key})
        seen = await self._asked("cancel", call)
        return _meant(seen, fits=seen.intent_id == payment.intent_id)

    def made_since(self, since: datetime) -> AsyncIterator[Seen]:
        """Intents made since then, newest first."""
        return every(lambda after: self.page(since, after))

    async def page(self, since: datetime, after: str | None) -> tuple[Sequence[Seen], str | None]:
        """Intents made since then, newest first, and after which of them the next page begins (None: that was all)."""
        params: stripe.params.PaymentIntentListParams = {
            "limit": PAGE, "created": {"gte": int(since.timestamp())}, "expand": ["data.latest_charge"],
        }  # fmt: skip
        if after is not None:
            params["starting_after"] = after
        seen, next_ = await heard("list", self._intents.list_async(params), page_of)
        return [self._looked_at(each) for each in seen], next_

    def room(self, wanted: int) -> int:
        """How many calls may begin now: what is due and has none waits in its row, untried."""
        return self._http.room(wanted)

    async def ping(self) -> None:
        """Any answer will do, as long as it is not a failure of Stripe's own; raises while there is none, and while the
        circuit is open."""
        if not self.room(1):
            raise down(CircuitOpen)
        _, status, _ = await self._http.request_unguarded("GET", f"{self._settings.stripe_api_base}/v1", {})
        if status >= 500:
            raise down(ProviderDown)

    def notice(self, body: bytes, signature: str) -> Notice:
        """A webhook's content once its signature holds; raises `BadSignature`, `BrokenNotice`."""
        if not signature.isascii():  # the SDK's comparison would fail on it
            raise BadSignature("the Stripe-Signature does not fit this body")
        try:
            secret = self._settings.stripe_webhook_secret
            stripe.WebhookSignature.verify_header(body.decode(), signature, secret, TOLERANCE)
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise BadSignature("the Stripe-Signature does not fit this body") from error
        try:
            event = _event.decode(body)
            shown = event.data.object
            kind = _kind.decode(shown).object
            seen = self._looked_at(seen_in(_intent.decode(shown))) if kind == "payment_intent" else None
            refund = refund_in(_refund.decode(shown)) if kind == "refund" else None
            dispute = dispute_in(_dispute.decode(shown)) if kind == "dispute" else None
        except (msgspec.DecodeError, RecursionError) as error:
            raise BrokenNotice("the webhook is no event as Stripe sends it") from error
        return Notice(event.id, event.type, seen, refund, dispute)

    async def _asked(self, operation: str, call: Awaitable[PaymentIntent]) -> Seen:
        """The intent that a call answers."""
        return self._looked_at(await heard(operation, call, shown_by))

    def _looked_at(self, seen: Seen) -> Seen:
        """With what is to be made of a suspicion, and the card's fingerprint as a mark."""
        mark = marker(self._settings.master_key, "card", seen.card.mark)
        return structs.replace(seen, card=structs.replace(seen.card, mark=mark), checks=self._settings.fraud_checks)


def _key(payment_id: UUID, what: str, attempt: int) -> str:
    # Stripe replays a stored answer to a key, a 500 included: an attempt that failed there needs another key.
    if attempt > 1:
        return f"{payment_id}:{what}:{attempt}"
    return str(payment_id) if what == "create" else f"{payment_id}:{what}"


def _meant(seen: Seen, *, fits: bool) -> Seen:
    """An answer about the intent that was asked about, as somebody who may pay it sees it; another one is none."""
    if not fits or seen.client_secret is None:
        log.error("the payment provider answers about something else", extra={"fields": {"intent_id": seen.intent_id}})
        raise down(ProviderDown)
    return seen


class _Shown(Struct):
    """What an event is about, as Stripe describes it."""

    object: msgspec.Raw


class StripeEvent(Struct):
    """What we read of a webhook."""

    id: str
    type: str
    data: _Shown


class _Kind(Struct):
    object: str


_event, _kind = msgspec.json.Decoder(StripeEvent), msgspec.json.Decoder(_Kind)
_intent, _refund = msgspec.json.Decoder(Intent), msgspec.json.Decoder(Refund)
_dispute = msgspec.json.Decoder(Dispute)


@asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[Gateway]:
    """The gateway on connections of its own. Stripe may be down at start."""
    logging.getLogger("stripe").setLevel(logging.WARNING)  # at DEBUG it writes answers down, client secrets included
    http = BoundedClient(TIMEOUT)
    client = stripe.StripeClient(
        settings.stripe_api_key,
        base_addresses={"api": settings.stripe_api_base},
        http_client=http,
        max_network_retries=0,
    )
    try:
        yield Gateway(client, http, settings)
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]


CARD = Method(Abilities(), open_gateway)

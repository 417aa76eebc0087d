"""Payments over HTTP, for whoever holds an order's token, and for Stripe."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, post
from litestar.params import FromPath, HeaderParameter
from msgspec import Struct

from shared.http.described import Asked, Link, leads_to, reads, refuses
from write_side.http import Answered, OrderToken, Shown, answered, cause, shown
from write_side.orders import AlreadyPaid
from write_side.payments import handlers
from write_side.payments.asking import ProviderDown
from write_side.payments.gateway import BadSignature, BrokenNotice, StripeEvent
from write_side.payments.handlers import CompletedPayment, OrderClosed, PaymentNotTaken, PaymentSession
from write_side.payments.methods import stripe_of
from write_side.resources import Own

Call = Request[Any, Any, Any]
Signature = Annotated[
    str, HeaderParameter(name="Stripe-Signature", description="Stripe's, over the body."), Asked((BadSignature,))
]
_SAME = {"payment_id": "$request.path.payment_id", "Order-Token": "$request.header.Order-Token"}


class Received(Struct, frozen=True):
    """What Stripe wants to hear."""

    received: bool = True


@post("/v1/payments/{payment_id:uuid}/session", status_code=200)
@refuses(AlreadyPaid, OrderClosed, PaymentNotTaken, ProviderDown)
@leads_to(Link("post_complete", _SAME))
async def post_session(
    request: Call, payment_id: FromPath[UUID], own: Own, token: OrderToken = None,
) -> Shown[PaymentSession]:  # fmt: skip
    """What a client needs to pay at Stripe; may be repeated. While Stripe is down the order waits."""
    payment = await handlers.open_payment(own.pool, payment_id, token, own.settings)
    key = own.settings.stripe_publishable_key
    session = await handlers.start_session(own.pool, own.providers, payment, key, cause(request))
    return shown(session)


@post("/v1/payments/{payment_id:uuid}/complete", status_code=200)
@refuses(PaymentNotTaken, ProviderDown)
async def post_complete(
    request: Call, payment_id: FromPath[UUID], own: Own, token: OrderToken = None,
) -> Answered[CompletedPayment]:  # fmt: skip
    """After paying at Stripe: look at the intent now, instead of waiting for the webhook. May be repeated."""
    payment = await handlers.open_payment(own.pool, payment_id, token, own.settings)
    return answered(request, await handlers.complete(own.pool, own.providers, payment, cause(request)))


@post("/v1/webhooks/stripe", status_code=200)
@reads(StripeEvent)
@refuses(BrokenNotice)
async def post_webhook(
    request: Call, own: Own, signature: Signature = ""
) -> Shown[Received]:
    """Stripe tells what happened. Whatever carries a good signature is taken, once."""
    stripe, body = stripe_of(own.providers), await request.body()
    await handlers.receive_notice(own.pool, stripe, own.announcements, body, signature, cause(request))
    return shown(Received())


routes = [post_session, post_complete, post_webhook]

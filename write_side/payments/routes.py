"""Payments over HTTP, for whoever holds an order's token, and for Stripe."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from shared.envelope import as_json
from shared.settings import Settings
from write_side.database import Pool
from write_side.http import answered, cause
from write_side.payments import handlers
from write_side.payments.gateway import Gateway

Call = Request[Any, Any, Any]
NO_STORE = {"Cache-Control": "no-store"}


@post("/v1/payments/{payment_id:uuid}/session", status_code=200)
async def post_session(
    request: Call, payment_id: FromPath[UUID], pool: NamedDependency[Pool], gateway: NamedDependency[Gateway],
    settings: NamedDependency[Settings],
) -> Response[bytes]:  # fmt: skip
    """What a client needs to pay at Stripe; may be repeated. 503 while Stripe is down: the order waits.

    401 `order_token_required`, 403 `wrong_order_token`; 409 `already_paid`, `order_closed`.
    """
    token = request.headers.get("order-token")
    payment = await handlers.open_payment(pool, payment_id, token, settings.link_secret)
    key = settings.stripe_publishable_key
    session = await handlers.start_session(pool, gateway, payment, key, cause(request))
    return Response(as_json(session), media_type="application/json", headers=NO_STORE)


@post("/v1/payments/{payment_id:uuid}/complete", status_code=200)
async def post_complete(
    request: Call, payment_id: FromPath[UUID], pool: NamedDependency[Pool], gateway: NamedDependency[Gateway],
    settings: NamedDependency[Settings],
) -> Response[bytes]:  # fmt: skip
    """After paying at Stripe: look at the intent now, instead of waiting for the webhook. May be repeated.

    401 `order_token_required`, 403 `wrong_order_token`; 503 while Stripe is down.
    """
    token = request.headers.get("order-token")
    payment = await handlers.open_payment(pool, payment_id, token, settings.link_secret)
    return answered(request, await handlers.complete(pool, gateway, payment, cause(request)))


@post("/v1/webhooks/stripe", status_code=200)
async def post_webhook(
    request: Call, pool: NamedDependency[Pool], gateway: NamedDependency[Gateway]
) -> Response[bytes]:
    """Stripe tells what happened. 400 `bad_signature`; whatever carries a good one is taken, once.

    400 `broken_notice` for what is signed and yet no event.
    """
    signature = request.headers.get("stripe-signature", "")
    await handlers.receive_notice(pool, gateway, await request.body(), signature, cause(request))
    return Response(b'{"received":true}', media_type="application/json")


routes = [post_session, post_complete, post_webhook]

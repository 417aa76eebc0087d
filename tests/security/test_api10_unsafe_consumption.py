"""OWASP API10: what a provider or a store answers is checked as hard as what a client sends, and never followed."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import msgspec
import pytest
from stripe import APIConnectionError

from doorbuster.simulators.signing import signature
from shared.links import order_token
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.integration.checkout.shop import Shop
from tests.security.servers import Answering, Listener, hang, listening, saying
from write_side.app import create_app
from write_side.payments.bounded_client import LARGEST_ANSWER, BoundedClient
from write_side.payments.gateway import TIMEOUT, TOLERANCE


def http(body: bytes, status: bytes = b"200 OK", *headers: bytes) -> bytes:
    head = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), b"Content-Type: application/json", *headers]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
INTENT = {"id": "pi_1", "object": "payment_intent", "status": "requires_payment_method", "amount": 1, "currency": "eur"}

ANSWERS: dict[str, Answering] = {
    "nothing at all": saying(b""),
    "no HTTP": saying(b"\x00\x01\x02\x03\r\n\r\n"),
    "no JSON": saying(http(b"<html>maintenance</html>")),
    "a list": saying(http(b"[]")),
    "a string": saying(http(b'"ok"')),
    "null": saying(http(b"null")),
    "no UTF-8": saying(http(b'{"id": "\xff"}')),
    "an object of another kind": saying(http(b'{"object": "charge"}')),
    "an intent with a text for an amount": saying(http(msgspec.json.encode({**INTENT, "amount": "1"}))),
    "an intent without an id": saying(http(msgspec.json.encode({**INTENT, "id": None}))),
    "an intent of somebody else": saying(http(msgspec.json.encode({**INTENT, "client_secret": "pi_1_secret_x"}))),
    "half of what it announced": saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"),
    "an error that is no error": saying(http(b"[]", b"500 Oops")),
    "a refusal that is no refusal": saying(http(b'{"error": "no"}', b"402 Payment Required")),
    "a broken gzip": saying(http(b"\x1f\x8b garbage", b"200 OK", b"Content-Encoding: gzip")),
    "a head without an end": saying(b"HTTP/1.1 200 OK\r\n", for_ever=b"X-More: and more\r\n"),
}


@asynccontextmanager
async def paying_at(
    answering: Answering, shop: Shop, settings: Settings
) -> AsyncIterator[tuple[httpx.Response, Listener]]:
    """What a client hears who wants to pay while Stripe answers so."""
    order = await shop.order(lamp=1)
    async with listening(answering) as stripe:
        settings = msgspec.structs.replace(settings, stripe_api_base=stripe.url)
        async with client_of(create_app(settings)) as client:
            token = order_token(settings.link_secret, order.id)
            path = f"/v1/payments/{order.payment.id}/session"
            yield await client.post(path, headers={"Order-Token": token}), stripe
    assert (await shop.payment(order)).state == "requested", "nothing was believed"


@pytest.mark.parametrize("answering", ANSWERS.values(), ids=list(ANSWERS))
async def test_whatever_stripe_says_the_client_hears_503_and_the_order_waits(
    answering: Answering, shop: Shop, shop_settings: Settings
) -> None:
    await shop.stock("lamp", 10)
    async with paying_at(answering, shop, shop_settings) as (answer, _):
        assert (answer.status_code, answer.json()["code"]) == (503, "payment_provider_unavailable")
        assert answer.headers["Retry-After"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "answering",
    [
        hang,
        saying(ENDLESS, for_ever=b"1\r\n \r\n", pause=0.2),
        saying(ENDLESS, for_ever=b"10000\r\n" + b" " * 65536 + b"\r\n"),
    ],
    ids=["silence", "a dribble", "a flood"],
)
async def test_stripe_is_not_waited_for_longer_than_told_nor_swallowed_whole(
    answering: Answering, shop: Shop, shop_settings: Settings
) -> None:
    await shop.stock("lamp", 10)
    began = time.monotonic()
    async with paying_at(answering, shop, shop_settings) as (answer, _):
        assert (answer.status_code, answer.json()["code"]) == (503, "payment_provider_unavailable")
        assert time.monotonic() - began < TIMEOUT + 20  # a machine is slow; piece by piece it is for ever


async def test_an_answer_is_read_as_far_as_it_may_be_long_and_no_further() -> None:
    for length, is_read in ((LARGEST_ANSWER, True), (LARGEST_ANSWER + 1, False)):
        async with listening(saying(http(b" " * length))) as stripe:
            client = BoundedClient(TIMEOUT)
            try:
                body, status, _ = await client.request_async("GET", stripe.url, {})
                assert (len(body), status, is_read) == (length, 200, True)
            except APIConnectionError:
                assert not is_read
            finally:
                await client.close_async()  # type: ignore[no-untyped-call]


async def test_stripe_sends_us_nowhere(shop: Shop, shop_settings: Settings) -> None:
    await shop.stock("lamp", 10)
    async with listening(saying(http(msgspec.json.encode(INTENT)))) as elsewhere:
        for status in (b"301 Moved Permanently", b"302 Found", b"307 Temporary Redirect", b"308 Permanent Redirect"):
            redirect = saying(http(b"{}", status, f"Location: {elsewhere.url}/v1/payment_intents".encode()))
            async with paying_at(redirect, shop, shop_settings) as (answer, stripe):
                assert answer.status_code == 503
                assert stripe.connections >= 1
        assert elsewhere.connections == 0, "our key went there"


async def test_a_webhook_that_is_old_or_from_the_future_or_signed_by_others_is_not_taken(
    api: httpx.AsyncClient, shop: Shop
) -> None:
    body = msgspec.json.encode({"id": "evt_1", "object": "event", "type": "x", "data": {"object": {"object": "x"}}})
    secret, now = shop.settings.stripe_webhook_secret, int(time.time())
    for given in (
        signature(body, secret, now - TOLERANCE - 60),
        signature(body, "whsec_of_somebody_else", now),
        signature(body + b" ", secret, now),
        signature(body, secret, now).replace("v1=", "v0="),
        signature(body, secret, now).partition(",")[2],
        signature(body, "", now),
        f"t={now},v1=",
        f"t={now},v1={'0' * 64},v1={'f' * 64}",
        "t=" + "9" * 5000,
        "," * 5000,
    ):
        answer = await api.post("/v1/webhooks/stripe", content=body, headers={"Stripe-Signature": given})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature"), given[:80]
    assert await shop.pool.fetchval("SELECT count(*) FROM payment_inbox") == 0
    for _ in range(3):
        good = {"Stripe-Signature": signature(body, secret, now)}
        assert (await api.post("/v1/webhooks/stripe", content=body, headers=good)).status_code == 200
    assert await shop.pool.fetchval("SELECT count(*) FROM payment_inbox") == 1


async def test_a_signed_notice_about_another_orders_payment_settles_neither(api: httpx.AsyncClient, shop: Shop) -> None:
    mine, other = await shop.order(lamp=1), await shop.order(lamp=1)
    total = mine.totals.total
    intent = {
        **INTENT,
        "status": "requires_capture",
        "amount": total.amount_minor,
        "amount_capturable": total.amount_minor,
    }
    for metadata in (
        {"payment_id": str(mine.payment.id), "order_id": str(other.id)},
        {"payment_id": str(mine.payment.id)},
        {"payment_id": "1 OR 1=1", "order_id": str(mine.id)},
        {},
    ):
        event = {
            "id": f"evt_{len(metadata)}{metadata.get('order_id', '')}",
            "type": "payment_intent.amount_capturable_updated",
            "object": "event",
            "data": {"object": {**intent, "metadata": metadata}},
        }
        body, signed = shop.signed(event)
        assert (
            await api.post("/v1/webhooks/stripe", content=body, headers={"Stripe-Signature": signed})
        ).status_code == 200
    for order in (mine, other):
        assert (await shop.now(order)).state == "pending_payment"

"""What a shopper's browser does with the publishable key and a client secret."""

import io

import aiohttp
import pytest

from .conftest import PUBLISHABLE, Create, Process

BEARER = {"Authorization": f"Bearer {PUBLISHABLE}"}


@pytest.mark.parametrize("as_field", [False, True])
async def test_the_browser_confirms_and_sees_no_metadata(
    create: Create, http: aiohttp.ClientSession, as_field: bool
) -> None:
    intent = await create(metadata={"payment_id": "inner"})
    form = {
        "client_secret": intent.client_secret or "",
        "payment_method_data[type]": "card",
        "payment_method_data[card][token]": "tok_visa",
        "payment_method_data[payment_user_agent]": "stripe.js",
        **({"key": PUBLISHABLE} if as_field else {}),
    }
    headers = {} if as_field else BEARER
    async with http.post(f"/v1/payment_intents/{intent.id}/confirm", data=form, headers=headers) as answer:
        body = await answer.json()
        assert (answer.status, body["status"]) == (200, "requires_capture")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert not {"metadata", "latest_charge", "amount_capturable"} & set(body)
    query = {"client_secret": intent.client_secret or ""}
    async with http.get(f"/v1/payment_intents/{intent.id}", params=query, headers=BEARER) as answer:
        assert (await answer.json()) == body


@pytest.mark.parametrize(
    ("secret", "code"), [(None, "parameter_missing"), ("pi_x_secret_y", "payment_intent_invalid_parameter")]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_without_its_client_secret_an_intent_stays_closed(
    create: Create, http: aiohttp.ClientSession, secret: str | None, code: str, method: str
) -> None:
    intent = await create()
    query = {"client_secret": secret} if secret else {}
    path = f"/v1/payment_intents/{intent.id}" + ("/confirm" if method == "POST" else "")
    async with http.request(method, path, params=query, headers=BEARER) as answer:
        body = await answer.json()
    assert (answer.status, body["error"]["code"], body["error"]["param"]) == (400, code, "client_secret")


async def test_a_decline_tells_the_browser_what_it_may_know(create: Create, http: aiohttp.ClientSession) -> None:
    intent = await create(metadata={"payment_id": "inner"})
    form = {"client_secret": intent.client_secret or "", "payment_method": "pm_card_chargeDeclined"}
    async with http.post(f"/v1/payment_intents/{intent.id}/confirm", data=form, headers=BEARER) as answer:
        error = (await answer.json())["error"]
    assert (answer.status, error["decline_code"]) == (402, "generic_decline")
    assert "metadata" not in error["payment_intent"]


async def test_a_page_of_any_origin_may_ask(http: aiohttp.ClientSession) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Headers": "authorization"}
    async with http.options("/v1/payment_intents/pi_1/confirm", headers=asked) as answer:
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Headers"] == "authorization"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("DELETE", "/v1/payment_intents", 404), ("GET", "/v1/payment_intents", 401)],
)
async def test_errors_have_stripes_shape(http: aiohttp.ClientSession, method: str, path: str, status: int) -> None:
    async with http.request(method, path) as answer:
        body = await answer.json()
        assert (answer.status, body["error"]["type"]) == (status, "invalid_request_error")
        assert answer.headers["Request-Id"].startswith("req_")


@pytest.mark.parametrize(
    "body", ["a[=1", "a=1&a[b]=2", "a[b]=1&a=2", "&".join(f"a{n}=1" for n in range(2000)), "a" + "[b]" * 20 + "=1"]
)
async def test_broken_forms_are_refused(http: aiohttp.ClientSession, body: str) -> None:
    headers = {"Authorization": "Bearer sk_test_of_the_tests", "Content-Type": "application/x-www-form-urlencoded"}
    async with http.post("/v1/payment_intents", data=body, headers=headers) as answer:
        assert answer.status == 400
    async with http.post("/v1/payment_intents", data=io.BytesIO(b"x" * 2_000_000), headers=headers) as answer:
        assert answer.status == 413


async def test_nothing_secret_stands_in_the_log(
    create: Create, http: aiohttp.ClientSession, simulator: Process
) -> None:
    intent = await create()
    query = {"client_secret": intent.client_secret or "", "key": PUBLISHABLE}
    async with http.get(f"/v1/payment_intents/{intent.id}", params=query) as answer:
        assert answer.status == 200
    log = simulator.log()
    assert f"GET /v1/payment_intents/{intent.id} 200" in log
    assert not [secret for secret in ("sk_test", "pk_test", "whsec", "_secret_") if secret in log]

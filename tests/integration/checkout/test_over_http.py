"""The checkout as a client sees it: through the whole ASGI app, with its secrets, keys, codes and headers."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from msgspec import structs

from doorbuster.simulators.signing import signature
from shared.ids import uuid7
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import MAIL, Shop
from write_side import access
from write_side.app import create_app

BUYER = {
    "mail": MAIL,
    "address": {"name": "Ada Lovelace", "line1": "Analytical Road 36", "city": "London", "postal_code": "10115",
                "country": "DE"},
}  # fmt: skip


@pytest.fixture
async def api(shop: Shop, shop_settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the command API of the shop, which has 10 lamps."""
    await shop.stock("lamp", 10)
    async with client_of(create_app(shop_settings)) as client:
        yield client


class Guest:
    """Somebody with a cart."""

    def __init__(self, api: httpx.AsyncClient, cart: dict[str, Any]) -> None:
        self.api, self.id, self.secret = api, cart["id"], {"Cart-Secret": cart["secret"]}

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        return await self.api.post(path, json=body, headers=self.secret | headers)

    async def quoted(self) -> str:
        answer = await self.post(f"/v1/carts/{self.id}/quotes", BUYER)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def ordered(self) -> dict[str, Any]:
        body = {"quote_id": await self.quoted()}
        answer = await self.post("/v1/orders", body, **{"Idempotency-Key": str(uuid7())})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


@pytest.fixture
async def guest(api: httpx.AsyncClient) -> Guest:
    """A guest with a lamp in the cart."""
    guest = Guest(api, (await api.post("/v1/carts", json={"currency": "EUR"})).json())
    answer = await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": "lamp", "quantity": 1})
    assert answer.json() == {"cart_id": guest.id, "version": 2, "sku": "lamp", "quantity": 1}
    return guest


async def test_an_order_ships_from_where_the_shops_setting_says(shop: Shop, shop_settings: Settings) -> None:
    await shop.stock("lamp", 5)
    await shop.stock("lamp", 9, warehouse="HAM")
    for allocation, place in (("priority", "BER"), ("most_stock", "HAM")):
        settings = structs.replace(shop_settings, allocation=allocation)
        async with client_of(create_app(settings)) as client:
            guest = Guest(client, (await client.post("/v1/carts", json={"currency": "EUR"})).json())
            await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": "lamp", "quantity": 1})
            order = await guest.ordered()
        placed = await shop.pool.fetch("SELECT warehouse FROM order_allocation WHERE order_id::text = $1", order["id"])
        assert [row["warehouse"] for row in placed] == [place]


async def test_from_cart_to_captured(api: httpx.AsyncClient, guest: Guest, shop: Shop) -> None:
    quote_id = await guest.quoted()
    key = {"Idempotency-Key": "once"}
    answer = await guest.post("/v1/orders", {"quote_id": quote_id}, **key)
    order = answer.json()
    assert (answer.status_code, order["state"], order["payment"]["state"]) == (201, "pending_payment", "pending")
    assert answer.headers["position"]
    repeat = await guest.post("/v1/orders", {"quote_id": quote_id}, **key)
    assert (repeat.content, repeat.headers["idempotent-replayed"]) == (answer.content, "true")
    token = {"Order-Token": order["order_token"]}
    payment = f"/v1/payments/{order['payment']['id']}"
    session = (await api.post(f"{payment}/session", headers=token)).json()
    assert session == (await api.post(f"{payment}/session", headers=token)).json()
    assert session["publishable_key"] == shop.settings.stripe_publishable_key
    form = {"client_secret": session["client_secret"], "payment_method": "pm_card_visa",
            "key": session["publishable_key"], "return_url": "https://shop.example"}  # fmt: skip
    async with shop.stripe() as browser:
        paid = await browser.post(f"/v1/payment_intents/{session['intent_id']}/confirm", data=form)
    assert paid.json()["status"] == "requires_capture"
    answer = await api.post(f"{payment}/complete", headers=token)
    completed = answer.json()
    assert (completed["state"], completed["order"]["state"]) == ("authorized", "confirmed")
    assert answer.headers["position"]
    await shop.work()
    completed = (await api.post(f"{payment}/complete", headers=token)).json()
    assert completed["state"] == "captured"
    cancel = await api.post(f"/v1/orders/{order['id']}/cancel", headers=token | {"Idempotency-Key": "x"})
    assert (cancel.status_code, cancel.json()["code"]) == (409, "already_paid")
    again = await api.post(f"{payment}/session", headers=token)
    assert (again.status_code, again.json()["code"]) == (409, "already_paid")


async def test_a_webhook_is_taken_only_with_a_good_signature(
    api: httpx.AsyncClient, guest: Guest, shop: Shop
) -> None:
    order = await guest.ordered()
    state = msgspec.convert({k: order[k] for k in ("id", "number", "state", "totals", "payment", "expires_at")},
                            shop.order_type, strict=False)  # fmt: skip
    await shop.pay(state)
    [*_, (body, signature)] = await shop.webhooks(state)
    foreign = signature.replace("v1=", "v1=ä").encode("latin-1")
    for given in (b"", b"t=1,v1=00", signature.replace("v1=", "v1=0").encode(), foreign):
        wrong = {b"Stripe-Signature": given}
        answer = await api.post("/v1/webhooks/stripe", content=body, headers=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    forged = await api.post("/v1/webhooks/stripe", content=body + b" ", headers={"Stripe-Signature": signature})
    assert forged.json()["code"] == "bad_signature"
    assert await shop.pool.fetchval("SELECT count(*) FROM payment_inbox") == 0
    for _ in range(2):
        good = await api.post("/v1/webhooks/stripe", content=body, headers={"Stripe-Signature": signature})
        assert good.json() == {"received": True}
    assert (await shop.now(state)).state == "confirmed"
    assert await shop.pool.fetchval("SELECT count(*) FROM payment_inbox") == 1
    stranger = shop.signed({"id": "evt_1", "object": "event", "type": "charge.updated", "data": {"object": {
        "id": "ch_1", "object": "charge"}}})  # fmt: skip
    answer = await api.post(
        "/v1/webhooks/stripe", content=stranger[0], headers={"Stripe-Signature": stranger[1]}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["stripe", "carrier"])
async def test_who_tells_us_by_webhook_may_do_so_as_fast_as_there_is_to_tell(
    shop: Shop, shop_settings: Settings, path: str
) -> None:
    """But for what can't be read, nothing of which is counted either."""
    secret = shop_settings.stripe_webhook_secret
    settings = structs.replace(shop_settings, requests_per_client=1, carrier_webhook_secret=secret)
    name = f"{path.title()}-Signature"
    async with client_of(create_app(settings)) as api:
        signed = {name: signature(b"{}", secret, int(time.time()))}
        answers = [await api.post(f"/v1/webhooks/{path}", content=b"{}", headers=signed) for _ in range(7)]
        assert {answer.json()["code"] for answer in answers} == {"broken_notice"}
        forged = [await api.post(f"/v1/webhooks/{path}", content=b"{}", headers={name: "t=1,v1=0"}) for _ in range(12)]
        assert {answer.json()["code"] for answer in forged} == {"bad_signature", "too_many_requests"}
        assert [answer.status_code for answer in forged[:5]] == [400] * 5
        carts = [await api.post("/v1/carts", json={"currency": "EUR"}) for _ in range(20)]
        assert 429 in {each.status_code for each in carts}, "it is counted"


INTENT = {"id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount": 100, "currency": "eur"}


@pytest.mark.parametrize(
    "event",
    [
        [],
        {},
        {"id": 5, "type": "charge.updated", "data": {"object": {"object": "charge"}}},
        {"id": "evt_1", "type": "charge.updated", "data": {}},
        {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"object": "payment_intent"}}},
        {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {**INTENT, "amount": None}}},
    ],
)
async def test_what_is_signed_and_yet_no_event_changes_nothing(
    api: httpx.AsyncClient, shop: Shop, event: Any
) -> None:
    body, signature = shop.signed(event)
    answer = await api.post("/v1/webhooks/stripe", content=body, headers={"Stripe-Signature": signature})
    assert (answer.status_code, answer.json()["code"]) == (400, "broken_notice")
    assert await shop.pool.fetchval("SELECT count(*) FROM payment_inbox") == 0


@pytest.mark.parametrize("what", ["cart", "lines", "line", "no line", "quotes", "order"])
async def test_a_cart_opens_to_its_secret_alone(api: httpx.AsyncClient, guest: Guest, what: str) -> None:
    quote_id = await guest.quoted()

    async def ask(cart_id: object, headers: dict[str, str]) -> tuple[int, str]:
        path = f"/v1/carts/{cart_id}"
        match what:
            case "cart":
                answer = await api.get(path, headers=headers)
            case "lines":
                answer = await api.post(f"{path}/lines", json={"sku": "lamp", "quantity": 1}, headers=headers)
            case "line":
                answer = await api.put(f"{path}/lines/lamp", json={"quantity": 1}, headers=headers)
            case "no line":
                answer = await api.delete(f"{path}/lines/lamp", headers=headers)
            case "order":
                body = {"quote_id": quote_id if cart_id == guest.id else str(uuid7())}
                answer = await api.post("/v1/orders", json=body, headers=headers | {"Idempotency-Key": "k"})
            case _:
                answer = await api.post(f"{path}/quotes", json=BUYER, headers=headers)
        return answer.status_code, answer.json()["code"]

    assert await ask(guest.id, {}) == (401, "cart_secret_required")
    assert await ask(guest.id, {"Cart-Secret": "guess"}) == (403, "wrong_cart_secret")
    assert await ask(uuid7(), guest.secret) == (403, "wrong_cart_secret")


@pytest.mark.parametrize("path", ["/v1/payments/{payment}/session", "/v1/payments/{payment}/complete",
                                  "/v1/orders/{order}/cancel"])  # fmt: skip
async def test_an_order_opens_to_its_token_alone(
    api: httpx.AsyncClient, guest: Guest, shop: Shop, path: str
) -> None:
    order, key = await guest.ordered(), {"Idempotency-Key": "k"}
    other = (await shop.order(lamp=1)).id
    wrong = order["order_token"].replace(str(order["id"]), str(other))
    here = path.format(payment=order["payment"]["id"], order=order["id"])
    nowhere = path.format(payment=uuid7(), order=uuid7())
    for url, headers, status, code in (
        (here, {}, 401, "order_token_required"),
        (here, {"Order-Token": wrong}, 403, "wrong_order_token"),
        (here, {"Order-Token": "nonsense"}, 403, "wrong_order_token"),
        (nowhere, {"Order-Token": order["order_token"]}, 403, "wrong_order_token"),
    ):
        answer = await api.post(url, headers=headers | key)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_staff_cancel_with_the_scope_for_it(api: httpx.AsyncClient, guest: Guest, shop: Shop) -> None:
    order = await guest.ordered()
    url = f"/v1/orders/{order['id']}/cancel"

    async def ask(token: str) -> httpx.Response:
        return await api.post(url, headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "k"})

    async def token(scope: str) -> str:
        answer = await access.issue_token(shop.pool, "test", [scope], None, CAUSE)
        return str(msgspec.json.decode(answer.body)["token"])

    assert (await ask("db_nonsense")).status_code == 401
    assert (await ask(await token("orders:read"))).json()["code"] == "missing_scope"
    assert (await ask(await token("orders:write"))).json()["state"] == "cancelled"


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"mail": "nobody"}, "broken_mail", "/mail"),
        ({"mail": "a@b.example\r\nBcc: all@b.example"}, "broken_mail", "/mail"),
        ({"address": BUYER["address"] | {"city": " "}}, "broken_address", "/address/city"),  # type: ignore[operator]
        ({"address": BUYER["address"] | {"name": "a\nb"}}, "broken_address", "/address/name"),  # type: ignore[operator]
        ({"address": BUYER["address"] | {"country": "FI"}}, "unknown_destination", "/address/country"),  # type: ignore[operator]
    ],
)  # fmt: skip
async def test_a_quote_needs_a_mail_and_an_address_that_can_be_used(
    guest: Guest, change: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await guest.post(f"/v1/carts/{guest.id}/quotes", BUYER | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_all_that_is_wrong_with_an_address_is_told_at_once(guest: Guest) -> None:
    american = BUYER["address"] | {"country": "US", "region": "Bavaria"}  # type: ignore[operator]
    answer = await guest.post(f"/v1/carts/{guest.id}/quotes", BUYER | {"address": american})
    assert (answer.status_code, answer.json()["code"]) == (422, "broken_address")
    told = [(error["pointer"], error["code"]) for error in answer.json()["errors"]]
    assert told == [("/address/region", "region_invalid")]


async def test_bad_input_has_codes_of_its_own(api: httpx.AsyncClient, guest: Guest) -> None:
    async def code(method: str, path: str, body: object = None, **headers: str) -> tuple[int, str]:
        answer = await api.request(method, path, json=body, headers=guest.secret | headers)
        return answer.status_code, answer.json()["code"]

    lines = f"/v1/carts/{guest.id}/lines"
    assert await code("POST", "/v1/carts", {"currency": "XXX"}) == (422, "unknown_currency")
    assert await code("POST", lines, {"sku": "unicorn", "quantity": 1}) == (404, "unknown_sku")
    assert await code("POST", lines, {"sku": "lamp", "quantity": 9_999}) == (422, "too_many")
    assert await code("PUT", f"{lines}/unicorn", {"quantity": 1}) == (404, "unknown_sku")
    assert (await code("POST", lines, {"sku": "lamp", "quantity": -1}))[0] in (400, 422)
    assert (await code("POST", lines, {"sku": "lamp", "quantity": 1, "price": 0}))[0] in (400, 422)
    body = {"quote_id": await guest.quoted()}
    assert await code("POST", "/v1/orders", body) == (400, "idempotency_key_required")
    key = {"Idempotency-Key": "k"}
    assert await code("POST", "/v1/orders", {"quote_id": str(uuid7())}, **key) == (403, "wrong_cart_secret")


async def test_a_cart_shows_its_lines_at_todays_prices(api: httpx.AsyncClient, guest: Guest, shop: Shop) -> None:
    await shop.price("lamp", 777)
    cart = (await api.get(f"/v1/carts/{guest.id}", headers=guest.secret)).json()
    money = {"amount_minor": 777, "currency": "EUR"}
    assert cart["subtotal"] == money
    line = {"sku": "lamp", "name": "Lamp", "quantity": 1, "unit_price": money, "total": money, "tax_included": False}
    assert cart["lines"] == [line]
    assert cart["secret"] is None
    gone = await api.delete(f"/v1/carts/{guest.id}/lines/lamp", headers=guest.secret)
    assert gone.json()["quantity"] == 0


async def test_while_stripe_is_down_a_session_waits(api: httpx.AsyncClient, guest: Guest, shop: Shop) -> None:
    order = await guest.ordered()
    await shop.outage("error500")
    path = f"/v1/payments/{order['payment']['id']}/session"
    answer = await api.post(path, headers={"Order-Token": order["order_token"]})
    assert (answer.status_code, answer.json()["code"]) == (503, "payment_provider_unavailable")
    assert answer.headers["retry-after"]
    await shop.outage("off")


async def test_staff_say_what_an_order_to_a_country_costs(api: httpx.AsyncClient, guest: Guest, shop: Shop) -> None:
    answer = await access.issue_token(shop.pool, "test", ["catalog:write"], None, CAUSE)
    staff = {"Authorization": f"Bearer {msgspec.json.decode(answer.body)['token']}"}
    terms = {"taxes": [{"name": "VAT", "rates": {"standard": 70_000}}]}
    assert (await api.put("/v1/destinations/DE", json=terms)).status_code == 401
    first = await api.put("/v1/destinations/DE", json=terms, headers=staff)
    assert (first.status_code, first.json()["version"]) == (200, 2)
    unread = await api.put("/v1/destinations/DE", json=terms, headers=staff | {"If-Match": ""})
    assert (unread.status_code, unread.json()["code"]) == (400, "broken_if_match"), "sent, and empty: not left out"
    again = await api.put("/v1/destinations/DE", json=terms, headers=staff)
    assert again.json()["version"] == 2
    quote = await guest.post(f"/v1/carts/{guest.id}/quotes", BUYER)
    totals = {name: money["amount_minor"] for name, money in quote.json()["totals"].items()}
    assert totals == {"lines": 1000, "shipping": 490, "discount": 0, "tax": 70 + 34, "total": 1594}
    for path, body, code in (
        ("/v1/destinations/Germany", terms, "broken_country"),
        ("/v1/destinations/DE", {"taxes": [{"name": "VAT", "rates": {"reduced": 1}}]}, "broken_taxes"),
    ):
        refused = await api.put(path, json=body, headers=staff)
        assert (refused.status_code, refused.json()["code"]) == (422, code)

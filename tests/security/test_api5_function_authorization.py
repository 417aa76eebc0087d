"""OWASP API5: every route for staff, read from the running apps, against nobody and against every wrong scope."""

from collections.abc import Awaitable, Callable

import httpx
import msgspec
import pytest

from read_side.app import create_app as create_query_api
from shared.bearer import SESSION, spelled
from shared.ids import uuid7
from shared.settings import Settings
from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.integration.checkout.shop import Shop
from tests.integration.read_side.shelves import Shelves
from tests.integration.write_api.conftest import Issue
from tests.security.routes import Route, routes_of
from write_side.access import SCOPES
from write_side.app import create_app

WRITE = list(routes_of(create_app(Settings.read(NOWHERE))))
READ = list(routes_of(create_query_api(Settings.read(NOWHERE))))
STAFF = [(api, route) for api, routes in (("write", WRITE), ("read", READ)) for route in routes if route.scope]

# Without a scope, on purpose: what lets a caller in instead.
OPEN = {
    "POST /v1/carts": "anybody may open one",
    "GET /v1/carts/{cart_id}": "Cart-Secret",
    "POST /v1/carts/{cart_id}/lines": "Cart-Secret",
    "PUT /v1/carts/{cart_id}/lines/{sku}": "Cart-Secret",
    "DELETE /v1/carts/{cart_id}/lines/{sku}": "Cart-Secret",
    "POST /v1/carts/{cart_id}/quotes": "Cart-Secret",
    "POST /v1/carts/{cart_id}/shipping-options": "Cart-Secret",
    "POST /v1/orders": "Cart-Secret",
    "POST /v1/carts/{cart_id}/passes": "Cart-Secret, and a signed ticket",
    "POST /v1/orders/{order_id}/cancel": "Order-Token or orders:write",
    "POST /v1/orders/{order_id}/edits": "Order-Token, the account's session, or orders:write",
    "POST /v1/orders/{order_id}/additions": "Order-Token, the account's session, or orders:write",
    "POST /v1/orders/{order_id}/additions/preview": "Order-Token, the account's session, or orders:write",
    "GET /v1/orders/{order_id}/additions": "Order-Token, the account's session, or orders:write",
    "PUT /v1/orders/{order_id}/address": "Order-Token, the account's session, or orders:write",
    "POST /v1/orders/{order_id}/returns": "Order-Token, the account's session, or orders:write",
    "POST /v1/orders/{order_id}/returns/{return_id}/cancel": "Order-Token, the account's session, or orders:write",
    "GET /v1/orders/{order_id}/returns/{return_id}/replacement": "Order-Token, the account's session, or orders:write",
    "POST /v1/payments/{payment_id}/session": "Order-Token",
    "POST /v1/payments/{payment_id}/complete": "Order-Token",
    "POST /v1/orders/links": "anybody may ask; the mail goes to whoever placed the order",
    "POST /v1/restock-requests": "anybody may ask; the mail goes to the address given, once",
    "POST /v1/gift-cards/balance": "the code of a gift card",
    "POST /v1/webhooks/carrier": "Carrier-Signature",
    "POST /v1/webhooks/stripe": "Stripe-Signature",
    "POST /v1/accounts": "anybody may sign up",
    "POST /v1/accounts/confirmations": "the token of a link, and a password",
    "POST /v1/accounts/password-resets": "anybody may ask; the mail goes to whose account it is",
    "POST /v1/accounts/password-resets/complete": "the token of a link",
    "POST /v1/sessions": "mail address and password",
    "GET /v1/sessions/current": "a session",
    "DELETE /v1/sessions/current": "a session",
    "DELETE /v1/sessions": "a session",
    "PUT /v1/account/password": "a session",
    "GET /v1/account": "a session",
    "PUT /v1/account/locale": "a session",
    "POST /v1/account/addresses": "a session",
    "PUT /v1/account/addresses/{address_id}": "a session",
    "DELETE /v1/account/addresses/{address_id}": "a session",
    "PUT /v1/account/addresses/{address_id}/default": "a session",
    "POST /v1/account/cart": "a session",
    "POST /v1/account/carts/{cart_id}/take-over": "a session",
    "POST /v1/account/orders/{order_id}/claim": "a session",
    "POST /v1/account/orders/claims": "a session",
    "GET /v1/account/orders": "a session",
    "GET /v1/products": "the catalog is public",
    "GET /v1/products/{product_id}": "the catalog is public",
    "GET /v1/products/by-slug/{slug}": "the catalog is public",
    "GET /v1/products/by-sku/{sku}": "the catalog is public",
    "GET /v1/products/by-ean/{ean}": "the catalog is public",
    "GET /v1/stock/{sku}": "in, low or out",
    "GET /v1/stock": "in, low or out",
    "GET /v1/categories": "the catalog is public",
    "GET /v1/categories/{slug}/products": "the catalog is public",
    "GET /v1/brands": "the catalog is public",
    "GET /v1/product-types": "the catalog is public",
    "GET /v1/promotions": "what pages show",
    "GET /v1/promotions/{promotion_id}/products": "the catalog is public",
    "GET /v1/brands/{slug}/products": "the catalog is public",
    "GET /v1/search": "the catalog is public",
    "GET /v1/recommendations": "the catalog is public",
    "GET /v1/products/{product_id}/similar": "the catalog is public",
    "GET /v1/products/{product_id}/bought-together": "the catalog is public",
    "GET /v1/products/{product_id}/related": "the catalog is public",
    "GET /v1/suggestions": "the catalog is public",
    "POST /v1/behaviour": "whoever looks at products and has consented; bounded, and nothing waits for it",
    "GET /v1/orders/{order_id}": "Order-Token or orders:read",
    "GET /v1/sales/{sale_id}": "sales are announced to everybody",
    "GET /v1/sales/by-sku/{sku}": "sales are announced to everybody",
    "GET /v1/sales/{sale_id}/products": "sales are announced to everybody",
    "POST /v1/sales/{sale_id}/tickets": "anybody may queue",
    "GET /v1/sales/{sale_id}/turn": "a signed ticket",
    "GET /health/live": "for supervisors",
    "GET /health/ready": "for supervisors",
    "GET /metrics": "for Prometheus; not to be routed to from outside (decision 18)",
}


def test_a_route_without_a_scope_is_open_on_purpose() -> None:
    assert {route.name for route in [*WRITE, *READ] if route.scope is None} == set(OPEN)


OF_ACCOUNTS = [name for name, what in OPEN.items() if what == "a session"]


async def test_a_route_of_accounts_opens_to_a_session_alone(
    api: httpx.AsyncClient, query: httpx.AsyncClient, staff: Issue, shop: Shop
) -> None:
    made_up = {"Authorization": f"Bearer {spelled(uuid7(), b'secret', SESSION)}"}
    callers: list[dict[str, str]] = [{}, made_up, await staff(*SCOPES)]
    asked = [(client, each) for client, known in ((api, WRITE), (query, READ)) for each in known]
    asked = [(client, each) for client, each in asked if each.name in OF_ACCOUNTS]
    assert len(asked) == len(OF_ACCOUNTS)
    for client, route in asked:
        for headers in callers:
            body = b"{}" if route.body else b""
            answer = await client.request(route.method, route.path, headers=headers, content=body)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), route.name
    assert await shop.pool.fetchval("SELECT count(*) FROM account_session") == 0


def test_every_scope_opens_something() -> None:
    # Asked for inside of routes that guests use as well, or beside another scope.
    by_token = {"orders:read", "orders:write", "events:read_personal"}
    assert {route.scope for _, route in STAFF} | by_token == set(SCOPES)


class Callers:
    """Staff with one scope each, and with all but one, at one of the APIs. In one shop, since each of its own costs a
    second: what a route does to it once it opens, the others must bear."""

    def __init__(self, client: httpx.AsyncClient, issue: Callable[..., Awaitable[dict[str, str]]]) -> None:
        self._client, self._issue = client, issue
        self._known: dict[tuple[str, ...], dict[str, str]] = {(): {}}

    async def ask(self, route: Route, *scopes: str) -> tuple[int, str]:
        """Status and code of an answer; without scopes nobody asks."""
        if scopes not in self._known:
            self._known[scopes] = await self._issue(*scopes)
        headers = self._known[scopes] | {"Idempotency-Key": str(uuid7())}
        body = b"{}" if route.body else b""
        answer = await self._client.request(route.method, route.path, headers=headers, content=body)
        is_json = answer.headers.get("content-type", "").partition(";")[0].endswith("json")
        return answer.status_code, answer.json().get("code", "") if is_json else ""


@pytest.mark.parametrize("api_name", ["write", "read"])
async def test_a_route_of_staff_opens_to_its_scope_alone(
    api: httpx.AsyncClient, query: httpx.AsyncClient, shop: Shop, shelves: Shelves, staff: Issue, api_name: str
) -> None:
    written = "SELECT count(*) FROM event_log WHERE aggregate_type <> 'access_token'"
    of_write = Callers(api, staff)
    callers = of_write if api_name == "write" else Callers(query, lambda *scopes: shelves.put_token(list(scopes)))
    routes = [route for of, route in STAFF if of == api_name]
    assert routes
    for route in routes:
        assert route.scope is not None
        before = await shop.pool.fetchval(written)
        assert await callers.ask(route) == (401, "unauthorized"), route.name
        wrong = [scope for scope in SCOPES if scope != route.scope]
        for scope in wrong:
            assert await callers.ask(route, scope) == (403, "missing_scope"), (route.name, scope)
        assert await callers.ask(route, *wrong) == (403, "missing_scope"), route.name
        assert await shop.pool.fetchval(written) == before, route.name
        assert (await callers.ask(route, route.scope))[0] not in (401, 403, 500), route.name


async def test_nobody_has_events_sent_who_may_not_read_them(api: httpx.AsyncClient, staff: Issue) -> None:
    both = await staff("webhooks:write", "events:read")
    wanted = {"url": "https://erp.example/hooks", "types": ["orders.*"]}
    made = (await api.post("/v1/webhook-endpoints", headers=both, json=wanted)).json()["endpoint"]
    alone = await staff("webhooks:write", "events:read_personal") | {"If-Match": "*"}
    for method, path in (("POST", ""), ("PUT", f"/{made['id']}")):
        refused = await api.request(method, f"/v1/webhook-endpoints{path}", headers=alone, json=wanted)
        assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope"), method
        assert refused.json()["required_scope"] == "events:read", method


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL"])
async def test_no_header_makes_another_request_of_it(api: httpx.AsyncClient, header: str) -> None:
    answer = await api.get("/health/live", headers={header: "/v1/tokens" if "URL" in header else "DELETE"})
    assert msgspec.json.decode(answer.content)["status"] == "live"


SPELLINGS = ["/v1//tokens", "/v1/tokens/", "/V1/tokens", "/v1/./tokens", "/v1/x/../tokens", "//v1/tokens"]


@pytest.mark.parametrize("path", SPELLINGS)
async def test_no_other_spelling_of_a_path_goes_around_its_guard(api: httpx.AsyncClient, path: str) -> None:
    url = httpx.URL("http://test").copy_with(raw_path=path.encode())
    answer = await api.request("POST", url, json={"name": "n", "scopes": ["stock:read"]})
    assert answer.status_code in (401, 404, 405)

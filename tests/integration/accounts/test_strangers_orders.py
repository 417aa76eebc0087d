"""What a stranger has reserved in somebody's mail: its owner ends it, and nobody has more than a limit says."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.integration.accounts.conftest import Customers
from tests.integration.checkout.falling_through import fall_through
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_over_http import BUYER
from tests.integration.checkout.test_purchase_limits import limit
from write_side.app import create_app
from write_side.orders.handlers import OrderState

ADA = "ada.lovelace@example.org"


@pytest.fixture
async def api(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the command API of a shop that sells one lamp to a customer."""
    await shop.stock("lamp", 10)
    await limit(shop, most_per_customer=1)
    async with client_of(create_app(shop.settings)) as client:
        yield client


async def reserved_by_a_stranger(shop: Shop, mail: str) -> OrderState:
    """A guest's order in a mail that is not theirs, which waits for its payment."""
    basket = await shop.basket(lamp=1)
    return await shop.place(basket, (await shop.quote(basket, mail)).id)


async def signed_in(customers: Customers) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await customers.customer(ADA)).token}"}


async def buys(api: httpx.AsyncClient, session: dict[str, str]) -> tuple[int, str]:
    """A lamp in the account's cart is quoted and ordered; how far that came."""
    cart = (await api.post("/v1/account/cart", json={"currency": "EUR"}, headers=session)).json()
    secret: dict[str, Any] = {"Cart-Secret": cart["secret"], "Idempotency-Key": str(uuid7())}
    if not (await api.get(f"/v1/carts/{cart['id']}", headers=secret)).json()["lines"]:
        await api.post(f"/v1/carts/{cart['id']}/lines", json={"sku": "lamp", "quantity": 1}, headers=secret)
    quote = await api.post(f"/v1/carts/{cart['id']}/quotes", json=BUYER, headers=secret)
    if quote.is_error:
        return quote.status_code, quote.json()["code"]
    placed = await api.post("/v1/orders", json={"quote_id": quote.json()["id"]}, headers=secret)
    return placed.status_code, placed.json().get("code", "")


async def test_who_owns_the_mail_takes_a_strangers_order_and_cancels_it(
    customers: Customers, shop: Shop, api: httpx.AsyncClient
) -> None:
    session, order = await signed_in(customers), await reserved_by_a_stranger(shop, ADA)
    assert await buys(api, session) == (409, "purchase_limit")
    cancel = {"Idempotency-Key": str(uuid7())} | session
    assert (await api.post(f"/v1/orders/{order.id}/cancel", headers=cancel)).status_code == 401, "not hers yet"
    claimed = await api.post("/v1/account/orders/claims", headers=session)
    assert claimed.json() == {"orders": 1, "more": False}
    assert (await api.post(f"/v1/orders/{order.id}/cancel", headers=cancel)).status_code == 200
    assert await buys(api, session) == (201, "")
    assert await buys(api, session) == (409, "purchase_limit"), "one, however it was come by"
    assert (await shop.now(order)).state == "cancelled"
    assert await shop.figures("lamp") == (10, 1)


async def test_what_a_guest_has_paid_in_that_mail_counts_whoever_it_was(
    customers: Customers, shop: Shop, api: httpx.AsyncClient
) -> None:
    session, order = await signed_in(customers), await reserved_by_a_stranger(shop, ADA)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    assert await buys(api, session) == (409, "purchase_limit"), "or she had one as a guest and one signed in"


async def test_what_nobody_pays_is_free_again_when_it_expires(
    customers: Customers, shop: Shop, api: httpx.AsyncClient
) -> None:
    spelled = ADA.replace("@", "+1@")
    session, order = await signed_in(customers), await reserved_by_a_stranger(shop, spelled)
    claimed = await api.post("/v1/account/orders/claims", headers=session)
    assert claimed.json() == {"orders": 0, "more": False}, "another spelling is nobody's to take"
    assert await buys(api, session) == (409, "purchase_limit")
    await fall_through(shop, order, "expired")
    assert await buys(api, session) == (201, "")

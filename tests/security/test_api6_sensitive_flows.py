"""OWASP API6: repeating what costs something (an order's stock, a payment's intent) buys nothing, however often."""

import asyncio
from typing import Any

import httpx
import pytest

from shared.ids import uuid7
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_over_http import Guest


@pytest.fixture
async def guest(api: httpx.AsyncClient) -> Guest:
    """A guest with two lamps in the cart."""
    guest = Guest(api, (await api.post("/v1/carts", json={"currency": "EUR"})).json())
    await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": "lamp", "quantity": 2})
    return guest


async def place(guest: Guest, quote_id: str) -> httpx.Response:
    return await guest.post("/v1/orders", {"quote_id": quote_id}, **{"Idempotency-Key": str(uuid7())})


async def test_a_cart_holds_its_stock_once_however_often_it_is_placed(guest: Guest, shop: Shop) -> None:
    quotes = [await guest.quoted() for _ in range(4)]
    answers = await asyncio.gather(*(place(guest, quote_id) for quote_id in quotes * 5))
    placed = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    refused = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert len(placed) == 1
    assert refused <= {"cart_ordered", "try_again"}
    assert await shop.figures("lamp") == (10, 2)
    more = await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": "lamp", "quantity": 1})
    assert more.json()["code"] == "cart_ordered"


async def test_asking_to_pay_again_and_again_makes_one_intent(api: httpx.AsyncClient, guest: Guest, shop: Shop) -> None:
    order = await guest.ordered()
    path, token = f"/v1/payments/{order['payment']['id']}", {"Order-Token": order["order_token"]}
    sessions = await asyncio.gather(*(api.post(f"{path}/session", headers=token) for _ in range(10)))
    assert {session.status_code for session in sessions} == {200}
    assert len({session.json()["intent_id"] for session in sessions}) == 1
    await asyncio.gather(*(api.post(f"{path}/complete", headers=token) for _ in range(10)))
    history = await shop.pool.fetch("SELECT type FROM event_log WHERE partition_key = $1", f"order:{order['id']}")
    assert [row["type"] for row in history].count("payments.payment_intent_created.v1") == 1


async def test_more_than_there_is_can_be_held_by_nobody(api: httpx.AsyncClient, shop: Shop) -> None:
    async def buy() -> httpx.Response:
        guest = Guest(api, (await api.post("/v1/carts", json={"currency": "EUR"})).json())
        await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": "lamp", "quantity": 3})
        return await place(guest, await guest.quoted())

    answers = await asyncio.gather(*(buy() for _ in range(8)))
    codes: list[Any] = [answer.json().get("code") for answer in answers]
    assert codes.count(None) == 3
    assert set(codes) <= {None, "out_of_stock"}
    assert await shop.figures("lamp") == (10, 9)


async def test_cancelling_again_and_again_gives_the_stock_back_once(
    api: httpx.AsyncClient, guest: Guest, shop: Shop
) -> None:
    order = await guest.ordered()
    for _ in range(3):
        headers = {"Order-Token": order["order_token"], "Idempotency-Key": str(uuid7())}
        assert (await api.post(f"/v1/orders/{order['id']}/cancel", headers=headers)).status_code == 200
    assert await shop.figures("lamp") == (10, 0)

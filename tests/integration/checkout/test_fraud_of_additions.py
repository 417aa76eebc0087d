"""What is added to an order is assessed by what is seen of whoever adds it, as the first order was."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from msgspec import structs

from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import ADDRESS, Shop
from tests.integration.checkout.test_adding import add
from tests.integration.checkout.test_editing import send_to
from tests.integration.checkout.test_fraud import guarded
from tests.integration.checkout.test_new_addresses import check_of, paid, staff_token, token_of
from write_side.app import create_app
from write_side.commands import TryAgain
from write_side.fraud import marker
from write_side.fraud.handlers import AttemptShown
from write_side.fulfilment.editing import adding
from write_side.fulfilment.editing.domain import AddLines
from write_side.inventory import Demand
from write_side.orders.handlers import OrderState

__all__ = ["guarded"]

CLIENT = "93.184.215.14"
OFFICE = structs.replace(ADDRESS, line1="Office Street 9")
_order = msgspec.json.Decoder(OrderState)


@pytest.fixture
async def api(guarded: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the command API behind a proxy, with the checks enforced."""
    settings = structs.replace(guarded.settings, client_address_header="Client-Address")
    async with client_of(create_app(settings)) as client:
        yield client


async def added_by(
    guarded: Shop, api: httpx.AsyncClient, order: OrderState, headers: dict[str, str]
) -> AttemptShown:
    """One more lamp, asked for with these headers and paid, as the checks saw it."""
    said = {"Idempotency-Key": str(uuid7()), "Device-Id": "a telephone", "Client-Address": CLIENT}
    lines: Any = {"lines": [{"sku": "lamp", "quantity": 1}]}
    answer = await api.post(f"/v1/orders/{order.id}/additions", json=lines, headers=said | headers)
    assert answer.status_code == 201
    more = _order.decode(answer.content)
    await guarded.pay(more, "pm_card_amex")
    await guarded.complete(more)
    return (await check_of(guarded, more)).attempts[-1]


async def test_what_is_added_is_seen_with_door_device_and_network(guarded: Shop, api: httpx.AsyncClient) -> None:
    order = await paid(guarded, "ada@example.org")
    first, secret = (await check_of(guarded, order)).attempts[-1], guarded.settings.master_key
    tried = await added_by(guarded, api, order, token_of(guarded, order))
    assert (tried.door, tried.address) == (first.door, first.address)
    assert (tried.device, tried.network) == (marker(secret, "device", "a telephone"), marker(secret, "network", CLIENT))


async def test_of_what_staff_add_only_the_door_is_seen(guarded: Shop, api: httpx.AsyncClient) -> None:
    order = await paid(guarded, "ada@example.org")
    tried = await added_by(guarded, api, order, {"Authorization": await staff_token(guarded)})
    assert (tried.door, tried.device, tried.network) == ((await check_of(guarded, order)).attempts[-1].door, "", "")


async def test_what_is_not_paid_yet_is_seen_at_the_door_where_the_first_goes_by_then(guarded: Shop) -> None:
    order = await paid(guarded, "ada@example.org")
    more = await add(guarded, order, lamp=1)
    await send_to(guarded, order, OFFICE)
    await guarded.pay(more, "pm_card_amex")
    await guarded.complete(more)
    doors = [(await check_of(guarded, each)).attempts[-1].door for each in (order, more)]
    assert doors[0] == doors[1] == (await check_of(guarded, order)).addresses[-1].door


async def test_what_goes_elsewhere_while_somebody_adds_to_it_is_asked_for_again(guarded: Shop) -> None:
    order, wanted = await paid(guarded, "ada@example.org"), AddLines([Demand("lamp", 1)])
    known = (guarded.pool, guarded.keyring, order.id, wanted, guarded.settings, guarded.outside)
    offered = await adding.offer(*known)
    await send_to(guarded, order, OFFICE)
    with pytest.raises(TryAgain):
        await adding.add_lines(guarded.pool, order.id, offered, guarded.settings, CAUSE, new_call())
    assert (await add(guarded, order, lamp=1)).state == "pending_payment"

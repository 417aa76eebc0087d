"""Another door after the payment: assessed as if the try to pay had gone there, or it would be the way around."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from msgspec import structs

from shared.ids import uuid7
from shared.links import order_token
from shared.settings import FraudChecks
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.patience import until_waiting
from tests.integration.checkout.shop import ADDRESS, Shop
from tests.integration.checkout.test_adding import add
from tests.integration.checkout.test_editing import send_to
from tests.integration.checkout.test_fraud import decide, guarded, suspicious
from write_side import access, customers
from write_side.app import create_app
from write_side.customers import AddressInput
from write_side.fraud import AddressNotAccepted, handlers, store
from write_side.fraud.domain import is_refused
from write_side.fraud.elsewhere import MOST_REFUSED
from write_side.fraud.handlers import CheckState
from write_side.fraud.marks import visit
from write_side.fulfilment.editing import handlers as editing
from write_side.orders import quoting
from write_side.orders.handlers import OrderState
from write_side.payments import open_providers

__all__ = ["guarded"]
DROP = structs.replace(ADDRESS, line1="Dock Street 9")
OFFICE = structs.replace(ADDRESS, line1="Market Square 1", line2="c/o Babbage")


@pytest.fixture
async def api(guarded: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the command API, with the checks enforced."""
    async with client_of(create_app(guarded.settings)) as client:
        yield client


async def paid(shop: Shop, mail: str, address: AddressInput = ADDRESS, card: str = "amex") -> OrderState:
    """A lamp sent there, bought by this mail with a card that pays. All cards of the simulator are from abroad."""
    order = await ordered(shop, mail, address)
    await shop.pay(order, f"pm_card_{card}")
    await shop.complete(order)
    await shop.work()
    return order


async def ordered(shop: Shop, mail: str, address: AddressInput) -> OrderState:
    basket, contact = await shop.basket(lamp=1), customers.contact(mail, address)
    seen = visit(shop.settings.master_key, contact.mail, contact.address, f"the phone of {mail}", "127.0.0.1")
    answer = await quoting.issue_quote(
        shop.pool, shop.keyring, basket.id, basket.secret, contact, 900, shop.outside, CAUSE, visit=seen
    )
    return await shop.place(basket, shop.quote_of(answer).id)


async def used_by_thieves(shop: Shop, address: AddressInput = DROP) -> None:
    """A door to which staff refused an order."""
    order = await suspicious(shop, await ordered(shop, "eve@example.org", address))
    await decide(shop, order, "refused")
    await shop.work()


async def staff_token(shop: Shop) -> str:
    answer = await access.issue_token(shop.pool, "test", ["orders:write", "fraud:read"], None, CAUSE)
    return f"Bearer {msgspec.json.decode(answer.body)['token']}"


async def put_address(
    api: httpx.AsyncClient, order: OrderState, address: AddressInput, headers: dict[str, str], key: str = ""
) -> httpx.Response:
    body: Any = {"address": msgspec.to_builtins(address)}
    said = headers | {"Idempotency-Key": key or str(uuid7())}
    return await api.put(f"/v1/orders/{order.id}/address", json=body, headers=said)


def token_of(shop: Shop, order: OrderState) -> dict[str, str]:
    return {"Order-Token": order_token(shop.settings.link_secret, order.id)}


async def check_of(shop: Shop, order: OrderState) -> CheckState:
    return await handlers.find_check(shop.pool, order.id)


async def test_what_a_stolen_card_paid_does_not_go_where_thieves_have_things_sent(
    guarded: Shop, api: httpx.AsyncClient
) -> None:
    await used_by_thieves(guarded)
    order = await paid(guarded, "mallory@example.org")
    before = await guarded.now(order)
    answer = await put_address(api, order, DROP, token_of(guarded, order))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "address_not_accepted")
    assert not {"reasons", "points", "thought"} & problem.keys(), "whoever tries is not told what to do better"
    assert await guarded.now(order) == before
    assert (before.state, (await guarded.payment(order)).state) == ("confirmed", "captured")

    staff = {"Authorization": await staff_token(guarded)}
    [tried] = (await api.get(f"/v1/orders/{order.id}/fraud", headers=staff)).json()["addresses"]
    assert (tried["verdict"], tried["enforced"], tried["by_staff"]) == ("review", True, False)
    assert [reason["rule"] for reason in tried["reasons"]] == ["stopped", "abroad"]
    assert (await put_address(api, order, DROP, staff)).status_code == 200
    assert (await guarded.now(order)).address != before.address
    found = (await api.get(f"/v1/orders/{order.id}/fraud", headers=staff)).json()
    assert [(each["door"], each["by_staff"]) for each in found["addresses"]] == [
        (tried["door"], False), (tried["door"], True)
    ]  # fmt: skip
    assert found["attempts"][-1]["door"] == tried["door"]
    told = [name for name in await guarded.history(order) if "address" in name]
    assert told == ["address_assessed", "address_assessed", "order_readdressed"]


async def test_an_honest_buyer_has_it_sent_to_the_office(guarded: Shop, api: httpx.AsyncClient) -> None:
    await used_by_thieves(guarded)
    order = await paid(guarded, "ada@example.org")
    for replayed in (None, "true"):
        answer = await put_address(api, order, OFFICE, token_of(guarded, order), "once")
        assert (answer.status_code, answer.headers.get("idempotent-replayed")) == (200, replayed)
    check = await check_of(guarded, order)
    [went] = check.addresses
    assert (went.verdict, is_refused(went), [each.rule for each in went.reasons]) == ("accept", False, ["abroad"])
    assert (check.attempts[-1].door, check.attempts[-1].moved) == (went.door, True)


async def test_where_it_was_wanted_can_be_repaired(guarded: Shop, database_url: str) -> None:
    await used_by_thieves(guarded)
    order = await paid(guarded, "mallory@example.org")
    with pytest.raises(AddressNotAccepted):
        await send_to(guarded, order, DROP)
    await send_to(guarded, order, OFFICE)
    operator = await asyncpg.connect(database_url)
    check = await store.find(operator, order.payment.id)
    assert check is not None
    await operator.execute("UPDATE fraud_address SET door = '', n = n + 5")
    await store.rewrite_check(operator, check)
    assert (await store.find(operator, order.payment.id), len(check.addresses)) == (check, 2)
    await operator.close()


async def test_the_same_call_is_refused_again_and_kept_for_no_key(guarded: Shop, api: httpx.AsyncClient) -> None:
    await used_by_thieves(guarded)
    order = await paid(guarded, "mallory@example.org")
    for _ in range(2):
        answer = await put_address(api, order, DROP, token_of(guarded, order), "once")
        assert (answer.status_code, answer.json()["code"]) == (409, "address_not_accepted")


async def test_later_orders_find_it_at_its_new_door_and_no_more_at_the_old_one(guarded: Shop) -> None:
    order = await paid(guarded, "mallory@example.org")
    await send_to(guarded, order, DROP)
    await guarded.refund(order, reason="fraud")
    for n, (address, rules) in enumerate([(DROP, ["stopped", "abroad"]), (ADDRESS, ["abroad"])]):
        later = await paid(guarded, f"newcomer-{n}@example.org", address, ("visa_debit", "visa")[n])
        assert [each.rule for each in (await check_of(guarded, later)).attempts[-1].reasons] == rules


async def test_newcomers_who_move_to_one_door_are_strangers_there(guarded: Shop) -> None:
    cards = ("visa", "visa_debit", "mastercard", "amex")
    orders = [
        await paid(guarded, f"mule-{n}@example.org", structs.replace(ADDRESS, line1=f"Elm Road {n}"), card)
        for n, card in enumerate(cards)
    ]
    for order in orders[:3]:
        await send_to(guarded, order, DROP)
    with pytest.raises(AddressNotAccepted):
        await send_to(guarded, orders[3], DROP)
    [tried] = (await check_of(guarded, orders[3])).addresses
    told = {reason.rule: reason.told for reason in tried.reasons}
    assert told["strangers"].startswith("4 different mailboxes at one door within a week")


async def test_who_only_watches_lets_it_go_and_is_told(guarded: Shop) -> None:
    await used_by_thieves(guarded)
    order = await paid(guarded, "mallory@example.org")
    await send_to(_with(guarded, "watch"), order, DROP)
    [told] = (await check_of(guarded, order)).addresses
    assert (told.verdict, told.enforced) == ("review", False)
    assert (await check_of(guarded, order)).attempts[-1].door == told.door
    assert "order_readdressed" in await guarded.history(order)


async def test_without_checks_nothing_is_looked_at(guarded: Shop) -> None:
    await used_by_thieves(guarded)
    order = await paid(guarded, "mallory@example.org")
    await send_to(_with(guarded, "off"), order, DROP)
    assert (await check_of(guarded, order)).addresses == []


async def test_what_was_paid_before_there_were_checks_goes_anywhere(guarded: Shop) -> None:
    await used_by_thieves(guarded)
    settings = structs.replace(guarded.settings, fraud_checks="off")
    async with open_providers(settings) as providers:
        order = await paid(Shop(guarded.pool, guarded.keyring, providers, settings), "ada@example.org")
    await send_to(guarded, order, DROP)
    assert "address_assessed" not in await guarded.history(order)


def _with(shop: Shop, mode: FraudChecks) -> Shop:
    return Shop(shop.pool, shop.keyring, shop.providers, structs.replace(shop.settings, fraud_checks=mode))


async def test_another_flat_behind_the_door_is_not_looked_at_nor_what_goes_back(guarded: Shop) -> None:
    order = await paid(guarded, "ada@example.org")
    await send_to(guarded, order, structs.replace(ADDRESS, line2="Flat 7", name="A. Lovelace"))
    assert (await check_of(guarded, order)).addresses == []
    await send_to(guarded, order, OFFICE)
    await used_by_thieves(guarded, ADDRESS)
    await send_to(guarded, order, ADDRESS)
    check = await check_of(guarded, order)
    assert [(each.verdict, len(each.reasons)) for each in check.addresses] == [("accept", 1), ("accept", 0)]
    assert check.attempts[-1].door == check.addresses[0].door_left


async def test_what_was_added_goes_along_and_is_looked_at_too(guarded: Shop) -> None:
    order = await paid(guarded, "ada@example.org")
    watching = _with(guarded, "watch")
    async with open_providers(watching.settings) as watching.providers:
        more = await add(watching, order, lamp=1)
        await watching.pay(more)
        await watching.complete(more)
    before = await guarded.now(order)
    with pytest.raises(AddressNotAccepted):
        await send_to(guarded, order, OFFICE)
    assert (await guarded.now(order)).address == before.address, "what was added speaks against it"
    [refused] = (await check_of(guarded, more)).addresses
    assert "in_a_hurry" in [each.rule for each in refused.reasons]
    await send_to(watching, order, OFFICE)
    assert [(await check_of(guarded, each)).attempts[-1].door for each in (order, more)] == [refused.door] * 2
    assert (await guarded.now(more)).address == (await guarded.now(order)).address


async def test_staff_move_what_is_held_and_then_let_it_through_there(guarded: Shop) -> None:
    order = await suspicious(guarded, await ordered(guarded, "eve@example.org", ADDRESS))
    await send_to(guarded, order, OFFICE, by_staff=True)
    check = await check_of(guarded, order)
    assert (check.review, check.attempts[-1].verdict, check.attempts[-1].moved) == ("open", "review", False)
    await decide(guarded, order, "accepted")
    await send_to(guarded, order, ADDRESS)
    assert (await check_of(guarded, order)).attempts[-1].moved


async def test_who_goes_on_trying_doors_is_not_looked_at_any_more(guarded: Shop) -> None:
    doors = [structs.replace(DROP, line1=f"Dock Street {n}") for n in range(6)]
    order = await suspicious(guarded, await ordered(guarded, "oscar@example.org", ADDRESS))
    await decide(guarded, order, "accepted")  # by all of what was seen of it, no other door is accepted
    done = await asyncio.gather(*(send_to(guarded, order, each) for each in doors), return_exceptions=True)
    assert Counter(type(each).__name__ for each in done) == {"AddressNotAccepted": 6}
    assert (await guarded.history(order)).count("address_assessed") == MOST_REFUSED
    await send_to(guarded, order, doors[5], by_staff=True)


async def test_of_those_refused_at_once_the_first_few_are_kept_and_none_is_told_to_come_again(guarded: Shop) -> None:
    await used_by_thieves(guarded)
    order = await paid(guarded, "mallory@example.org")
    with pytest.raises(AddressNotAccepted) as refused:
        await send_to(guarded, order, DROP)
    async with guarded.pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM customer_order WHERE id = $1 FOR UPDATE", order.id)
        keeping = [
            asyncio.ensure_future(editing.keep_refused(guarded.pool, order.id, refused.value, CAUSE)) for _ in range(5)
        ]
        await until_waiting(conn, 1, keeping)
        assert not any(each.done() for each in keeping), "nobody changes an order that somebody else holds"
    await asyncio.gather(*keeping)
    assert (await guarded.history(order)).count("address_assessed") == MOST_REFUSED

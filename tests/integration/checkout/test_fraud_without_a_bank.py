"""What no bank looks at is assessed like what is paid by card: orders that gift cards pay alone, and what is sent for
goods that come back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from msgspec import structs

from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import ADDRESS, Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_exchanges import at_provider, replacement, swap, told
from tests.integration.checkout.test_fraud import decide, guarded
from tests.integration.checkout.test_new_addresses import check_of, paid, staff_token, token_of
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import picks
from tests.integration.checkout.test_picking import react as list_paid
from tests.integration.checkout.test_returns import receive
from write_side import customers
from write_side.app import create_app
from write_side.fraud import handlers, marker, store
from write_side.fraud.domain import UnknownCheck, Visit
from write_side.fraud.handlers import AttemptShown
from write_side.gift_cards import Gifts
from write_side.gift_cards.handlers import IssuedGiftCard
from write_side.orders import quoting
from write_side.orders.handlers import OrderState
from write_side.orders.quoting import Said
from write_side.payments import open_providers
from write_side.returns import replacing
from write_side.returns.domain import Return

__all__ = ["guarded"]

TOTAL = 1773  # a lamp of 10.00, shipping of 4.90, 19 % of both
DEAR = 40_000  # a sofa, as a first order
DEAR_TOTAL = 48_183
CLIENT = "93.184.215.14"
_return = msgspec.json.Decoder(Return)


async def by_gift_card(shop: Shop, card: IssuedGiftCard, *, sku: str = "sofa", odd: bool = True) -> OrderState:
    """An order that a gift card pays alone, with what the worker does about it; `odd`: its mail is for one time."""
    basket, contact = await shop.basket(**{sku: 1}), customers.contact("mallory@example.org", ADDRESS)
    answer = await quoting.issue_quote(
        shop.pool, shop.keyring, basket.id, basket.secret, contact, 900, shop.outside, CAUSE,
        Said(gifts=Gifts(shop.settings.master_key, [card.code])), Visit("address", "device", "network", odd, "door"),
    )  # fmt: skip
    order = await shop.place(basket, shop.quote_of(answer).id)
    await shop.work()
    await shop.work()
    return order


async def last_try(shop: Shop, order: OrderState) -> AttemptShown:
    return (await check_of(shop, order)).attempts[-1]


async def refuse_one_of(shop: Shop, mail: str) -> None:
    """Another order by this mail on the same day, with a card from abroad: held, and staff refuse it."""
    await decide(shop, await paid(shop, mail), "refused")
    await shop.work()


# --- gift cards ------------------------------------------------------------------------------------------------------


async def test_what_a_gift_card_pays_alone_is_assessed_and_goes_if_nothing_speaks_against_it(guarded: Shop) -> None:
    card = await guarded.gift_card(TOTAL)
    order = await by_gift_card(guarded, card, sku="lamp", odd=False)
    tried = await last_try(guarded, order)
    assert (tried.outcome, tried.verdict, tried.card, tried.door) == ("authorized", "accept", "", "door")
    assert await told(guarded, order) == ("confirmed", "captured")
    async with guarded.pool.acquire() as conn:
        assert (await store.ended_among(conn, [order.id])).by_gift_card == {order.id}
    await nothing_is_wrong(guarded)


async def test_what_is_held_keeps_the_balance_until_a_person_decides(guarded: Shop) -> None:
    await guarded.stock("sofa", 5, DEAR)
    card = await guarded.gift_card(DEAR_TOTAL + 100)
    order = await by_gift_card(guarded, card)
    await list_paid(guarded)
    tried = await last_try(guarded, order)
    assert (tried.verdict, [each.rule for each in tried.reasons]) == ("review", ["disposable_mail", "amount"])
    assert (await told(guarded, order), await picks(guarded, order)) == (("confirmed", "authorized"), [])
    assert (await guarded.balance(card), await guarded.figures("sofa")) == (100, (4, 0))
    [held] = (await handlers.list_reviews(guarded.pool, None)).reviews
    assert held.order_id == order.id
    await nothing_is_wrong(guarded)
    await decide(guarded, order, "accepted")
    await guarded.work()
    await list_paid(guarded)
    assert (await told(guarded, order), await guarded.balance(card)) == (("confirmed", "captured"), 100)
    assert len(await picks(guarded, order)) == 1
    await nothing_is_wrong(guarded)


async def test_what_is_refused_gives_the_balance_back_and_the_next_is_refused_at_once(guarded: Shop) -> None:
    await guarded.stock("sofa", 5, DEAR)
    card = await guarded.gift_card(DEAR_TOTAL)
    first = await by_gift_card(guarded, card)
    await decide(guarded, first, "refused")
    await guarded.work()
    assert await guarded.balance(card) == DEAR_TOTAL
    second = await by_gift_card(guarded, card)
    tried = await last_try(guarded, second)
    assert (tried.verdict, {each.rule for each in tried.reasons}) == (
        "refuse", {"stopped", "amount", "disposable_mail"},
    )  # fmt: skip
    for each in (first, second):
        assert await told(guarded, each) == ("cancelled", "voided")
        assert (await guarded.now(each)).closing_reason == "payment_not_accepted"
    assert (await guarded.balance(card), await guarded.figures("sofa")) == (DEAR_TOTAL, (5, 0))
    await nothing_is_wrong(guarded)


async def test_what_nobody_decided_about_gives_the_balance_back_after_six_days(guarded: Shop) -> None:
    await guarded.stock("sofa", 5, DEAR)
    card = await guarded.gift_card(DEAR_TOTAL)
    order = await by_gift_card(guarded, card)
    await handlers.let_go_overdue(guarded.pool, datetime.now(UTC) + timedelta(days=6, minutes=1))
    await guarded.work()
    assert (await told(guarded, order), await guarded.balance(card)) == (("cancelled", "voided"), DEAR_TOTAL)
    await nothing_is_wrong(guarded)


async def test_watching_stops_nobody_and_where_checks_are_off_nobody_looks(shop: Shop) -> None:
    await shop.stock("sofa", 5, DEAR)
    settings = structs.replace(shop.settings, fraud_checks="watch")
    async with open_providers(settings) as providers:
        watching = Shop(shop.pool, shop.keyring, providers, settings)
        order = await by_gift_card(watching, await shop.gift_card(DEAR_TOTAL))
        tried = await last_try(watching, order)
    assert (tried.verdict, tried.enforced, await told(shop, order)) == ("review", False, ("confirmed", "captured"))
    unseen = await by_gift_card(shop, await shop.gift_card(DEAR_TOTAL))
    assert await told(shop, unseen) == ("confirmed", "captured")
    with pytest.raises(UnknownCheck):
        await handlers.find_check(shop.pool, unseen.id)


# --- exchanges -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def api(guarded: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the command API behind a proxy, with the checks enforced."""
    settings = structs.replace(guarded.settings, client_address_header="Client-Address")
    async with client_of(create_app(settings)) as client:
        yield client


async def left(shop: Shop, mail: str, card: str = "amex") -> OrderState:
    """A lamp that has been sent to whoever has this mail."""
    order = await paid(shop, mail, card=card)
    await ship(shop, order, order.number)
    return order


async def swapped(shop: Shop, order: OrderState) -> OrderState:
    """Another lamp for the one that came back, with what the worker does about it."""
    new = await replacement(shop, await receive(shop, await swap(shop, order, 1, lamp=1)))
    await shop.work()
    await shop.work()
    return new


async def test_an_exchange_goes_where_nothing_speaks_against_it_and_is_no_purchase(guarded: Shop) -> None:
    order = await left(guarded, "ada@example.org")
    new = await swapped(guarded, order)
    tried, first = await last_try(guarded, new), await last_try(guarded, order)
    assert (tried.verdict, tried.card, tried.door) == ("accept", "", first.door)
    assert await told(guarded, new) == ("confirmed", "captured")
    async with guarded.pool.acquire() as conn:
        assert (await store.ended_among(conn, [order.id, new.id])).exchanged == {new.id}
    await nothing_is_wrong(guarded)


async def test_an_exchange_of_whom_staff_refused_an_order_since_waits_for_a_person(guarded: Shop) -> None:
    order = await left(guarded, "eve@example.org")
    await refuse_one_of(guarded, "eve+2@example.org")
    new = await swapped(guarded, order)
    await list_paid(guarded)
    tried = await last_try(guarded, new)
    assert (tried.verdict, [each.rule for each in tried.reasons]) == ("review", ["stopped"])
    assert (await told(guarded, new), await picks(guarded, new)) == (("confirmed", "authorized"), [])
    await nothing_is_wrong(guarded)
    await decide(guarded, new, "accepted")
    await guarded.work()
    await list_paid(guarded)
    assert (await told(guarded, new), len(await picks(guarded, new))) == (("confirmed", "captured"), 1)
    await nothing_is_wrong(guarded)


async def test_of_an_exchange_that_is_refused_the_money_goes_back_where_it_came_from(guarded: Shop) -> None:
    order = await left(guarded, "eve@example.org")
    await refuse_one_of(guarded, "eve+2@example.org")
    new = await swapped(guarded, order)
    await decide(guarded, new, "refused")
    await guarded.work()
    assert await told(guarded, new) == ("cancelled", "voided")
    assert await replacing.work_off(guarded.pool) == 1
    assert await at_provider(guarded, order) == [1190]
    assert await guarded.figures("lamp") == (10, 0)  # the first came back, the other one stayed
    await nothing_is_wrong(guarded)


async def test_who_asks_for_an_exchange_is_seen_and_forgotten_it_goes_to_the_same_door(
    guarded: Shop, api: httpx.AsyncClient
) -> None:
    secret, seen = guarded.settings.master_key, []
    for by, card in (("token", "amex"), ("staff", "visa"), ("long ago", "mastercard")):
        order = await left(guarded, f"{card}@example.org", card)
        body: Any = {"lines": [{"sku": "lamp", "quantity": 1}], "reason": "wrong_size"}
        body["instead"] = body["lines"]
        headers = {"Idempotency-Key": str(uuid7()), "Device-Id": "a telephone", "Client-Address": CLIENT}
        who = {"Authorization": await staff_token(guarded)} if by == "staff" else token_of(guarded, order)
        answer = await api.post(f"/v1/orders/{order.id}/returns", json=body, headers=headers | who)
        assert answer.status_code == 201
        if by == "long ago":
            async with guarded.pool.acquire() as conn:
                await store.forget_visits(conn, datetime.now(UTC) + timedelta(days=31))
        new = await replacement(guarded, await receive(guarded, _return.decode(answer.content)))
        await guarded.work()
        tried, first = await last_try(guarded, new), await last_try(guarded, order)
        assert (tried.door, tried.address) == (first.door, first.address)
        seen.append((tried.device, tried.network))
    marks = marker(secret, "device", "a telephone"), marker(secret, "network", CLIENT)
    assert seen == [marks, ("", ""), ("", "")]

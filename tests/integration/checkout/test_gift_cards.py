"""Gift cards at the checkout: what they pay is theirs once, however many want it, and goes back where it came from."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from msgspec import structs

from doorbuster.invariants import refunds
from doorbuster.invariants.captures import Provider
from shared.events.gift_cards import GiftPart
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.falling_through import WAYS, fall_through
from tests.integration.checkout.patience import all_while_the_stock_is_held, patient, waits_ahead_of_the_stock
from tests.integration.checkout.shop import Basket, Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_over_http import BUYER
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, missing, picks, start
from tests.integration.checkout.test_picking import react as list_paid
from tests.integration.checkout.test_releases import release
from tests.integration.checkout.test_returns import ask, receive
from write_side.app import create_app
from write_side.gift_cards import handlers as gift_cards
from write_side.gift_cards.handlers import IssuedGiftCard
from write_side.orders.closing import cancel_order
from write_side.orders.handlers import OrderState, QuoteState
from write_side.orders.refusals import AlreadyPaid, QuoteStale
from write_side.payments import handlers as payments
from write_side.refunds.domain import RefundExceedsCaptured
from write_side.refunds.releasing import NothingLeftToCapture

TOTAL = 1773  # a lamp of 10.00, shipping of 4.90, 19 % of both


async def _bought(shop: Shop, *cards: IssuedGiftCard) -> OrderState:
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket, gifts=[card.code for card in cards])
    assert quote.totals.total.amount_minor == TOTAL
    assert quote.charged.amount_minor + sum(part.amount_minor for part in quote.gift_cards) == TOTAL
    order = await shop.place(basket, quote.id)
    assert order.payment.amount == quote.charged
    return order


async def _paid(shop: Shop, *cards: IssuedGiftCard) -> OrderState:
    order = await _bought(shop, *cards)
    await shop.work()
    if order.payment.amount and order.payment.amount.amount_minor:
        assert await shop.pay(order) == "requires_capture"
        await shop.complete(order)
    await shop.work()
    assert (await shop.payment(order)).state == "captured"
    return order


async def test_two_gift_cards_pay_in_part_and_stripe_takes_the_rest(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    first, second = await shop.gift_card(700), await shop.gift_card(300)
    order = await _paid(shop, first, second)
    assert (await shop.payment(order)).amount_minor == TOTAL - 1000
    assert (await shop.at_stripe(order))["amount_received"] == TOTAL - 1000
    assert (await shop.balance(first), await shop.balance(second)) == (0, 0)
    assert (await shop.now(order)).gift_cards == [
        GiftPart(first.gift_card.id, 700), GiftPart(second.gift_card.id, 300),
    ]  # fmt: skip
    await nothing_is_wrong(shop)


async def test_a_gift_card_that_pays_all_of_it_asks_nobody_else(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    card = await shop.gift_card(2000)
    order = await _bought(shop, card)
    with pytest.raises(AlreadyPaid):  # who asks for a session before the worker came confirms it
        await payments.start_session(shop.pool, shop.providers, await shop.payment(order), "pk", CAUSE)
    await shop.work()
    assert [await shop.balance(card), (await shop.payment(order)).state, (await shop.now(order)).state] == [
        2000 - TOTAL, "captured", "confirmed",
    ]  # fmt: skip
    assert await shop.figures("lamp") == (4, 0)
    await nothing_is_wrong(shop)


async def test_of_orders_that_want_the_same_balance_at_once_one_gets_it(shop: Shop) -> None:
    await shop.stock("lamp", 50)
    card = await shop.gift_card(TOTAL)
    baskets = [await shop.basket(lamp=1) for _ in range(4)]
    quotes = [await shop.quote(basket, gifts=[card.code]) for basket in baskets]
    assert {quote.charged.amount_minor for quote in quotes} == {0}

    async def place(of: Shop, basket: Basket, quote: QuoteState) -> OrderState | str:
        try:
            return await of.place(basket, quote.id)
        except QuoteStale as stale:
            assert stale.facts["changes"] == [{"what": "gift_card"}]
            return "stale"

    each = zip(shop.as_processes(), baskets, quotes, strict=False)
    outcomes = await all_while_the_stock_is_held(shop, [place(*one) for one in each])
    assert sum(isinstance(each, OrderState) for each in outcomes) == 1
    assert outcomes.count("stale") == 3
    assert (await shop.balance(card), await shop.figures("lamp")) == (0, (50, 1))
    await nothing_is_wrong(shop)


@pytest.mark.parametrize("how", WAYS)
async def test_what_an_order_held_goes_back_when_it_does_not_go_through(shop: Shop, how: str) -> None:
    await shop.stock("lamp", 5)
    card = await shop.gift_card(1000)
    order = await _bought(shop, card)
    assert await shop.balance(card) == 0
    await fall_through(shop, order, how)
    assert (await shop.balance(card), await shop.figures("lamp")) == (1000, (5, 0))
    await nothing_is_wrong(shop)


async def test_a_cancelled_order_that_gift_cards_paid_alone_gives_them_all_back(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    card = await shop.gift_card(TOTAL)
    order = await _bought(shop, card)
    await cancel_order(shop.pool, shop.providers, order.id, CAUSE)
    assert ((await shop.now(order)).state, await shop.balance(card)) == ("cancelled", TOTAL)
    await nothing_is_wrong(shop)


async def test_refunds_go_back_to_the_card_first_and_then_to_the_last_gift_card(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    first, second = await shop.gift_card(700), await shop.gift_card(300)
    order = await _paid(shop, first, second)
    await shop.refund(order, amount_minor=TOTAL - 1000 - 73)
    assert (await shop.balance(first), await shop.balance(second)) == (0, 0)
    await shop.refund(order, amount_minor=273)
    assert (await shop.balance(first), await shop.balance(second)) == (0, 200)
    await shop.refund_work()
    await shop.refund(order)  # all that is left
    assert (await shop.balance(first), await shop.balance(second)) == (700, 300)
    with pytest.raises(RefundExceedsCaptured):
        await shop.refund(order, amount_minor=1)
    await shop.refund_work()
    assert [refund.state for refund in await shop.refunds(order)] == ["succeeded"] * 3
    assert sum(each["amount"] for each in await shop.refunds_at_stripe(order)) == TOTAL - 1000
    await nothing_is_wrong(shop)


async def test_a_refund_that_fails_frees_what_was_charged_and_leaves_what_the_gift_card_got(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    card = await shop.gift_card(1000)
    order = await _paid(shop, card)
    await shop.refund(order, lines=[{"sku": "lamp", "quantity": 1}], shipping=True)
    await shop.refund_work()
    [refund] = await shop.refunds(order)
    assert await shop.balance(card) == 1000
    await shop.refund_settled(order, refund.provider_id, "fail")
    assert [each.state for each in await shop.refunds(order)] == ["failed"]
    with pytest.raises(RefundExceedsCaptured):
        await shop.refund(order, amount_minor=TOTAL - 1000 + 1)
    again = await shop.refund(order)
    assert (again.amount.amount_minor, await shop.balance(card)) == (TOTAL - 1000, 1000)
    await nothing_is_wrong(shop)
    await shop.refund_work()
    more = "UPDATE refund SET amount_minor = amount_minor + $2 WHERE id = $1"
    await shop.pool.execute(more, again.id, 1)
    provider = Provider(shop.settings.stripe_api_base, shop.settings.stripe_api_key)
    async with shop.pool.acquire() as conn:
        told = await refunds.differences(conn, provider)
    await shop.pool.execute(more, again.id, -1)
    assert f"order {order.id}: cost {TOTAL}, and {TOTAL + 1} went back" in told, "what the gift card got counts"


@pytest.mark.parametrize("how", ["returned", "not on the shelf"])
async def test_goods_and_gift_cards_are_held_in_the_order_in_which_placing_holds_them(shop: Shop, how: str) -> None:
    await shop.stock("lamp", 5)
    order = await _paid(shop, await shop.gift_card(2000))
    if how == "returned":
        await ship(shop, order, order.number)
        each = await ask(shop, order, 1)
    else:
        await list_paid(shop)
        [pick] = await picks(shop, order)
        await start(shop, pick)
    late = {"missing": missing(1), "reason": "damaged", "otherwise": "refund"}
    async with patient(shop) as slow:
        call = receive(slow, each) if how == "returned" else finish(slow, pick, **late)
        await waits_ahead_of_the_stock(slow, "gift_card", call)
    await nothing_is_wrong(shop)


async def test_less_is_captured_of_what_was_charged_alone(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await _bought(shop, await shop.gift_card(1000))
    await shop.work()
    await shop.pay(order)
    await shop.complete(order)
    with pytest.raises(NothingLeftToCapture):
        await release(shop, order, amount_minor=TOTAL - 1000 - 49)
    await release(shop, order, amount_minor=TOTAL - 1000 - 50)
    await shop.work()
    assert (await shop.at_stripe(order))["amount_received"] == 50
    await nothing_is_wrong(shop)


async def test_a_quote_is_stale_once_its_gift_card_is_blocked_or_over(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    card, soon = await shop.gift_card(500), await shop.gift_card(500, expires_at=datetime.now(UTC) + timedelta(hours=1))
    for which in (card, soon):
        basket = await shop.basket(lamp=1)
        quote = await shop.quote(basket, gifts=[which.code])
        assert len(quote.gift_cards) == 1
        if which is card:
            await gift_cards.block_gift_card(shop.pool, card.gift_card.id, CAUSE)
        else:
            owner = await asyncpg.connect(shop.settings.database_url)
            await owner.execute("UPDATE gift_card SET expires_at = clock_timestamp() WHERE id = $1", soon.gift_card.id)
        with pytest.raises(QuoteStale):
            await shop.place(basket, quote.id)
    await owner.execute(
        "UPDATE gift_card SET expires_at = $2 WHERE id = $1", soon.gift_card.id, soon.gift_card.expires_at
    )
    await owner.close()
    again = await shop.quote(basket, gifts=[card.code, "NO-SUCH-CODE"])
    assert [(each.pointer, each.why) for each in again.refused_gift_cards] == [
        ("/gift_cards/0", "blocked"), ("/gift_cards/1", "unknown_code"),
    ]  # fmt: skip


async def test_the_code_stands_nowhere_and_a_repeat_of_the_call_tells_it_again(shop: Shop) -> None:
    call = shop.new_key()
    card = await shop.gift_card(500, call)
    assert await shop.gift_card(500, call) == card
    assert (await shop.gift_card(500)).code != card.code
    letters = card.code.replace("-", "")
    for table in ("gift_card", "event_log", "idempotency"):
        rows = await shop.pool.fetch(f"SELECT * FROM {table}")
        kept = b"".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)
        assert card.code.encode() not in kept
        assert letters.encode() not in kept


async def test_the_row_refuses_what_a_mistake_of_ours_would_let_through(shop: Shop) -> None:
    card = await shop.gift_card(500)
    with pytest.raises(asyncpg.CheckViolationError, match="never_overspent"):
        await shop.pool.execute("UPDATE gift_card SET balance_minor = -1 WHERE id = $1", card.gift_card.id)


async def test_a_client_guesses_at_codes_so_often_and_no_more(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    card = await shop.gift_card(500)
    async with client_of(create_app(structs.replace(shop.settings, attempts_per_client=3))) as api:
        asked = [await api.post("/v1/gift-cards/balance", json={"code": each}) for each in (card.code, "NO-SUCH-CODE")]
        assert asked[0].json() == {
            "state": "active", "balance": {"amount_minor": 500, "currency": "EUR"},
            "expires_at": None,
        }  # fmt: skip
        assert (asked[1].status_code, asked[1].json()["code"]) == (404, "unknown_gift_card")
        basket = await shop.basket(lamp=1)
        path, secret = f"/v1/carts/{basket.id}/quotes", {"Cart-Secret": basket.secret}
        quoted = await api.post(path, json=BUYER | {"gift_cards": [card.code.lower()]}, headers=secret)
        assert (quoted.status_code, quoted.json()["charged"]["amount_minor"]) == (201, TOTAL - 500)
        for answer in (
            await api.post("/v1/gift-cards/balance", json={"code": card.code}),
            await api.post(path, json=BUYER | {"gift_cards": [card.code]}, headers=secret),
        ):
            assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
            assert int(answer.headers["Retry-After"]) > 0
        assert (await api.post(path, json=BUYER, headers=secret)).status_code == 201, "without one nobody guesses"

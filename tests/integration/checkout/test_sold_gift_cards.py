"""Gift cards that are bought: issued once they are paid, mailed, spent, and taken back by a refund."""

import re
from uuid import UUID

import pytest
from msgspec import structs

from doorbuster import verify
from shared.codec import decode_events
from shared.events.payments import PaymentCaptured
from shared.money import Money
from shared.shards import order_key
from tests.fixtures.reacting import react_to_all
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import ADDRESS, MAIL, Basket, Shop
from tests.integration.checkout.test_mails import react as mail
from tests.integration.checkout.test_mails import send
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, picks, start
from tests.integration.checkout.test_picking import react as list_goods
from tests.integration.checkout.test_releases import release
from tests.integration.checkout.test_returns import ask, receive
from write_side import customers, erasure, event_log, orders
from write_side.catalog import handlers as catalog
from write_side.catalog.domain import ProductInput, VariantInput
from write_side.database import Connection
from write_side.fulfilment.editing import handlers as editing
from write_side.gift_cards import handlers as gift_cards
from write_side.gift_cards import store
from write_side.gift_cards.domain import GiftCard
from write_side.gift_cards.handlers import IssuedGiftCard
from write_side.gift_cards.selling import reactions as selling
from write_side.gift_cards.sold import MOST_SOLD, TooManyGiftCards
from write_side.notifications.gateway import MailServer
from write_side.orders import quoting
from write_side.orders.handlers import OrderState, QuoteState
from write_side.promotions.domain import PercentageInput
from write_side.refunds import store as refunds_store
from write_side.refunds.domain import Refund, RefundExceedsCaptured, RefundExceedsOrder
from write_side.refunds.releasing import NothingLeftToCapture

AUNT = "aunt@shop.example"


async def _offer(shop: Shop) -> None:
    """A gift card of 50.00, and a lamp of 10.00."""
    product = ProductInput("Gift card", [VariantInput("CARD-50")], tax_class="gift-card")
    await catalog.create_product(shop.pool, product, CAUSE, None)
    await shop.price("CARD-50", 5000)
    await shop.stock("lamp", 5)


async def _issue(shop: Shop) -> None:
    await react_to_all(shop.pool, *selling(shop.settings.master_key))


async def _quote(shop: Shop, basket: Basket, gift_card_mail: str = "") -> QuoteState:
    contact = customers.contact(MAIL, structs.replace(ADDRESS, gift_card_mail=gift_card_mail))
    args = (shop.pool, shop.keyring, basket.id, basket.secret, contact, 900, shop.outside, CAUSE)
    return shop.quote_of(await quoting.issue_quote(*args))


async def _bought(shop: Shop, gift_card_mail: str = "", card: str = "pm_card_visa", **lines: int) -> OrderState:
    basket = await shop.basket()
    await shop.fill(basket, {"CARD-50": 2} | lines)
    order = await shop.place(basket, (await _quote(shop, basket, gift_card_mail)).id)
    await shop.pay(order, card)
    await shop.complete(order)
    return order


async def _cards(shop: Shop, order: OrderState) -> list[GiftCard]:
    async with shop.pool.acquire() as conn:
        return await store.of_order(conn, order.id)


async def _is_verified(shop: Shop) -> bool:
    async with shop.pool.acquire() as conn:
        return await verify.differences(conn) == []


async def test_an_order_of_gift_cards_alone_is_untaxed_and_unsent_and_completes_itself_once_it_is_captured(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await _offer(shop)
    order = await _bought(shop, AUNT)
    assert order.totals.total == Money(10_000, "EUR"), "no tax, no shipping"
    await _issue(shop)
    assert await _cards(shop, order) == [], "authorized is not captured"
    await shop.work()
    await _issue(shop)
    await _issue(shop)
    cards = await _cards(shop, order)
    assert [card.amount_minor for card in cards] == [5000, 5000]
    assert (await shop.now(order)).state == "completed"
    await mail(shop)
    await send(shop, server)
    to_aunt = [each for each in received.mails if each["To"] == AUNT]
    texts = [part.get_content() for each in to_aunt if (part := each.get_body(("plain",)))]
    codes = [found.group(0) for text in texts if (found := re.search(r"([2-9A-Z]{4}-){3}[2-9A-Z]{4}", text))]
    assert len(set(codes)) == 2
    assert not any(str(order.id) in text or order.number in text for text in texts), "the order is none of hers"
    assert await shop.pool.fetchval("SELECT count(*) FROM gift_card_letter") == 0, "nobody can make a code again"
    for code in codes:
        balance = await gift_cards.balance_of(shop.pool, shop.settings.master_key, code)
        assert balance.balance == Money(5000, "EUR")
    assert await _is_verified(shop)


async def test_goods_beside_gift_cards_are_taxed_and_sent_and_the_cards_are_not(shop: Shop) -> None:
    await _offer(shop)
    order = await _bought(shop, lamp=1)
    amounts = {name: getattr(order.totals, name).amount_minor for name in ("lines", "shipping", "tax")}
    assert amounts == {"lines": 11_000, "shipping": 490, "tax": 190 + 93}
    await shop.work()
    await _issue(shop)
    now = await shop.now(order)
    assert (now.state, [allocation.sku for allocation in now.allocations]) == ("confirmed", ["lamp"])


async def test_an_order_whose_goods_are_all_paid_back_is_done_with_its_gift_cards(shop: Shop) -> None:
    await _offer(shop)
    order, early, untouched = [await _bought(shop, lamp=quantity) for quantity in (2, 1, 1)]
    await release(shop, early, lines=[{"sku": "lamp", "quantity": 1}])
    for _ in range(3):
        await shop.work()
    await _issue(shop)
    assert [(await shop.now(each)).state for each in (order, early)] == ["confirmed", "completed"]
    for _ in range(2):
        await shop.refund_work()
        await shop.refund(order, reason="out_of_stock", lines=[{"sku": "lamp", "quantity": 1}])
    await _issue(shop)
    assert (await shop.now(order)).state == "confirmed", "the money of the second is on its way"
    await shop.refund_work()
    await shop.refund(untouched, reason="goodwill")
    await shop.refund_work()
    await _issue(shop)
    states = [(await shop.now(each)).state for each in (order, untouched)]
    assert states == ["completed", "confirmed"], "of the other one nothing is left"


async def test_a_list_of_which_nothing_is_left_is_cancelled_where_its_order_is_done(shop: Shop) -> None:
    await _offer(shop)
    order = await _bought(shop, lamp=1)
    await shop.work()
    await _issue(shop)
    await list_goods(shop)
    [pick] = await picks(shop, order)
    await shop.refund(order, reason="requested_by_customer", lines=[{"sku": "lamp", "quantity": 1}], restock=True)
    await shop.refund_work()
    await _issue(shop)
    assert ((await shop.now(order)).state, pick.state) == ("completed", "listed")
    assert (await start(shop, pick)).state == "cancelled"


@pytest.mark.parametrize(("missing", "state"), [(0, "picked"), (1, "cancelled")])
async def test_whoever_is_at_the_shelf_ends_their_list_though_its_order_is_done(
    shop: Shop, missing: int, state: str
) -> None:
    await _offer(shop)
    order = await _bought(shop, lamp=1)
    await shop.work()
    await _issue(shop)
    await list_goods(shop)
    [pick] = await picks(shop, order)
    await start(shop, pick)
    lamp = [{"sku": "lamp", "quantity": 1}]
    await shop.refund(order, reason="requested_by_customer", lines=lamp)
    await shop.refund_work()
    await _issue(shop)
    assert (await shop.now(order)).state == "completed"
    said = {"missing": lamp, "reason": "damaged"} if missing else {}
    assert (await finish(shop, pick, **said)).state == state
    assert await shop.figures("lamp") == (4, 0)
    assert await _is_verified(shop)


async def test_an_order_with_gift_cards_is_done_as_its_last_refund_fails(shop: Shop) -> None:
    await _offer(shop)
    order = await _bought(shop, card="pm_card_pendingRefund", lamp=1)
    for _ in range(3):
        await shop.work()
    await _issue(shop)
    await shop.refund(order, reason="goodwill", amount_minor=100)
    await shop.refund(order, reason="out_of_stock", lines=[{"sku": "lamp", "quantity": 1}])
    await shop.refund_work()
    goodwill, lamp = sorted(await shop.refunds(order), key=lambda refund: refund.amount_minor)
    for refund, outcome, state in ((lamp, "succeed", "confirmed"), (goodwill, "fail", "completed")):
        await shop.refund_settled(order, refund.provider_id, outcome)
        await _issue(shop)
        assert (await shop.now(order)).state == state
    assert [refund.state for refund in await shop.refunds(order)].count("failed") == 1


async def test_a_refund_blocks_unused_cards_and_gives_back_no_more_than_is_left_of_used_ones(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await _offer(shop)
    order = await _bought(shop)
    await shop.work()
    await _issue(shop)
    await mail(shop)
    await send(shop, server)
    code = next(
        found.group(0) for each in received.mails if (part := each.get_body(("plain",)))
        and (found := re.search(r"([2-9A-Z]{4}-){3}[2-9A-Z]{4}", part.get_content()))
    )  # fmt: skip
    beside = await shop.basket(**{"CARD-50": 1, "lamp": 1})
    assert (await shop.quote(beside, gifts=[code])).charged.amount_minor == 5000, "a card pays for no other"
    await shop.promote(PercentageInput(1000), code="TEN", skus=["CARD-50", "lamp"])
    assert [line.discount_minor for line in (await shop.quote(beside, codes=["TEN"])).lines] == [0, 100]
    basket = await shop.basket(lamp=1)
    await shop.place(basket, (await shop.quote(basket, gifts=[code])).id)  # 17.73 of one
    with pytest.raises(RefundExceedsCaptured):
        await shop.refund(order, amount_minor=1)
    one = await shop.refund(order, lines=[{"sku": "CARD-50", "quantity": 1}])
    assert one.amount.amount_minor == 5000, "the one that is unused"
    with pytest.raises(RefundExceedsOrder):
        await shop.refund(order, lines=[{"sku": "CARD-50", "quantity": 2}])
    rest = await shop.refund(order)
    assert rest.amount.amount_minor == 5000 - 1773
    assert {card.state for card in await _cards(shop, order)} == {"blocked"}
    again = await shop.basket(lamp=1)
    assert [each.why for each in (await shop.quote(again, gifts=[code])).refused_gift_cards] == ["blocked"]
    assert await _is_verified(shop)


async def test_the_feed_does_not_wait_while_the_tax_in_a_refund_of_gift_cards_is_found_out(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were blocked first, and that event held it up for as long as earlier refunds were read."""
    await _offer(shop)
    order = await _bought(shop, lamp=1)
    await shop.work()
    await _issue(shop)
    read, drawn, seen = refunds_store.as_it_went, "SELECT last_value FROM event_position", list[int]()

    async def meanwhile(conn: Connection, order_id: UUID) -> list[Refund]:
        seen.append(await conn.fetchval(drawn))
        return await read(conn, order_id)

    monkeypatch.setattr(refunds_store, "as_it_went", meanwhile)
    before = await shop.pool.fetchval(drawn)
    await shop.refund(order, lines=[{"sku": "CARD-50", "quantity": 1}])
    assert seen == [before]
    assert [card.state for card in await _cards(shop, order)].count("blocked") == 1


async def test_goods_come_back_for_no_more_than_is_left_without_a_card_that_stays_good(shop: Shop) -> None:
    await _offer(shop)
    order = await _bought(shop, lamp=5)
    await shop.work()
    await _issue(shop)
    await ship(shop, order, "1")
    cost = (await shop.payment(order)).amount_minor - 10_000
    await shop.refund(order, reason="goodwill", amount_minor=cost - 300)
    each = await receive(shop, await ask(shop, order, 5), {"sku": "lamp", "quantity": 5}, shipping=True)
    assert each.state == "received"
    assert [refund.amount_minor for refund in await shop.refunds(order)] == [cost - 300, 300]
    assert [card.state for card in await _cards(shop, order)] == ["active", "active"]
    assert await _is_verified(shop)


async def test_as_many_as_an_order_may_buy_are_issued_by_as_many_calls_as_two_and_more_are_not_sold(
    shop: Shop,
) -> None:
    await _offer(shop)
    many = await shop.basket(**{"CARD-50": MOST_SOLD + 1})
    with pytest.raises(TooManyGiftCards):
        await _quote(shop, many)
    calls = []
    for quantity in (2, MOST_SOLD):
        order = await _bought(shop, "", "pm_card_visa", **{"CARD-50": quantity})
        await shop.work()
        reaction, _ = selling(shop.settings.master_key)
        said: list[str] = []
        async with shop.pool.acquire() as conn, conn.transaction():
            events = await event_log.read_keys(conn, [order_key(order.id)])
            [(recorded, captured)] = [
                (each, event) for each in events for event in decode_events(each.type, each.payload)
                if isinstance(event, PaymentCaptured)
            ]  # fmt: skip
            with conn.query_logger(lambda query, said=said: said.append(query.query)):
                await reaction.handle(conn, recorded, captured, CAUSE)
        assert len(await _cards(shop, order)) == quantity
        await shop.refund(order)
        assert {card.state for card in await _cards(shop, order)} == {"blocked"}
        calls.append(len(said))
    assert calls[0] == calls[1]
    assert await _is_verified(shop)


async def test_a_new_address_leaves_whom_cards_are_for_and_a_card_that_was_taken_back_is_not_mailed(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await _offer(shop)
    order = await _bought(shop, AUNT, lamp=1)
    moved = structs.replace(ADDRESS, line1="Hill Road 7")
    args = (shop.pool, shop.keyring, order.id, moved, shop.settings, CAUSE, new_call())
    await editing.change_address(*args, by_staff=True)
    await shop.work()
    await _issue(shop)
    await shop.refund(order, lines=[{"sku": "CARD-50", "quantity": 1}])
    await mail(shop)
    await send(shop, server)
    assert len([each for each in received.mails if each["To"] == AUNT]) == 1
    assert await shop.pool.fetchval("SELECT count(*) FROM gift_card_letter") == 0
    async with shop.pool.acquire() as conn:
        now = await orders.find_order(conn, order.id)
    assert now is not None
    [held] = (await erasure.export(shop.pool, shop.keyring, now.person_id)).orders
    bought = sorted((card.sku, card.amount_minor, card.state) for card in held.bought_gift_cards)
    assert bought == [("CARD-50", 5000, "active"), ("CARD-50", 5000, "blocked")]
    assert held.contact is not None
    assert (held.contact.address.line1, held.contact.address.gift_card_mail) == ("Hill Road 7", AUNT)


async def _beside_a_gift_card(shop: Shop, lamps: int) -> tuple[OrderState, IssuedGiftCard]:
    """An order of a new gift card, paid by a card, and of lamps and shipping, paid by an old gift card."""
    await _offer(shop)
    old = await shop.gift_card(10_000)
    basket = await shop.basket()
    await shop.fill(basket, {"CARD-50": 1, "lamp": lamps})
    order = await shop.place(basket, (await shop.quote(basket, gifts=[old.code])).id)
    assert order.payment.amount == Money(5000, "EUR")
    await shop.pay(order)
    await shop.complete(order)
    return order, old


async def test_what_a_gift_card_paid_for_goes_back_to_it_and_not_in_the_money_that_was_paid_for_another(
    shop: Shop,
) -> None:
    order, old = await _beside_a_gift_card(shop, 4)
    await shop.work()
    await _issue(shop)
    await shop.refund(order, reason="requested_by_customer", lines=[{"sku": "lamp", "quantity": 1}])
    await shop.refund(order, reason="goodwill", amount_minor=10)
    await shop.refund(order, reason="requested_by_customer", lines=[{"sku": "lamp", "quantity": 2}])
    await shop.refund_work()
    assert await shop.refunds_at_stripe(order) == []
    assert await shop.balance(old) == 10_000 - 1190 - 583 + 10
    await shop.refund(order, reason="requested_by_customer")
    await shop.refund_work()
    assert [refund["amount"] for refund in await shop.refunds_at_stripe(order)] == [5000]
    assert await shop.balance(old) == 10_000
    assert [card.state for card in await _cards(shop, order)] == ["blocked"]


async def test_no_gift_card_is_captured_for_less_than_it_is_worth_because_goods_beside_it_are_released(
    shop: Shop,
) -> None:
    order, old = await _beside_a_gift_card(shop, 1)
    with pytest.raises(NothingLeftToCapture):
        await release(shop, order, lines=[{"sku": "lamp", "quantity": 1}])
    await shop.work()
    await shop.refund(order, reason="out_of_stock", lines=[{"sku": "lamp", "quantity": 1}])
    assert await shop.balance(old) == 10_000 - 583

"""Exchanges that come to nothing: what the goods had cost goes back once they are here, all of it and once."""

from uuid import UUID

import msgspec
import pytest

from shared.envelope import Metadata
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.falling_through import fall_through
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_exchanges import at_provider, paid_by_a_card, replacement, swap
from tests.integration.checkout.test_releases import release
from tests.integration.checkout.test_returns import ask, now, receive, shipped
from write_side.database import Pool
from write_side.orders.handlers import OrderState
from write_side.returns import expiring, handlers, replacing
from write_side.returns.domain import Return
from write_side.returns.refusals import ReturnNotOpen

_return = msgspec.json.Decoder(Return)


async def sent_early(shop: Shop, order: OrderState, given: int, wished: int) -> tuple[Return, OrderState]:
    """Chandeliers are ordered in exchange for lamps that are still with the customer."""
    each = await swap(shop, order, given, chandelier=wished)
    answer = await handlers.send_early(shop.pool, each.id, shop.settings, CAUSE, new_call())
    each = _return.decode(answer.body)
    return each, await replacement(shop, each)


async def lamps_and_chandeliers(shop: Shop) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("chandelier", 5, price=2000)


async def test_goods_whose_replacement_was_sent_early_and_fell_through_are_paid_back_once_they_come(shop: Shop) -> None:
    await lamps_and_chandeliers(shop)
    order = await shipped(shop, 1)
    each, new = await sent_early(shop, order, 1, 1)
    await fall_through(shop, new, "cancelled before it was paid")
    assert await replacing.work_off(shop.pool) == 0
    assert (await at_provider(shop, order), (await now(shop, each)).exchange_state) == ([], "placed")
    with pytest.raises(ReturnNotOpen):
        await handlers.cancel_return(shop.pool, order.id, each.id, CAUSE, new_call())
    await receive(shop, each)
    assert [await replacing.work_off(shop.pool) for _ in range(2)] == [1, 0]
    assert (await at_provider(shop, order), (await now(shop, each)).failure) == ([1190], "cancelled")


async def test_of_goods_that_were_to_come_only_what_came_is_paid_back(shop: Shop) -> None:
    await lamps_and_chandeliers(shop)
    order = await shipped(shop, 3)
    each, new = await sent_early(shop, order, 2, 2)
    await fall_through(shop, new, "expired")
    await receive(shop, each, {"sku": "lamp", "quantity": 1}, shipping=True)
    assert await replacing.work_off(shop.pool) == 1
    assert (await at_provider(shop, order), (await now(shop, each)).failure) == ([583, 1190], "not_paid")
    await ask(shop, order, 2)  # what did not come may come yet


async def test_what_was_not_to_be_captured_or_was_paid_back_by_hand_keeps_nothing_of_the_rest(shop: Shop) -> None:
    await lamps_and_chandeliers(shop)
    order = await shipped(shop, 2)
    each = await receive(shop, await swap(shop, order, 1, chandelier=2))
    new = await replacement(shop, each)
    await shop.pay(new)
    await shop.complete(new)
    assert await release(shop, new, lines=[{"sku": "chandelier", "quantity": 1}]) == 2380
    await fall_through(shop, new, "cancelled before it was paid")
    await shop.refund(new, reason="goodwill", amount_minor=190)
    assert [await replacing.work_off(shop.pool) for _ in range(2)] == [1, 0]
    assert await at_provider(shop, order) == [190, 1000]
    assert (await now(shop, each)).exchange_state == "failed"


async def test_what_gift_cards_alone_had_paid_ends_too(shop: Shop) -> None:
    await lamps_and_chandeliers(shop)
    order, card = await paid_by_a_card(shop, 1)
    before = await shop.balance(card)
    each = await receive(shop, await swap(shop, order, 1, chandelier=1))
    new = await replacement(shop, each)
    await fall_through(shop, new, "expired")
    assert [await replacing.work_off(shop.pool) for _ in range(2)] == [1, 0]
    assert ((await now(shop, each)).failure, await shop.balance(card)) == ("not_paid", before + 1190)
    assert await shop.refunds(new) == []


async def test_those_that_fail_keep_none_behind_them(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("bulb", 5, price=300)
    first, second = [await receive(shop, await swap(shop, await shipped(shop, 1), 1, bulb=1)) for _ in range(2)]
    for each in (first, second):
        await fall_through(shop, await replacement(shop, each), "cancelled before it was paid")
    pays_back = replacing.fall_through

    async def fails(pool: Pool, order_id: UUID, cause: Metadata) -> None:
        assert order_id != first.replacement_id
        await pays_back(pool, order_id, cause)

    monkeypatch.setattr(replacing, "AT_ONCE", 1)
    monkeypatch.setattr(replacing, "fall_through", fails)
    assert await replacing.work_off(shop.pool) == 1
    assert (await now(shop, second)).exchange_state == "failed"


async def test_returns_that_cannot_expire_keep_none_behind_them(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.stock("lamp", 10)
    await shop.stock("bulb", 5, price=300)
    order, late = await shipped(shop, 2), {"return_expires_days": 0}
    first, second = [await swap(shop, order, 1, said=late, bulb=1) for _ in range(2)]
    expires = expiring.expire_return

    async def fails(pool: Pool, each: Return, cause: Metadata) -> None:
        assert each.id != first.id
        await expires(pool, each, cause)

    monkeypatch.setattr(expiring, "AT_ONCE", 1)
    monkeypatch.setattr(expiring, "expire_return", fails)
    assert await expiring.close_late(shop.pool) == 1
    assert (await now(shop, second)).state == "expired"

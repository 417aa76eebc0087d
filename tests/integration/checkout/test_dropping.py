"""Goods that are not sent any more, though no refund names them: through the handlers, and over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from shared.events.orders import Allocation
from shared.ids import uuid7
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.patience import patient, until_waiting
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_adding import add, add_paid, given_back, total
from tests.integration.checkout.test_editing import edit
from tests.integration.checkout.test_nothing_goes import mails_of, paid_back, state_of
from tests.integration.checkout.test_nothing_is_found import MUG, misses_the_gift, with_a_gift
from tests.integration.checkout.test_parcels import ship
from tests.integration.checkout.test_picking import finish, picks, react, ship_pick, start
from write_side import access
from write_side.app import create_app
from write_side.fulfilment.booking.handlers import end_if_due
from write_side.fulfilment.domain import NothingToShip, Parcel
from write_side.fulfilment.dropping.domain import DropGoods, DropsTooMuch, NotPaidBack
from write_side.fulfilment.dropping.handlers import Dropped, drop_goods
from write_side.fulfilment.handlers import deliver_parcel
from write_side.orders.handlers import OrderState

_dropped = msgspec.json.Decoder(Dropped)
LAMP: list[dict[str, Any]] = [{"sku": "lamp", "quantity": 1}]


async def drop(shop: Shop, order: OrderState, **lines: int) -> Dropped:
    asked = {"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]}
    wanted = msgspec.convert(asked, DropGoods)
    return _dropped.decode((await drop_goods(shop.pool, order.id, wanted, CAUSE, new_call())).body)


async def dropped_for_an_amount(shop: Shop, order: OrderState) -> None:
    """A lamp is dropped, and the amount that pays for it is on its way."""
    await shop.refund(order, reason="goodwill", amount_minor=1190)
    await drop(shop, order, lamp=1)


async def looked_at(shop: Shop, order: OrderState) -> str:
    """How an order is once it was looked at whether all of it has arrived."""
    async with shop.pool.acquire() as conn, conn.transaction():
        await end_if_due(conn, order.id, timedelta(0), datetime.now(UTC), CAUSE)
    return (await shop.now(order)).state


async def test_an_order_of_which_a_missing_gift_is_left_gets_on_once_that_is_dropped(shop: Shop) -> None:
    order = await with_a_gift(shop)
    await misses_the_gift(shop, order)
    await shop.refund(order, reason="goodwill", lines=LAMP, shipping=True, restock=True)
    assert await paid_back(shop, order) == "confirmed", "who finds a mug may send it"
    assert (await drop(shop, order, mug=1)).restocked == []
    assert await state_of(shop, order) == "completed"
    assert await shop.figures("mug") == (0, 0)
    assert "order_completed" not in await mails_of(shop, order)
    await nothing_is_wrong(shop)


async def test_who_misses_a_gift_at_the_shelf_may_drop_it_then(shop: Shop) -> None:
    order = await with_a_gift(shop)
    await misses_the_gift(shop, order, otherwise="drop")
    [pick] = await picks(shop, order)
    assert await ship_pick(shop, pick) == {"lamp": 1}
    with pytest.raises(NothingToShip):
        await ship(shop, order, "1")
    assert await shop.refunds(order) == []
    await nothing_is_wrong(shop)


async def test_what_has_arrived_is_done_once_the_gift_is_dropped_that_never_came(shop: Shop) -> None:
    order = await with_a_gift(shop)
    await misses_the_gift(shop, order)
    [pick] = await picks(shop, order)
    await ship_pick(shop, pick)
    [parcel] = await shop.pool.fetch("SELECT id FROM parcel WHERE order_id = $1", order.id)
    await deliver_parcel(shop.pool, parcel["id"], CAUSE, new_call())
    assert await looked_at(shop, order) == "confirmed"
    await drop(shop, order, mug=1)
    assert await looked_at(shop, order) == "completed"


async def test_what_was_paid_for_is_not_dropped_at_the_shelf(shop: Shop) -> None:
    order = await with_a_gift(shop)
    [pick] = await picks(shop, order)
    await start(shop, pick)
    with pytest.raises(NotPaidBack):
        await finish(shop, pick, missing=LAMP, reason="damaged", otherwise="drop")
    assert await shop.figures("lamp") == (0, 0)


async def test_goods_whose_money_went_back_as_an_amount_are_back_in_stock_and_on_no_list(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.captured(lamp=2)
    await react(shop)
    await shop.refund(order, reason="goodwill", amount_minor=1190)
    with pytest.raises(NotPaidBack):
        await drop(shop, order, lamp=2)
    assert (await drop(shop, order, lamp=1)).restocked == [Allocation("lamp", "BER", 1)]
    assert await shop.figures("lamp") == (4, 0)
    [pick] = await picks(shop, order)
    assert (await start(shop, pick)).lines[0].quantity == 1
    with pytest.raises(NotPaidBack):
        await drop(shop, order, lamp=1)
    await shop.refund(order, reason="goodwill", amount_minor=await total(shop, order) - 1190)
    await drop(shop, order, lamp=1)  # somebody is at the shelf with it: nothing of their box leaves
    assert await shop.figures("lamp") == (5, 0)
    await finish(shop, pick)
    with pytest.raises(NothingToShip):
        await ship_pick(shop, pick)
    assert await paid_back(shop, order) == "completed"
    assert await given_back(shop, order) == await total(shop, order)
    await nothing_is_wrong(shop)


async def test_what_left_is_not_back_in_stock_and_the_shelf_nobody_went_to_is_first(shop: Shop) -> None:
    await shop.stock("lamp", 1)
    await shop.stock("lamp", 1, warehouse="HAM")
    order = await shop.captured(lamp=2)
    await react(shop)
    [near] = [pick for pick in await picks(shop, order) if pick.warehouse == "BER"]
    await start(shop, near)
    await finish(shop, near)
    await ship_pick(shop, near)
    await shop.refund(order, reason="goodwill", amount_minor=1190)
    assert (await drop(shop, order, lamp=1)).restocked == [Allocation("lamp", "HAM", 1)]
    assert (await shop.figures("lamp"), await shop.figures("lamp", "HAM")) == ((0, 0), (1, 0))
    with pytest.raises(DropsTooMuch):
        await drop(shop, order, lamp=1)


async def test_a_refund_of_all_that_is_left_after_a_drop_ends_the_order(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.captured(lamp=2)
    await dropped_for_an_amount(shop, order)
    await shop.refund(order, reason="goodwill", restock=True)
    assert await paid_back(shop, order) == "completed"
    assert await given_back(shop, order) == await total(shop, order)
    assert await shop.figures("lamp") == (5, 0)
    await nothing_is_wrong(shop)


async def test_what_goes_along_unpaid_ends_and_what_is_paid_goes_alone(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    more, unpaid = await add_paid(shop, order, lamp=1), await add(shop, order, lamp=1)
    await shop.refund(order, reason="goodwill", amount_minor=1190)
    await drop(shop, order, lamp=1)
    assert (await shop.now(unpaid)).closing_reason == "order_left"
    assert await state_of(shop, order) == "confirmed"
    assert (await shop.now(more)).state == "confirmed"


async def test_shipping_that_was_kept_for_what_is_dropped_goes_back(shop: Shop) -> None:
    await shop.stock("lamp", 9)
    order = await shop.captured(lamp=1)
    more = await add_paid(shop, order, lamp=1)
    await edit(shop, order, lamp=0)
    assert await given_back(shop, order) < await total(shop, order)
    await shop.refund(more, reason="goodwill", amount_minor=1190)
    await drop(shop, more, lamp=1)
    for _ in range(2):
        assert await paid_back(shop, order) is not None
    assert await given_back(shop, order) == await total(shop, order)
    assert [(await shop.now(each)).state for each in (order, more)] == ["completed", "completed"]


async def test_what_leaves_at_the_same_time_is_not_dropped(shop: Shop) -> None:
    order = await with_a_gift(shop)
    async with patient(shop) as slow:
        async with shop.pool.acquire() as conn, conn.transaction():
            await conn.execute("LOCK TABLE parcel IN SHARE MODE")
            leaving = asyncio.ensure_future(ship(slow, order, "1", MUG))
            await until_waiting(shop.pool, 1, [leaving])
            dropping = asyncio.ensure_future(drop(slow, order, mug=1))
            await until_waiting(shop.pool, 2, [dropping])
        done = await asyncio.gather(leaving, dropping, return_exceptions=True)
    assert [type(each) for each in done] == [Parcel, DropsTooMuch]
    assert await shop.figures("mug") == (0, 0)


async def test_staff_drop_a_gift_over_http(shop: Shop, shop_settings: Settings) -> None:
    order = await with_a_gift(shop)
    issued = await access.issue_token(shop.pool, "test", ["orders:write"], None, CAUSE)
    reader = await access.issue_token(shop.pool, "reader", ["orders:read"], None, CAUSE)
    bearer, other = (f"Bearer {msgspec.json.decode(each.body)['token']}" for each in (issued, reader))
    async with client_of(create_app(shop_settings)) as api:

        async def asked(token: str, lines: list[dict[str, Any]], key: str) -> httpx.Response:
            headers = {"Authorization": token, "Idempotency-Key": key} if token else {"Idempotency-Key": key}
            return await api.post(f"/v1/orders/{order.id}/drops", json={"lines": lines}, headers=headers)

        assert [(await asked(token, MUG, "k")).status_code for token in ("", other)] == [401, 403]
        refused = await asked(bearer, [{"sku": "mug", "quantity": 2}], str(uuid7()))
        assert (refused.status_code, refused.json()["code"]) == (409, "drops_too_much")
        assert refused.json()["lines"] == [{"sku": "mug", "wanted": 2, "left": 1}]
        assert (await asked(bearer, LAMP, str(uuid7()))).json()["code"] == "not_paid_back"
        key = str(uuid7())
        for _ in range(2):
            answer = await asked(bearer, MUG, key)
            assert answer.status_code == 201, answer.text
            body = {"order_id": str(order.id), "lines": MUG,
                    "restocked": [{"sku": "mug", "warehouse": "BER", "quantity": 1}]}  # fmt: skip
            assert answer.json() == body
        assert (await shop.now(order)).dropped == {"mug": 1}
        await shop.refund(order, reason="goodwill")
        assert await paid_back(shop, order) == "completed"
        assert (await asked(bearer, MUG, str(uuid7()))).json()["code"] == "not_shippable"

"""A parcel that was lost, or brought back: once its goods are refunded nobody waits for it, and it is asked about as
long as its order, or what lies in it, is not done."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec import structs

from shared.events.orders import OrderCompleted
from shared.ids import uuid7
from shared.settings import Settings
from tests.fixtures.reacting import react_to_all
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_adding import add_paid
from tests.integration.checkout.test_nothing_is_found import with_a_gift
from tests.integration.checkout.test_parcels import ship
from write_side.fulfilment.booking import handlers, steps
from write_side.fulfilment.booking.carrier import Scan
from write_side.fulfilment.booking.reactions import reactions as booking_reactions
from write_side.orders.handlers import OrderState

LONG_AGO = datetime.now(UTC) - timedelta(days=30)


class Asked:
    """A carrier that has no news, and is told of by what it was asked about."""

    name = "DHL"

    def __init__(self) -> None:
        self.numbers = list[str]()

    async def scans(self, tracking_number: str) -> Sequence[Scan]:
        self.numbers.append(tracking_number)
        return []


@pytest.fixture
def soon(shop_settings: Settings) -> Settings:
    return structs.replace(shop_settings, complete_after_days=0)


async def react(shop: Shop, settings: Settings) -> None:
    [given_up] = booking_reactions(settings)
    await react_to_all(shop.pool, given_up)


async def refunded(shop: Shop, order: OrderState, sku: str, settings: Settings) -> None:
    """As not delivered; the money is back."""
    await shop.refund(order, reason="not_delivered", lines=[{"sku": sku, "quantity": 1}])
    await shop.refund_work()
    await react(shop, settings)


async def see(shop: Shop, number: str, *scans: str) -> None:
    for status in scans:
        seen = {"id": str(uuid7()), "tracking_number": number, "status": status, "at": LONG_AGO}
        scan = msgspec.convert(seen, Scan)
        await handlers.learn(shop.pool, "DHL", scan, CAUSE)


async def look(shop: Shop, settings: Settings, carrier: Asked) -> None:
    """The worker's step about whatever it looks after still."""
    await shop.pool.execute("UPDATE parcel SET look_at = clock_timestamp() WHERE look_at IS NOT NULL")
    await steps.look_after(shop.pool, carrier, settings)  # type: ignore[arg-type]  # it is asked for scans alone


async def test_an_order_is_done_once_what_did_not_arrive_was_refunded(shop: Shop, soon: Settings) -> None:
    await shop.stock("lamp", 1)
    await shop.stock("mug", 1)
    order, carrier = await shop.captured(lamp=1, mug=1), Asked()
    await react(shop, soon)
    await ship(shop, order, "1", [{"sku": "lamp", "quantity": 1}])
    await ship(shop, order, "2")
    await see(shop, "1", "delivered")
    await look(shop, soon, carrier)
    assert ((await shop.now(order)).state, carrier.numbers) == ("confirmed", ["2"])
    await refunded(shop, order, "mug", soon)
    await look(shop, structs.replace(soon, complete_after_days=14), carrier)
    assert (await shop.now(order)).state == "confirmed", "it may still be questioned"
    await look(shop, soon, carrier)
    assert ((await shop.now(order)).state, carrier.numbers) == ("completed", ["2"] * 3), "it may still come"
    await look(shop, soon, carrier)
    assert carrier.numbers == ["2"] * 3, "nobody asks any more"
    assert await shop.told(order, OrderCompleted) == [OrderCompleted(order.id)]
    await nothing_is_wrong(shop)


async def test_of_two_with_the_same_in_them_both_are_asked_about_though_one_was_refunded(
    shop: Shop, soon: Settings
) -> None:
    await shop.stock("lamp", 2)
    order, carrier = await shop.captured(lamp=2), Asked()
    await react(shop, soon)
    await ship(shop, order, "1", [{"sku": "lamp", "quantity": 1}])
    await ship(shop, order, "2")
    await refunded(shop, order, "lamp", soon)
    await look(shop, soon, carrier)
    assert sorted(carrier.numbers) == ["1", "2"], "nobody knows which of them is meant"
    await look(shop, soon, carrier)
    assert sorted(carrier.numbers) == ["1", "1", "2", "2"], "and again"
    assert (await shop.now(order)).state == "confirmed"
    await see(shop, "1", "delivered")
    await look(shop, soon, carrier)
    assert (await shop.now(order)).state == "completed"
    assert await shop.told(order, OrderCompleted) == [OrderCompleted(order.id)]
    await nothing_is_wrong(shop)


async def test_a_box_is_asked_about_as_long_as_what_was_added_and_lies_in_it_is_waited_for(
    shop: Shop, soon: Settings
) -> None:
    await shop.stock("lamp", 2)
    order, carrier = await shop.captured(lamp=1), Asked()
    more = await add_paid(shop, order, lamp=1)
    await react(shop, soon)
    await ship(shop, order, "1")
    await ship(shop, more, "1")
    await refunded(shop, order, "lamp", soon)
    await look(shop, soon, carrier)
    assert ((await shop.now(order)).state, carrier.numbers) == ("completed", ["1"])
    await look(shop, soon, carrier)
    assert carrier.numbers == ["1", "1"], "what was added is waited for"
    await see(shop, "1", "delivered")
    await look(shop, soon, carrier)
    assert (await shop.now(more)).state == "completed"
    await look(shop, soon, carrier)
    assert carrier.numbers == ["1", "1"]


async def test_what_goes_back_is_asked_about_until_it_is_here_though_its_order_is_done(
    shop: Shop, soon: Settings
) -> None:
    await shop.stock("lamp", 1)
    order, carrier = await shop.captured(lamp=1), Asked()
    await react(shop, soon)
    await ship(shop, order, "1")
    await see(shop, "1", "returning")
    await refunded(shop, order, "lamp", soon)
    await look(shop, soon, carrier)
    await look(shop, soon, carrier)
    assert ((await shop.now(order)).state, carrier.numbers) == ("completed", ["1", "1"])
    await see(shop, "1", "delivered")
    for _ in range(2):
        await look(shop, soon, carrier)
    assert carrier.numbers == ["1", "1"]


async def test_a_gift_is_not_waited_for_once_what_lay_beside_it_is_refunded(shop: Shop, soon: Settings) -> None:
    order = await with_a_gift(shop)
    await ship(shop, order, "1", [{"sku": "lamp", "quantity": 1}, {"sku": "mug", "quantity": 1}])
    await refunded(shop, order, "lamp", soon)
    await look(shop, soon, Asked())
    assert (await shop.now(order)).state == "completed"
    await nothing_is_wrong(shop)


@pytest.mark.parametrize("scans", [("returning", "delivered"), ()])
async def test_an_order_of_which_nothing_arrived_is_done_once_it_is_refunded(
    shop: Shop, soon: Settings, scans: tuple[str, ...]
) -> None:
    await shop.stock("lamp", 1)
    order, nobody = await shop.captured(lamp=1), Asked()
    nobody.name = "another"
    await react(shop, soon)
    await ship(shop, order, "1")
    await see(shop, "1", *scans)
    await look(shop, soon, nobody)
    assert await shop.pool.fetchval("SELECT look_at FROM parcel") is None, "nobody will tell where it is"
    await refunded(shop, order, "lamp", soon)
    await look(shop, soon, nobody)
    assert (await shop.now(order)).state == "completed"
    assert await shop.told(order, OrderCompleted) == [OrderCompleted(order.id, nothing_went=True)], "it is not mailed"
    await nothing_is_wrong(shop)

"""Orders that ship from the nearest warehouse: worked out with the quote, where the address is read, and kept in it."""

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_exchanges import swap
from tests.integration.checkout.test_returns import shipped
from write_side.inventory import handlers as inventory
from write_side.inventory.nearness import LocateWarehouse, ServedInput
from write_side.orders.handlers import OrderState


async def test_an_order_ships_from_the_nearest_that_has_it_as_its_quote_says(shop: Shop) -> None:
    for warehouse in ("BER", "HAM", "MUC"):
        await shop.stock("lamp", 5, warehouse=warehouse)

    async def located(warehouse: str, *postcodes: str) -> None:
        where = LocateWarehouse(53.6, 10.0, [ServedInput("DE", list(postcodes))] if postcodes else [])
        await inventory.locate_warehouse(shop.pool, warehouse, where, CAUSE)

    async def shipped_from(order: OrderState) -> list[tuple[str, int]]:
        return [(part.warehouse, part.quantity) for part in (await shop.now(order)).allocations]

    assert await shipped_from(await shop.order(lamp=1)) == [("BER", 1)]
    shop.strategy = "nearest"
    await located("MUC", "10", "2")  # of the address 10115
    await located("HAM", "1")
    basket = await shop.basket(lamp=4)
    quote = await shop.quote(basket)
    await located("MUC")  # from now on it is further than the others
    assert await shipped_from(await shop.place(basket, quote.id)) == [("MUC", 4)]
    assert await shipped_from(await shop.order(lamp=2)) == [("HAM", 2)]
    assert await shipped_from(await shop.order(lamp=4)) == [("BER", 4)]  # HAM has 3: whole from the next
    assert await shipped_from(await shop.order(lamp=4)) == [("HAM", 3), ("MUC", 1)]


async def test_what_is_sent_in_exchange_ships_from_there_too(shop: Shop) -> None:
    for warehouse in ("BER", "MUC"):
        await shop.stock("lamp", 5, warehouse=warehouse)
    served = LocateWarehouse(48.1, 11.6, [ServedInput("DE", ["10"])])  # of the address 10115
    await inventory.locate_warehouse(shop.pool, "MUC", served, CAUSE)
    shop.strategy = "nearest"
    each = await swap(shop, await shipped(shop, 1), 1, said={"allocation": "nearest"}, lamp=1)
    assert [place.warehouse for place in each.allocations] == ["MUC"]

"""How an order goes is chosen with the quote, and what that costs is frozen there."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from shared.events.orders import Shipping
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import ADDRESS, MAIL, Basket, Shop
from write_side import customers
from write_side.errors import VersionConflict
from write_side.orders import quoting
from write_side.orders import store as orders
from write_side.orders.costing import Where
from write_side.outside import NoAnswer
from write_side.promotions.domain import PercentageInput
from write_side.shipping import ShippingUnavailable, UnknownDestination, UnknownShippingMethod
from write_side.shipping import handlers as zones
from write_side.shipping.domain import BracketInput, MethodInput, Parcel, PlaceInput, PlaceTaken, Zone, ZoneInput

STANDARD = MethodInput(
    "standard", "Parcel", {"EUR": [BracketInput(490, up_to_grams=2000), BracketInput(890, up_to_grams=31_500)]},
    {"EUR": 5000},
)  # fmt: skip
EXPRESS = MethodInput("express", "Express", {"EUR": [BracketInput(1490, up_to_grams=2000)]})


async def set_zone(shop: Shop, *methods: MethodInput, expected: int | None = None) -> Zone:
    zone = ZoneInput("Germany", [PlaceInput("DE")], list(methods))
    answer = await zones.set_zone(shop.pool, "germany", zone, expected, CAUSE)
    return msgspec.json.decode(answer.body, type=Zone)


async def offered(shop: Shop, basket: Basket, *codes: str, country: str = "DE") -> list[tuple[str, int]]:
    where = Where(country, "", "10115")
    found = await quoting.list_shipping(
        shop.pool, basket.id, basket.secret, where, shop.outside, codes
    )
    return [(option.method, option.price.amount_minor) for option in found.options]


async def test_a_shopper_chooses_among_what_weight_and_value_allow(shop: Shop) -> None:
    await shop.stock("lamp", 100, grams=1200)
    await set_zone(shop, EXPRESS, STANDARD)
    one, two, five = [await shop.basket(lamp=n) for n in (1, 2, 5)]
    assert await offered(shop, one) == [("standard", 490), ("express", 1490)]
    assert await offered(shop, two) == [("standard", 890)]
    assert await offered(shop, five) == [("standard", 0)], "free from 50.00"
    assert await offered(shop, five, country="AQ") == []
    await shop.promote(PercentageInput(1000))
    assert await offered(shop, five) == [("standard", 890)], "free is what costs as much after promotions"
    express = await shop.quote(one, method="express")
    assert (express.shipping, express.totals.shipping.amount_minor) == (
        Shipping("express", "Express", 1490, "germany"), 1490,
    )  # fmt: skip
    assert (await shop.quote(one)).totals.shipping.amount_minor == 490
    with pytest.raises(UnknownShippingMethod):
        await shop.quote(two, method="express")


async def test_what_a_quote_says_of_shipping_holds_until_it_ends(shop: Shop) -> None:
    await shop.stock("lamp", 100)
    await set_zone(shop, STANDARD, EXPRESS)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket, method="express")
    await set_zone(shop)  # nothing is sent there any more
    order = await shop.place(basket, quote.id)
    assert order.totals == quote.totals
    async with shop.pool.acquire() as conn:
        placed = await orders.find_order(conn, order.id)
    assert placed is not None
    assert placed.shipping == Shipping("express", "Express", 1490, "germany")
    with pytest.raises(UnknownDestination):
        await shop.quote(await shop.basket(lamp=1))


async def test_two_zones_never_take_one_place_and_nobody_overwrites_unseen(shop: Shop) -> None:
    mine = ZoneInput("Mine", [PlaceInput("NO")], [])
    both = [zones.set_zone(shop.pool, code, mine, None, CAUSE) for code in ("one", "other")]
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Answer", "PlaceTaken"]
    assert isinstance(next(each for each in done if isinstance(each, Exception)), PlaceTaken)
    first = await set_zone(shop, STANDARD, expected=1)
    assert first.version == 2
    with pytest.raises(VersionConflict):
        await set_zone(shop, EXPRESS, expected=1)


class Slow:
    """Somebody who never answers."""

    async def options(self, parcel: Parcel) -> Sequence[Shipping]:
        await asyncio.Event().wait()
        return []


class Broken:
    """Somebody who can't."""

    async def options(self, parcel: Parcel) -> Sequence[Shipping]:
        raise NoAnswer("no idea")


@pytest.mark.parametrize("rates", [Slow(), Broken()], ids=["slow", "broken"])
async def test_rates_that_cannot_be_had_are_our_fault_and_hold_nobody_up(shop: Shop, rates: Slow | Broken) -> None:
    await shop.stock("lamp", 100)
    basket = await shop.basket(lamp=1)
    contact = customers.contact(MAIL, ADDRESS)
    quote = await shop.quote(basket)
    outside = shop.outside._replace(rates=rates, rates_seconds=0.05)
    with pytest.raises(ShippingUnavailable) as refused:
        await quoting.issue_quote(shop.pool, shop.keyring, basket.id, basket.secret, contact, 900, outside, CAUSE)
    assert (refused.value.status, refused.value.facts["retry_after"]) == (503, 2)
    await shop.place(basket, quote.id)  # asks nobody

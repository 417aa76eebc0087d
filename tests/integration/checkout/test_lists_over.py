"""What price lists asked that have been over for long: the worker takes it out, so that products don't carry it for
ever."""

from datetime import UTC, datetime, timedelta

from shared.documents.prices import TOLD
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_price_lists import a_list, says
from write_side.pricing import handlers as prices
from write_side.pricing.lists import handlers as lists
from write_side.pricing.lists.domain import PriceListInput
from write_side.pricing.lists.steps import forget_over

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
A_DAY = timedelta(days=1)


async def asked_by(shop: Shop, sku: str) -> set[str]:
    """The price lists that ask something of a SKU, by its rows."""
    return {str(id_) for id_ in (await prices.show_prices(shop.pool, sku)).lists}


async def test_what_a_list_asked_goes_once_it_has_been_over_for_as_long_as_pages_tell_of_it(shop: Shop) -> None:
    for sku in ("lamp", "bulb"):
        await shop.stock(sku, 10, price=1000)
    now = datetime.now(UTC)
    ended, running = await a_list(shop, {1: 900}), await a_list(shop, {1: 950})
    over = await a_list(shop, {1: 800, 10: 700}, starts_at=LONG_AGO, ends_at=now + A_DAY)
    await says(shop, over, "bulb", {1: 90})
    await lists.end_price_list(shop.pool, ended.id, CAUSE)
    assert await forget_over(shop.pool, now=now + TOLD - A_DAY) == 0
    later = now + TOLD + 2 * A_DAY
    assert [await forget_over(shop.pool, 1, later) for _ in range(4)] == [1, 1, 1, 0]
    assert await asked_by(shop, "lamp") == {str(running.id)}
    assert await asked_by(shop, "bulb") == set()
    assert (await shop.quote(await shop.basket(lamp=1))).lines[0].unit_price_minor == 950


async def test_last_year_s_list_that_got_another_time_or_prices_keeps_them_as_long_again(shop: Shop) -> None:
    await shop.stock("lamp", 10, price=1000)
    again = await a_list(shop, {1: 800}, starts_at=LONG_AGO, ends_at=LONG_AGO + A_DAY)
    assert await forget_over(shop.pool) == 0, "it was given that time just now"
    said = PriceListInput("Wholesale", "EUR", starts_at=LONG_AGO, ends_at=datetime.now(UTC) + TOLD)
    await lists.revise_price_list(shop.pool, again.id, said, None, CAUSE)
    assert await forget_over(shop.pool, now=datetime.now(UTC) + TOLD + A_DAY) == 0
    assert await forget_over(shop.pool, now=datetime.now(UTC) + 2 * TOLD + A_DAY) == 1


async def test_what_a_list_that_is_over_was_given_lately_is_for_a_time_to_come(shop: Shop) -> None:
    await shop.stock("lamp", 10, price=1000)
    now = datetime.now(UTC)
    await a_list(shop, {1: 800}, starts_at=LONG_AGO, ends_at=LONG_AGO + A_DAY)
    async with shop.pool.acquire() as conn:
        await conn.execute("UPDATE list_price SET said_at = $1", now + 9 * A_DAY)
    assert await forget_over(shop.pool, now=now + TOLD + 8 * A_DAY) == 0
    assert await forget_over(shop.pool, now=now + TOLD + 10 * A_DAY) == 1

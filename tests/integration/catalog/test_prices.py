"""Price commands through their handlers on real Postgres."""

import asyncio

import msgspec
import pytest

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.catalog.test_products import created
from write_side import catalog, pricing
from write_side.commands import Answer
from write_side.database import Pool
from write_side.pricing import handlers
from write_side.pricing.domain import NewPrice


async def set_price(pool: Pool, currency: str, amount: int, sku: str = "LAMP-RED") -> Answer[handlers.PriceState]:
    return await handlers.set_price(pool, sku, currency, NewPrice(amount), CAUSE, new_call())


async def prices(pool: Pool, currency: str) -> dict[str, int]:
    async with pool.acquire() as conn:
        known = await pricing.find_priced(conn, ["LAMP-RED", "LAMP-BLUE", "nothing"])
    return {sku: priced.prices[currency] for sku, priced in known.items() if currency in priced.prices}


async def test_each_currency_has_its_own_price(pool: Pool) -> None:
    await created(pool)
    await set_price(pool, "EUR", 1999)
    await set_price(pool, "JPY", 10**12)
    answer = await set_price(pool, "EUR", 1899)
    assert msgspec.json.decode(answer.body) == {
        "sku": "LAMP-RED", "currency": "EUR", "amount_minor": 1899, "scheduled": [],
    }  # fmt: skip
    assert await prices(pool, "EUR") == {"LAMP-RED": 1899}
    assert await prices(pool, "JPY") == {"LAMP-RED": 10**12}
    assert (await set_price(pool, "EUR", 1899)).positions == {}
    for _ in range(2):
        await handlers.remove_price(pool, "LAMP-RED", "EUR", CAUSE, new_call())
    assert await prices(pool, "EUR") == {}
    await set_price(pool, "EUR", 1799)  # the version goes on where it was
    async with pool.acquire() as conn:
        assert (await pricing.find_priced(conn, ["LAMP-RED"]))["LAMP-RED"].version == 5


async def test_prices_of_what_nobody_sells_are_refused(pool: Pool) -> None:
    with pytest.raises(catalog.UnknownSku):
        await set_price(pool, "EUR", 1)
    await created(pool)
    with pytest.raises(pricing.UnknownCurrency):
        await set_price(pool, "XXX", 1)


async def test_prices_set_at_once_all_stand_in_the_log(pool: Pool) -> None:
    await created(pool)
    currencies = ["EUR", "USD", "JPY"]
    await asyncio.gather(*(set_price(pool, currency, 100) for currency in currencies))
    async with pool.acquire() as conn:
        priced = (await pricing.find_priced(conn, ["LAMP-RED"]))["LAMP-RED"]
    assert (priced.version, priced.prices) == (3, dict.fromkeys(currencies, 100))

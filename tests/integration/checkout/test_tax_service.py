"""A tax service beside the tables: asked over HTTP, and whatever is wrong with it, a quote has an answer in time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from aiohttp import web
from msgspec import structs

from doorbuster.simulators.taxes.app import create_app
from shared import breaker
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_reverse_charge import VIENNA, quoted
from write_side.customers import AddressInput
from write_side.shipping import UnknownDestination
from write_side.taxes import TaxesUnavailable, open_taxes

KEY = "tax_of_the_tests"
PRAGUE = AddressInput("Ada Lovelace", "Ulice 1", "Praha", "110 00", "CZ")
BERLIN = AddressInput("Ada Lovelace", "Hill Road 1", "Berlin", "10115", "DE")


class Service:
    """The simulator at its address."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def is_well(self, mode: str) -> int:
        """off (it is), error500, hang, wrong; answers how often it was asked until then."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as client:
            answer = await client.post("/simulator/outage", json={"mode": mode})
            return int(answer.raise_for_status().json()["asked"])


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    # Who hangs is let go of with whoever asked: else the end of a test would wait for it.
    runner = web.AppRunner(create_app(KEY), shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield Service(f"http://127.0.0.1:{runner.addresses[0][1]}")
    await runner.cleanup()


@asynccontextmanager
async def asking(shop: Shop, url: str, **said: object) -> AsyncIterator[Shop]:
    settings = structs.replace(shop.settings, tax_service_url=url, tax_service_key=KEY, vat_country="DE", **said)
    async with open_taxes(settings, shop.pool) as taxes:
        shop.outside = shop.outside._replace(taxes=taxes)
        yield shop


async def rates(shop: Shop, address: AddressInput = BERLIN) -> list[tuple[str, int]]:
    quote, _ = await quoted(shop, address)
    assert quote.totals.total.amount_minor == sum(
        part.amount_minor for part in (quote.totals.lines, quote.totals.shipping, quote.totals.tax)
    )
    return [(tax.name, tax.rate_ppm) for tax in quote.taxes]


@pytest.mark.parametrize(("mode", "seconds"), [("error500", 30.0), ("hang", 0.2), ("wrong", 30.0)])
async def test_whatever_is_wrong_with_it_the_tables_answer(
    shop: Shop, service: Service, mode: str, seconds: float
) -> None:
    await shop.stock("lamp", 20)
    await service.is_well(mode)
    async with asking(shop, service.url, tax_timeout_seconds=seconds) as at:
        assert await rates(at) == [("VAT", 190_000)]


async def test_it_is_told_the_vat_id_and_where_nothing_goes_it_says(shop: Shop, service: Service) -> None:
    await shop.stock("lamp", 20)
    assert await rates(shop, PRAGUE) == [("VAT", 210_000)]
    async with asking(shop, service.url, tax_timeout_seconds=30.0) as at:
        assert await rates(at) == [("Simulated VAT", 250_000)]
        quote, _ = await quoted(at, structs.replace(VIENNA, vat_id="FR40303265045"))
        assert [(tax.name, tax.rate_ppm, tax.note) for tax in quote.taxes] == [("Simulated VAT", 0, "reverse_charge")]
        with pytest.raises(UnknownDestination):
            await rates(at, PRAGUE)


async def test_a_service_that_is_down_is_left_alone(
    shop: Shop, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "FIRST_PAUSE", 3600.0)  # however long this machine stands still
    await shop.stock("lamp", 20)
    async with asking(shop, service.url, tax_timeout_seconds=30.0) as at:
        await service.is_well("error500")
        for _ in range(6):
            assert await rates(at) == [("VAT", 190_000)]
        assert await service.is_well("off") == 5, "the sixth found the circuit open"


async def test_a_shop_that_trusts_no_tables_refuses_the_quote(shop: Shop, service: Service) -> None:
    await shop.stock("lamp", 20)
    async with asking(shop, service.url, tax_timeout_seconds=30.0, tax_fallback="refuse") as at:
        await service.is_well("error500")
        with pytest.raises(TaxesUnavailable):
            await rates(at)


async def test_a_service_that_hangs_is_left_alone_where_no_tables_answer_for_it_too(
    shop: Shop, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "FIRST_PAUSE", 3600.0)
    await shop.stock("lamp", 20)
    async with asking(shop, service.url, tax_timeout_seconds=0.3, tax_fallback="refuse") as at:
        at.outside = at.outside._replace(taxes_seconds=0.3)
        await service.is_well("hang")
        for _ in range(15):  # a machine that stands still may miss some
            with pytest.raises(TaxesUnavailable):
                await rates(at)
        assert await service.is_well("off") < 15, "it was asked each time, and each quote waited for it"

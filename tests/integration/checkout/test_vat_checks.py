"""VAT ids are looked up where that changes the tax; whatever is wrong with who knows, a quote has an answer in time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from msgspec import structs

from shared import breaker
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_reverse_charge import VIENNA, quoted
from tests.integration.checkout.test_tax_service import Service, service
from write_side.customers import AddressInput
from write_side.taxes import open_taxes

__all__ = ["service"]  # the fixture

OWED = [("VAT", 0, "reverse_charge")]
UNVERIFIED = [("VAT", 0, "reverse_charge_unverified")]
CHARGED = [("VAT", 200_000, "vat_id_not_registered")]


@asynccontextmanager
async def looking_up(shop: Shop, at: Service, **said: object) -> AsyncIterator[Shop]:
    given = {"tax_timeout_seconds": 60.0, "vat_country": "DE", "vat_check_url": f"{at.url}/vies"} | said
    async with open_taxes(structs.replace(shop.settings, **given), shop.pool) as taxes:
        shop.outside = shop.outside._replace(taxes=taxes, taxes_seconds=60)
        yield shop


async def strike_off(at: Service, *vat_ids: str) -> None:
    async with httpx.AsyncClient(base_url=at.url, trust_env=False) as client:
        (await client.post("/simulator/unregistered", json={"vat_ids": vat_ids})).raise_for_status()


async def taxes_of(shop: Shop, address: AddressInput = VIENNA) -> list[tuple[str, int, str]]:
    quote, order = await quoted(shop, address)
    assert (await shop.now(order)).taxes == quote.taxes
    return [(tax.name, tax.rate_ppm, tax.note) for tax in quote.taxes]


async def test_who_is_registered_owes_the_tax_and_who_is_not_pays_it(shop: Shop, service: Service) -> None:
    await shop.stock("lamp", 20)
    await strike_off(service, "FR40303265045")
    async with looking_up(shop, service) as at:
        assert await taxes_of(at) == OWED
        assert await taxes_of(at, structs.replace(VIENNA, vat_id="FR40303265045")) == CHARGED
        await strike_off(service)
        assert await taxes_of(at, structs.replace(VIENNA, vat_id="FR40303265045")) == OWED, "registered since"


async def test_it_is_asked_only_where_it_changes_the_tax_and_once_about_who_is_registered(
    shop: Shop, service: Service
) -> None:
    await shop.stock("lamp", 20)
    async with looking_up(shop, service) as at:
        assert await taxes_of(at, structs.replace(VIENNA, vat_id="")) == [("VAT", 200_000, "")]
        at_home = AddressInput("Ada Lovelace", "Hill Road 1", "Berlin", "10115", "DE", vat_id="ATU13585627")
        assert await taxes_of(at, at_home) == [("VAT", 190_000, "")]
        assert await service.is_well("off") == 0
        assert [await taxes_of(at) for _ in range(2)] == [OWED, OWED]
        assert await service.is_well("off") == 1


@pytest.mark.parametrize(("mode", "seconds"), [("error500", 60.0), ("hang", 0.4), ("wrong", 60.0), ("away", 60.0)])
async def test_whatever_is_wrong_with_it_the_spelling_counts_and_is_marked(
    shop: Shop, service: Service, mode: str, seconds: float
) -> None:
    await shop.stock("lamp", 20)
    await service.is_well(mode)
    async with looking_up(shop, service, tax_timeout_seconds=seconds) as at:
        assert await taxes_of(at) == UNVERIFIED
        await service.is_well("off")
        assert await taxes_of(at) == OWED, "it is asked again"


@pytest.mark.parametrize(("mode", "asked"), [("error500", breaker.FAILURES), ("away", 7)])
async def test_it_is_left_alone_while_it_is_down_and_not_while_a_member_state_is(
    shop: Shop, service: Service, monkeypatch: pytest.MonkeyPatch, mode: str, asked: int
) -> None:
    monkeypatch.setattr(breaker, "FIRST_PAUSE", 3600.0)  # however long this machine stands still
    await shop.stock("lamp", 20)
    await service.is_well(mode)
    async with looking_up(shop, service) as at:
        assert {tuple(await taxes_of(at)) for _ in range(7)} == {tuple(UNVERIFIED)}
    assert await service.is_well("off") == asked


async def test_tables_that_stand_in_for_a_tax_service_call_no_vat_id_registered(shop: Shop, service: Service) -> None:
    await shop.stock("lamp", 20)
    await service.is_well("error500")
    async with looking_up(shop, service, tax_service_url=service.url) as at:
        assert await taxes_of(at) == UNVERIFIED

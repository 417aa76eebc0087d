"""A shop in which everything has happened once: rows in every table, sealed, and a superuser to tamper with them."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from shared.settings import Settings
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.conftest import shop, shop_settings, stripe_url
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_mails import react
from tests.integration.verify.tampering import Tampered
from write_side import access
from write_side.catalog import handlers as catalog
from write_side.catalog.domain import CategoryInput
from write_side.verifying.seals import Key, SealFile

__all__ = ["shop", "shop_settings", "stripe_url"]


@pytest.fixture
def seals(shop_settings: Settings, tmp_path: Path) -> SealFile:
    """The file of the seals, none in it yet."""
    return SealFile(tmp_path / "seals.jsonl", Key.of(shop_settings.master_key))


@pytest.fixture
async def lived_in(shop: Shop) -> Shop:
    """A paid and confirmed order with its mail, one that waits for its payment, a category, a token."""
    await catalog.create_category(shop.pool, CategoryInput("Lamps"), CAUSE, new_call())
    await access.issue_token(shop.pool, "test", ["stock:read"], None, CAUSE)
    await shop.pool.execute("SELECT nextval('event_position')")  # drawn, and never used
    await shop.stock("lamp", 10)
    paid = await shop.order(lamp=2)
    await shop.pay(paid)
    await shop.complete(paid)
    await shop.order(lamp=1)
    await react(shop)
    await _all_is_safe(shop)
    return shop


async def _all_is_safe(shop: Shop) -> None:
    await shop.pool.execute("UPDATE relay_state SET safe_position = (SELECT last_value FROM event_position)")


@pytest.fixture
async def auditor(shop: Shop, database_url: str, seals: SealFile) -> AsyncIterator[Tampered]:
    """The same of a shop in which nothing has happened yet."""
    conn = await asyncpg.connect(database_url)
    yield Tampered(conn, seals)
    await conn.close()


@pytest.fixture
async def tampered(lived_in: Shop, database_url: str, seals: SealFile) -> AsyncIterator[Tampered]:
    """Who may do to that shop's database what the application never could, and what verification then says."""
    conn = await asyncpg.connect(database_url)
    tampered = Tampered(conn, seals)
    await tampered.seal()
    yield tampered
    await conn.close()

"""A shop on a pool, with its keyring and the way to Stripe."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.settings import Settings
from tests.integration.checkout.shop import Shop
from write_side import shipping, taxes
from write_side.customers import open_keyring
from write_side.database import Pool
from write_side.payments import open_providers


@asynccontextmanager
async def open_shop(pool: Pool, settings: Settings) -> AsyncIterator[Shop]:
    """It ships to Germany, among others."""
    await taxes.seed(pool)
    await shipping.seed(pool)
    async with (
        open_keyring(settings.keyring_url, settings.master_key) as keyring,
        open_providers(settings) as providers,
    ):
        yield Shop(pool, keyring, providers, settings)

"""Whether what a test did to a shop adds up, in its rows and at the payment provider."""

from doorbuster import verify
from doorbuster.invariants import captures, invoices, refunds
from doorbuster.invariants.captures import Provider
from tests.integration.checkout.shop import Shop


async def nothing_is_wrong(shop: Shop) -> None:
    """Rows and log agree, and the provider has taken and given back what they say."""
    provider = Provider(shop.settings.stripe_api_base, shop.settings.stripe_api_key)
    async with shop.pool.acquire() as conn:
        found = await verify.differences(conn)
        assert found == [], found
        assert await invoices.differences(conn) == []
        ours = {str(row["id"]) for row in await conn.fetch("SELECT id FROM customer_order")}
        for differences in (captures.differences, refunds.differences):  # others share this Stripe
            told = [each for each in await differences(conn, provider) if any(id_ in each for id_ in ours)]
            assert told == [], told

"""What is sold, and on which terms, as it stands now: what both quoting and placing price from."""

from collections.abc import Sequence

from write_side import catalog, pricing
from write_side.database import Connection
from write_side.orders.domain import Offer, Terms
from write_side.shipping import Destination, UnknownDestination


async def offers_of(conn: Connection, skus: Sequence[str], currency: str) -> dict[str, Offer]:
    """What is sold of these SKUs in this currency; the others are left out."""
    sold = await catalog.find_variants(conn, skus)
    prices = await pricing.prices_of(conn, skus, currency)
    return {
        sku: Offer(variant.product_id, variant.variant_id, variant.name, prices[sku])
        for sku, variant in sold.items()
        if variant.status == "active" and sku in prices
    }


def terms_of(destination: Destination | None, country: str, currency: str) -> Terms:
    """What the destination adds; raises `UnknownDestination` if nothing goes there, or not in this currency."""
    if destination is None:
        raise UnknownDestination(f"orders do not go to {country}", country=country, pointer="/address/country")
    return Terms(country, destination.tax_basis_points, destination.shipping_in(currency))

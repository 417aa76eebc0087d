"""What is sold, and on which terms, as it stands now: what both quoting and placing price from."""

from collections.abc import Iterable, Mapping, Sequence

from write_side import catalog, pricing
from write_side.catalog import SoldVariant
from write_side.database import Connection
from write_side.orders.domain import Offer, Terms
from write_side.shipping import Destination, UnknownDestination


def on_sale(skus: Iterable[str], sold: Mapping[str, SoldVariant], prices: Mapping[str, int]) -> dict[str, Offer]:
    """What is sold of these SKUs at these prices (minor units); the others are left out."""
    return {
        sku: Offer(variant.product_id, variant.variant_id, variant.name, prices[sku])
        for sku in skus
        if (variant := sold.get(sku)) and variant.status == "active" and sku in prices
    }


async def offers_of(conn: Connection, skus: Sequence[str], currency: str) -> dict[str, Offer]:
    """What is sold of these SKUs in this currency; the others are left out."""
    return on_sale(skus, await catalog.find_variants(conn, skus), await pricing.prices_of(conn, skus, currency))


def terms_of(destination: Destination | None, country: str, currency: str) -> Terms:
    """What the destination adds; raises `UnknownDestination` if nothing goes there, or not in this currency."""
    if destination is None:
        raise UnknownDestination(f"orders do not go to {country}", country=country, pointer="/address/country")
    return Terms(country, destination.tax_basis_points, destination.shipping_in(currency))

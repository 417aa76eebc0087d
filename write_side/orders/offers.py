"""What is sold, and on which terms, as it stands now: what both quoting and placing price from."""

from collections.abc import Mapping

from shared.events.orders import Shipping
from write_side import catalog, pricing
from write_side.catalog import SoldVariant
from write_side.database import Connection
from write_side.orders.domain import Offer, Terms
from write_side.pricing import Asked, PriceBook
from write_side.shipping import UnknownDestination
from write_side.taxes import Destination


def on_sale(
    wanted: Mapping[str, int], sold: Mapping[str, SoldVariant], book: PriceBook, asked: Asked
) -> dict[str, Offer]:
    """What is sold of these SKUs, each at what it costs in this quantity; the others are left out."""
    return {
        sku: Offer(variant.product_id, variant.variant_id, variant.name, price, variant.weight_grams)
        for sku, quantity in wanted.items()
        if (variant := sold.get(sku)) and variant.status == "active"
        if (price := book.unit_price(sku, quantity, asked)) is not None
    }


async def offers_of(conn: Connection, wanted: Mapping[str, int], asked: Asked) -> dict[str, Offer]:
    """What is sold of these SKUs to somebody who asks so; the others are left out."""
    skus = list(wanted)
    sold, book = await catalog.find_variants(conn, skus), await pricing.book_of(conn, skus, asked.currency)
    return on_sale(wanted, sold, book, asked)


def terms_of(destination: Destination | None, country: str, shipping: Shipping) -> Terms:
    """What the destination adds; raises `UnknownDestination` if nothing goes there."""
    if destination is None:
        raise UnknownDestination(f"orders do not go to {country}", country=country, pointer="/address/country")
    return Terms(country, destination.tax_basis_points, shipping)

"""What is sold, and on which terms, as it stands now: what both quoting and placing price from."""

from collections.abc import Iterable, Mapping

from write_side import catalog, pricing
from write_side.catalog import SoldVariant
from write_side.database import Connection
from write_side.orders.costing import Offer
from write_side.pricing import Asked, PriceBook
from write_side.promotions import Spare


def on_sale(
    wanted: Mapping[str, int], sold: Mapping[str, SoldVariant], book: PriceBook, asked: Asked
) -> dict[str, Offer]:
    """What is sold of these SKUs, each at what it costs in this quantity; the others are left out."""
    return {
        sku: Offer(
            variant.product_id, variant.variant_id, variant.name, price, variant.weight_grams, variant.tax_class
        )
        for sku, quantity in wanted.items()
        if (variant := sold.get(sku)) and variant.status == "active"
        if (price := book.unit_price(sku, quantity, asked)) is not None
    }


def spare_of(
    gifts: Iterable[str], offers: Mapping[str, Offer], available: Mapping[str, int], bought: Mapping[str, int]
) -> dict[str, Spare]:
    """What is there of these SKUs to give away, beside what is bought."""
    return {
        sku: Spare(offers[sku].price.amount_minor, available[sku] - bought.get(sku, 0))
        for sku in gifts
        if sku in offers and sku in available
    }


async def offers_of(conn: Connection, wanted: Mapping[str, int], asked: Asked) -> dict[str, Offer]:
    """What is sold of these SKUs to somebody who asks so; the others are left out."""
    skus = list(wanted)
    sold, book = await catalog.find_variants(conn, skus), await pricing.book_of(conn, skus, asked.currency)
    return on_sale(wanted, sold, book, asked)

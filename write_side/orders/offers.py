"""What is sold, and on which terms, as it stands now: what both quoting and placing price from."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from msgspec import structs

from shared.events.inventory import BundleComponent
from write_side import catalog, inventory, pricing, promotions
from write_side.catalog import SoldVariant
from write_side.database import Connection
from write_side.orders.bundling import Offer, Part, counted
from write_side.pricing import Asked, PriceBook
from write_side.promotions import Offered, Spare
from write_side.taxes import GIFT_CARD


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
    """What is there of these SKUs to give away, beside what is bought. No bundle, which has no stock, and no gift card,
    which would be worth what was paid for it."""
    return {
        sku: Spare(offers[sku].price.amount_minor, available[sku] - bought.get(sku, 0))
        for sku in gifts
        if sku in offers and sku in available and not offers[sku].parts and not offers[sku].is_gift_card
    }


async def offers_of(conn: Connection, wanted: Mapping[str, int], asked: Asked) -> dict[str, Offer]:
    """What is sold of these SKUs to somebody who asks so, bundles with what is in them; the others are left out."""
    skus = list(wanted)
    sold, book = await catalog.find_variants(conn, skus), await pricing.book_of(conn, skus, asked.currency)
    offers = on_sale(wanted, sold, book, asked)
    bundles = await inventory.find_bundles(conn, offers)
    return offers if not bundles else offers_with_parts(offers, bundles, *await _of_parts(conn, bundles, asked), asked)


async def _of_parts(
    conn: Connection, bundles: Mapping[str, Sequence[BundleComponent]], asked: Asked
) -> tuple[Mapping[str, SoldVariant], PriceBook]:
    skus = list({component.sku for components in bundles.values() for component in components})
    return await catalog.find_variants(conn, skus), await pricing.book_of(conn, skus, asked.currency)


def offers_with_parts(
    offers: Mapping[str, Offer], bundles: Mapping[str, Sequence[BundleComponent]], sold: Mapping[str, SoldVariant],
    book: PriceBook, asked: Asked,
) -> dict[str, Offer]:  # fmt: skip
    """Offers with what is in the bundles among them; a bundle with a component that there is no more is not sold,
    nor is one that is a gift card or has one in it."""
    found, goods = dict(offers), {part.sku for part in sold.values() if part.tax_class != GIFT_CARD}
    for sku, components in bundles.items():
        if not offers[sku].is_gift_card and all(component.sku in goods for component in components):
            parts = [_part(sold[each.sku], each.quantity, book, asked) for each in components]
            found[sku] = structs.replace(offers[sku], parts=parts)
        else:
            del found[sku]
    return found


def _part(variant: SoldVariant, quantity: int, book: PriceBook, asked: Asked) -> Part:
    alone = book.unit_price(variant.sku, 1, asked)
    return Part(
        variant.sku, quantity, variant.product_id, variant.variant_id, variant.name,
        None if alone is None else alone.amount_minor, variant.weight_grams, variant.tax_class,
    )  # fmt: skip


async def on_offer(
    conn: Connection, wanted: Mapping[str, int], asked: Asked, codes: Sequence[str], customer: UUID
) -> tuple[dict[str, Offer], Offered]:
    """What these goods are sold as to somebody who asks so, and what may be given away beside them; and the promotions
    that may apply, by themselves or by one of these codes."""
    promotions_, uses = await promotions.offered_to(conn, codes, customer)
    gifts = promotions.gift_skus(promotions_)
    offers = await offers_of(conn, dict.fromkeys(gifts, 1) | dict(wanted), asked)
    available = await inventory.available_of(conn, gifts) if gifts else {}
    spare = spare_of(gifts, offers, available, counted(wanted, offers))
    by_category = promotions.by_category(one.terms for one in promotions_)
    around = await catalog.categories_around(conn, list(wanted)) if by_category else {}
    return offers, Offered(promotions_, codes, uses, asked.now, spare, around)

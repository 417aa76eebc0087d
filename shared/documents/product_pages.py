"""The product page out of what is known of a product: by the projector for Redis, and by the query API while that is
gone, from what Elasticsearch holds. Pure, and the same bytes from both.
"""

from collections.abc import Mapping
from uuid import UUID

from msgspec import UNSET, Struct, structs

from shared.documents.images import shown
from shared.documents.prices import ShownPrice, Step
from shared.documents.products import PageVariant, ProductPage
from shared.documents.shelves import Shelf, level
from shared.documents.stock import Availability
from shared.events.catalog import ProductFacts, Variant
from shared.events.inventory import BundleComponent
from shared.locales import wider


class Known(Struct, frozen=True):
    """What a product's document in Elasticsearch remembers of it, beside what is searched."""

    id: UUID
    facts: ProductFacts
    prices: Mapping[str, Mapping[str, int]]  # SKU → currency → minor units
    shelves: Mapping[str, Mapping[str, Shelf]]  # SKU → warehouse → shelf
    own: Mapping[str, Mapping[str, list[Step]]] = {}  # SKU → currency → steps, if there are several
    lists: Mapping[str, Mapping[str, list[Step]]] = {}  # SKU → price list → steps
    bundles: Mapping[str, Availability] = {}  # SKU → what the stock of its components lets have
    components: Mapping[str, list[BundleComponent]] = {}  # SKU → what is in it, if it is a bundle
    scheduled: Mapping[str, Mapping[str, list[Step]]] = {}  # SKU → currency → what no event says yet that it has begun

    def availability(self, sku: str) -> Availability:
        """What a shopper sees of a SKU; of a bundle, whatever is kept under its own SKU."""
        return self.bundles.get(sku) or level(self.shelves.get(sku, {}))

    @property
    def locales(self) -> list[str]:
        """The languages that it has a page of its own in."""
        alts = [image.alts for image in self.facts.images if image.alts]
        return sorted({*self.facts.translations, *(locale for each in alts for locale in each)})

    @property
    def timed(self) -> bool:
        """Whether the page depends on the time or the channel, or its prices were changed lately."""
        return self.priced_by_time or not (self.facts.publish_at is None is self.facts.unpublish_at)

    @property
    def priced_by_time(self) -> bool:
        """Whether prices depend on the time or the channel, or were changed lately; or are those of gift cards, which
        promotions leave alone."""
        skus = [variant.sku for variant in self.facts.variants]
        return bool(self.facts.gift_cards) or any(self.own.get(sku) or self.lists.get(sku) for sku in skus)


def page_of(known: Known, locale: str | None = None) -> ProductPage:
    """The page in a language; None: as the shop's own."""
    facts = known.facts if locale is None else _translated(known.facts, locale)
    return ProductPage(
        id=known.id,
        slug=facts.slug,
        name=facts.name,
        brand=facts.brand,
        description=facts.description,
        product_type=facts.product_type,
        category_id=facts.category_id,
        attributes=facts.attributes,
        images=[shown(image, locale) for image in facts.images],
        variants=[_variant(known, variant) for variant in facts.variants],
        locale=locale,
        publish_at=facts.publish_at or UNSET,
        unpublish_at=facts.unpublish_at or UNSET,
        timed=known.timed,
    )


def _translated(facts: ProductFacts, locale: str) -> ProductFacts:
    """The facts in a language; what isn't told there is as in the language at large, then as in the shop's own."""
    said = [facts.translations[name] for name in wider(locale) if name in facts.translations]
    name = next((told.name for told in said if told.name), facts.name)
    description = next((told.description for told in said if told.description), facts.description)
    return structs.replace(facts, name=name, description=description)


def _variant(known: Known, variant: Variant) -> PageVariant:
    prices = known.prices.get(variant.sku, {})
    return PageVariant(
        id=variant.variant_id,
        sku=variant.sku,
        ean=variant.ean,
        name=variant.name,
        options=variant.options,
        prices=[ShownPrice(amount, currency) for currency, amount in sorted(prices.items())],
        availability=known.availability(variant.sku),
        images=variant.images or [],
        components=known.components.get(variant.sku, []),
    )

"""The product page in Redis, found by id, slug, SKU and EAN. Drafts and archived products have none."""

from projector.model import REDIS, Keys, ReadModel, Rendered, encode
from projector.read_models import product
from projector.read_models.product import Product, facts_of
from projector.read_models.shelves import level
from shared.documents.products import PAGE, PageVariant, ProductPage
from shared.events.catalog import ProductFacts, Variant
from shared.money import Money


def render(id_: str, state: Product, _keys: Keys) -> Rendered:
    """The page and the names that lead to it."""
    facts = facts_of(state)
    if facts is None or facts.status != "active":
        return Rendered({id_: None})
    page = ProductPage(
        id=state.id,
        slug=facts.slug,
        name=facts.name,
        brand=facts.brand,
        description=facts.description,
        product_type=facts.product_type,
        category_id=facts.category_id,
        attributes=facts.attributes,
        images=facts.images,
        variants=[_variant(state, variant) for variant in facts.variants],
    )
    return Rendered({id_: encode(page)}, _names(facts))


def _variant(state: Product, variant: Variant) -> PageVariant:
    prices = state.prices.get(variant.sku, {})
    return PageVariant(
        id=variant.variant_id,
        sku=variant.sku,
        ean=variant.ean,
        name=variant.name,
        options=variant.options,
        prices=[Money(amount, currency) for currency, amount in sorted(prices.items())],
        availability=level(state.shelves.get(variant.sku, {})),
    )


def _names(facts: ProductFacts) -> frozenset[tuple[str, str]]:
    skus = {("sku", variant.sku) for variant in facts.variants}
    eans = {("ean", variant.ean) for variant in facts.variants if variant.ean}
    return frozenset({("slug", facts.slug)} | skus | eans)


MODEL = ReadModel(
    name=PAGE,
    version="v1",
    sink=REDIS,
    contexts=product.CONTEXTS,
    state=Product,
    touches=product.touches,
    begins=product.begins,
    evolve=product.evolve,
    render=render,
    alike=product.alike,
    named=True,
)

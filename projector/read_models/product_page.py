"""The product page in Redis, found by id, slug, SKU and EAN. Drafts and archived products have none."""

from msgspec import structs

from projector.model import REDIS, Keys, ReadModel, Rendered, encode
from projector.read_models import product
from projector.read_models.product import Product, facts_of
from projector.read_models.shelves import level
from shared.documents.products import PAGE, PageVariant, ProductPage, page_id
from shared.events.catalog import ProductFacts, Variant
from shared.money import Money


def render(id_: str, state: Product, _keys: Keys) -> Rendered:
    """The pages, one in each language, and the names that lead to them."""
    facts = facts_of(state)
    if facts is None or facts.status != "active":
        return Rendered({id_: None})
    pages = {locale: _translated(facts, locale) for locale in facts.translations}
    documents = {page_id(id_, locale): encode(_page(state, told, locale)) for locale, told in pages.items()}
    return Rendered({id_: encode(_page(state, facts, None)), **documents}, _names(facts))


def _translated(facts: ProductFacts, locale: str) -> ProductFacts:
    """The facts in a language; what isn't told there is as in the language at large, then as in the shop's own."""
    said = [facts.translations[name] for name in _wider(locale) if name in facts.translations]
    name = next((told.name for told in said if told.name), facts.name)
    description = next((told.description for told in said if told.description), facts.description)
    return structs.replace(facts, name=name, description=description)


def _wider(locale: str) -> list[str]:
    parts = locale.split("-")
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]


def _page(state: Product, facts: ProductFacts, locale: str | None) -> ProductPage:
    return ProductPage(
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
        locale=locale,
    )


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
    version="v2",
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

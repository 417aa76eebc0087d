"""The product as Elasticsearch finds it. Nothing is ever deleted there: drafts and archived products are not listed."""

from collections.abc import Mapping

from projector.kinds import kind_words
from projector.model import ELASTICSEARCH, Keys, ReadModel, Rendered, encode
from projector.read_models import product
from projector.read_models.product import Product, facts_of
from projector.read_models.shelves import best, level
from shared.documents.products import SEARCH, SearchedProduct
from shared.events.catalog import AttributeValue, ProductFacts


def render(id_: str, state: Product, _keys: Keys) -> Rendered:
    """A document per product that has facts."""
    facts = facts_of(state)
    if facts is None:
        return Rendered({})
    document = SearchedProduct(
        product_id=state.id,
        slug=facts.slug,
        name=facts.name,
        brand=facts.brand,
        description=facts.description,
        product_type=facts.product_type,
        kinds=kind_words(facts),
        category_id=facts.category_id,
        attributes_text=_text(facts.attributes),
        facets={key: _words(value) for key, value in facts.attributes.items()},
        image=facts.images[0].url if facts.images else None,
        skus=[variant.sku for variant in facts.variants],
        eans=[variant.ean for variant in facts.variants if variant.ean],
        prices=_lowest_prices(state, facts),
        availability=best(level(state.shelves.get(variant.sku, {})) for variant in facts.variants),
        listed=facts.status == "active",
        deleted=False,
        position=state.position,
    )
    return Rendered({id_: encode(document)})


def _words(value: AttributeValue) -> list[str]:
    """An attribute's values as facets count them."""
    if isinstance(value, list):
        return [word for part in value for word in _words(part)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def _text(attributes: Mapping[str, AttributeValue]) -> str:
    return "\n".join(f"{key} {' '.join(_words(value))}" for key, value in attributes.items())


def _lowest_prices(state: Product, facts: ProductFacts) -> dict[str, int]:
    lowest: dict[str, int] = {}
    for variant in facts.variants:
        for currency, amount in state.prices.get(variant.sku, {}).items():
            lowest[currency] = min(amount, lowest.get(currency, amount))
    return lowest


MODEL = ReadModel(
    name=SEARCH,
    version="v2",
    sink=ELASTICSEARCH,
    contexts=product.CONTEXTS,
    state=Product,
    touches=product.touches,
    begins=product.begins,
    evolve=product.evolve,
    render=render,
    alike=product.alike,
)

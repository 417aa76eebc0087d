"""The product page in Redis, found by id, slug, SKU and EAN. Drafts and archived products have none."""

from projector.model import REDIS, Keys, ReadModel, Rendered, encode
from projector.read_models import product
from projector.read_models.price_times import times_of
from projector.read_models.product import Product, facts_of
from shared.documents.product_pages import Known, page_of
from shared.documents.products import PAGE, page_id, times_id
from shared.events.catalog import ProductFacts


def render(id_: str, state: Product, _keys: Keys) -> Rendered:
    """The pages, one in each language, and the names that lead to them."""
    facts = facts_of(state)
    if facts is None or facts.status != "active":
        return Rendered({id_: None})
    known = Known(state.id, facts, state.prices, state.shelves, state.own, state.lists)
    pages = {page_id(id_, locale): encode(page_of(known, locale)) for locale in facts.translations}
    times = times_of(facts, state.prices, state.own, state.lists)
    if times is not None:
        pages[times_id(id_)] = encode(times)
    return Rendered({id_: encode(page_of(known)), **pages}, _names(facts))


def _names(facts: ProductFacts) -> frozenset[tuple[str, str]]:
    skus = {("sku", variant.sku) for variant in facts.variants}
    eans = {("ean", variant.ean) for variant in facts.variants if variant.ean}
    return frozenset({("slug", facts.slug)} | skus | eans)


MODEL = ReadModel(
    name=PAGE,
    version="v3",
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

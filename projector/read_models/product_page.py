"""The product page in Redis, found by id, slug, SKU and EAN. Drafts and archived products have none."""

from projector.model import REDIS, Keys, ReadModel, Rendered, encode
from projector.read_models import product
from projector.read_models.price_times import times_of
from projector.read_models.product import Product, known_of
from shared.documents.product_pages import page_of
from shared.documents.products import PAGE, Related, page_id, related_id, times_id
from shared.events.catalog import ProductFacts


def render(id_: str, state: Product, _keys: Keys) -> Rendered:
    """The pages, one in each language, and the names that lead to them."""
    known = known_of(state)
    if known is None or known.facts.status != "active":
        return Rendered({id_: None})
    pages = {page_id(id_, locale): encode(page_of(known, locale)) for locale in known.locales}
    if known.timed:
        pages[times_id(id_)] = encode(times_of(known))
    if known.facts.related:
        pages[related_id(id_)] = encode(Related(known.facts.related))
    return Rendered({id_: encode(page_of(known)), **pages}, _names(known.facts))


def _names(facts: ProductFacts) -> frozenset[tuple[str, str]]:
    skus = {("sku", variant.sku) for variant in facts.variants}
    eans = {("ean", variant.ean) for variant in facts.variants if variant.ean}
    return frozenset({("slug", facts.slug)} | skus | eans)


MODEL = ReadModel(
    name=PAGE,
    version="v8",
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

"""The product page, by id or another name."""

from typing import Literal
from uuid import UUID

from msgspec import structs

from read_side.answers import Answer, catalog_kept
from read_side.documents import Documents, not_ready
from shared.documents.products import PAGE, ProductPage, page_id
from shared.ean import normalized
from shared.http.problems import not_found
from shared.locales import Locales
from shared.position import Position

Name = Literal["slug", "sku", "ean"]


async def product_page(
    documents: Documents, product_id: UUID | str, position: Position | None = None, locales: Locales = None
) -> Answer[ProductPage]:
    """The page of a product in the best language it has; answers 404 if there is none, 503 while that is unknown."""
    key = f"product:{product_id}"
    found = await documents.find_best(PAGE, str(product_id), page_ids(product_id, locales), key, position)
    if found is None:
        raise not_found("product")
    return Answer.of(found, catalog_kept(locales))


def page_ids(product_id: UUID | str, locales: Locales) -> list[str]:
    """The pages in other languages that would do, the best first."""
    return [page_id(product_id, locale) for locale in locales or ()]


def kept_form(name: Name, value: str) -> str:
    """A name as it is kept: an EAN has more than one spelling (12 or 13 digits)."""
    return normalized(value) or value if name == "ean" else value


async def product_by(
    documents: Documents, name: Name, value: str, position: Position | None = None, locales: Locales = None
) -> Answer[ProductPage]:
    """The same page by slug, SKU or EAN."""
    # Which product it is, and so its shard, is known only once the name is there: all shards are waited for.
    behind = await documents.behind(PAGE, None, position) if position is not None else None
    product_id = await documents.look_up(PAGE, name, kept_form(name, value))
    if product_id is None:
        raise not_ready() if behind else not_found("product")
    answer = await product_page(documents, product_id, None, locales)
    return structs.replace(answer, stale=behind) if behind else answer

"""The product page, by id or another name."""

from typing import Literal
from uuid import UUID

from msgspec import structs

from read_side.answers import CATALOG, Answer
from read_side.documents import Documents, not_ready
from shared.documents.products import PAGE, ProductPage
from shared.ean import normalized
from shared.http.problems import not_found
from shared.position import Position

Name = Literal["slug", "sku", "ean"]


async def product_page(
    documents: Documents, product_id: UUID | str, position: Position | None = None
) -> Answer[ProductPage]:
    """The page of a product; answers 404 if there is none, 503 while that is unknown."""
    found = await documents.find(PAGE, str(product_id), f"product:{product_id}", position)
    if found is None:
        raise not_found("product")
    return Answer.of(found, CATALOG)


def kept_form(name: Name, value: str) -> str:
    """A name as it is kept: an EAN has more than one spelling (12 or 13 digits)."""
    return normalized(value) or value if name == "ean" else value


async def product_by(
    documents: Documents, name: Name, value: str, position: Position | None = None
) -> Answer[ProductPage]:
    """The same page by slug, SKU or EAN."""
    # Which product it is, and so its shard, is known only once the name is there: all shards are waited for.
    behind = await documents.behind(PAGE, None, position) if position is not None else None
    product_id = await documents.look_up(PAGE, name, kept_form(name, value))
    if product_id is None:
        raise not_ready() if behind else not_found("product")
    answer = await product_page(documents, product_id)
    return structs.replace(answer, stale=behind) if behind else answer

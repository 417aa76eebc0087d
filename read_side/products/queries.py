"""The product page, by id or another name."""

from typing import Literal
from uuid import UUID

from msgspec import structs

from read_side.answers import CATALOG, Answer
from read_side.documents import Documents
from shared.documents.products import PAGE
from shared.http.problems import not_found
from shared.position import Position

Name = Literal["slug", "sku", "ean"]


async def product_page(documents: Documents, product_id: UUID | str, position: Position | None = None) -> Answer:
    """The page of a product; answers 404 if there is none, 503 while that is unknown."""
    found = await documents.find(PAGE, str(product_id), f"product:{product_id}", position)
    if found is None:
        raise not_found("product")
    return Answer.of(found, CATALOG)


async def product_by(documents: Documents, name: Name, value: str, position: Position | None = None) -> Answer:
    """The same page by slug, SKU or EAN."""
    # Which product it is, and so its shard, is known only once the name is there: all shards are waited for.
    behind = await documents.behind(PAGE, None, position) if position is not None else None
    product_id = await documents.look_up(PAGE, name, value)
    if product_id is None:
        raise not_found("product")
    answer = await product_page(documents, product_id)
    return structs.replace(answer, stale=behind) if behind else answer

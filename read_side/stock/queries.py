"""Stock: in, low or out for shoppers, numbers for staff."""

from typing import Generic, TypeVar, cast

import msgspec
from msgspec import Raw, Struct, structs

from read_side.answers import PERSONAL, STOCK, Answer
from read_side.documents import Documents
from shared.documents.stock import MODEL, STAFF, ShopperStock, StaffStock
from shared.http.problems import INVALID_INPUT, FieldError, not_found
from shared.position import Position
from shared.shards import product_key

MOST = 100  # SKUs in one question

_staff_stock = msgspec.json.Decoder(StaffStock)


Level = TypeVar("Level", Raw, ShopperStock)


class ManyStocks(Struct, Generic[Level], frozen=True):
    """Several SKUs at once; those nobody sells are named. Made of documents as they are stored."""

    items: list[Level]
    unknown: list[str]


async def shopper_stock(documents: Documents, sku: str, position: Position | None = None) -> Answer[ShopperStock]:
    """What a shopper may see of a SKU; answers 404 if there is none, 503 while that is unknown."""
    found = None if sku.startswith(STAFF) else await documents.find(MODEL, sku, None, position)
    if found is None:
        raise not_found("SKU")
    answer: Answer[ShopperStock] = Answer.of(found, STOCK)
    if answer.stale is None and MODEL in documents.board.parked:
        return structs.replace(answer, stale=await _parked(documents, sku))
    return answer


async def _parked(documents: Documents, sku: str) -> str | None:
    """A shopper's document doesn't name its product, whose key it is that parks; the one for staff does."""
    staff = await documents.find(MODEL, STAFF + sku, None)
    if staff is None:
        return None
    return documents.parked(MODEL, product_key(_staff_stock.decode(staff.body).product_id))


async def shopper_stocks(
    documents: Documents, skus: list[str], position: Position | None = None
) -> Answer[ManyStocks[ShopperStock]]:
    """Up to 100 SKUs at once, each once, in the order asked."""
    if not 0 < len(skus) <= MOST:
        error = FieldError("?sku", "out_of_range", f"1 to {MOST} SKUs")
        raise INVALID_INPUT.problem(f"This route takes 1 to {MOST} SKUs.", errors=[error])
    skus = list(dict.fromkeys(skus))
    stale = await documents.behind(MODEL, None, position) if position is not None else None
    known = [sku for sku in skus if not sku.startswith(STAFF)]
    found = dict(zip(known, await documents.find_all(MODEL, known), strict=True))
    if MODEL in documents.board.parked:
        waiting = [await _parked(documents, sku) for sku, document in found.items() if document is not None]
        stale = stale or next(filter(None, waiting), None)
    items = [Raw(document.body) for document in found.values() if document is not None]
    unknown = [sku for sku in skus if found.get(sku) is None]
    return cast(Answer[ManyStocks[ShopperStock]], Answer.made(ManyStocks(items, unknown), STOCK, stale))


async def staff_stock(documents: Documents, sku: str, position: Position | None = None) -> Answer[StaffStock]:
    """Numbers of a SKU per warehouse and summed; answers 404 if there is none, 503 while that is unknown."""
    found = await documents.find(MODEL, STAFF + sku, None, position)
    if found is None:
        raise not_found("SKU")
    product_id = _staff_stock.decode(found.body).product_id
    answer: Answer[StaffStock] = Answer.of(found, PERSONAL)
    return structs.replace(answer, stale=answer.stale or documents.parked(MODEL, product_key(product_id)))

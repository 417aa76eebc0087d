"""Stock items in Elasticsearch, for analysts."""

from collections.abc import Sequence
from typing import get_args
from uuid import UUID

from projector.model import ELASTICSEARCH, GATHERING, Folded, Keys, ReadModel, Rendered, encode
from shared.codec import Event
from shared.documents.stock import RECORDS, StockRecord
from shared.envelope import Recorded
from shared.events.inventory import StockItemEvent, StockItemOpened

_STOCK_EVENTS = get_args(StockItemEvent)


class StockItem(Folded, frozen=True):
    sku: str
    warehouse: str
    product_id: UUID
    on_hand: int
    reserved: int


def touches(recorded: Recorded, event: Event) -> Sequence[str]:
    """The stock item."""
    return (str(recorded.aggregate_id),) if isinstance(event, _STOCK_EVENTS) else ()


def begins(_recorded: Recorded, event: Event) -> bool:
    """A stock item is opened once."""
    return isinstance(event, StockItemOpened)


def evolve(state: StockItem | None, recorded: Recorded, event: StockItemEvent) -> StockItem:
    """Its figures after the event."""
    if isinstance(event, StockItemOpened):
        product_id = event.product_id
    elif state is not None:
        product_id = state.product_id
    else:
        raise ValueError(f"{event.sku}: stock moved before its item was opened")
    return StockItem(recorded.position, event.sku, event.warehouse, product_id, event.on_hand, event.reserved)


def render(id_: str, state: StockItem, _keys: Keys) -> Rendered:
    """A document per stock item."""
    record = StockRecord(
        stock_item_id=UUID(id_),
        sku=state.sku,
        product_id=state.product_id,
        warehouse=state.warehouse,
        on_hand=state.on_hand,
        reserved=state.reserved,
        available=state.on_hand - state.reserved,
        position=state.position,
    )
    return Rendered({id_: encode(record)})


MODEL = ReadModel(
    name=RECORDS,
    version="v1",
    sink=ELASTICSEARCH,
    contexts=frozenset({"inventory"}),
    state=StockItem,
    touches=touches,
    begins=begins,
    evolve=evolve,
    render=render,
    gather=GATHERING,
)

"""The log as paid baskets, and as categories of products: read shard by shard, each time up to the safe position."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from projector.chain import Heard
from projector.log import EventLog
from shared.events.catalog import CategoryCreated, CategoryRevised, ProductCreated, ProductRevised
from shared.events.orders import OrderCancelled, OrderConfirmed, OrderExpired, OrderPlaced

CONTEXTS = frozenset({"orders", "catalog"})
SLICE = 1_000


class Basket(NamedTuple):
    """What somebody chose and has paid for, each product once, and when it was ordered."""

    products: frozenset[UUID]
    at: datetime


class Log:
    """What was read so far. An order counts once it is paid, whatever becomes of it later: it was wanted together."""

    def __init__(self, source: EventLog, shards: int) -> None:
        self._source = source
        self._at = dict.fromkeys(range(shards), 0)
        self._placed: dict[UUID, Basket] = {}
        self._category: dict[UUID, UUID | None] = {}
        self._parent: dict[UUID, UUID | None] = {}
        self._above: dict[UUID, list[UUID]] | None = None  # of each product; made again once the catalog has changed

    async def news(self) -> list[Basket]:
        """The baskets that were paid since the last call."""
        found: list[Basket] = []
        for shard, head in (await self._source.heads(len(self._at))).items():
            while self._at[shard] < head:
                part = await self._source.slice(shard, self._at[shard], head, CONTEXTS, SLICE)
                for heard in part.of(CONTEXTS):
                    if (basket := self._take(heard)) is not None:
                        found.append(basket)
                self._at[shard] = part.upto
        return found

    def _take(self, heard: Heard) -> Basket | None:
        match heard.event:
            case OrderPlaced(order_id=order_id, lines=lines, bundles=bundles):
                chosen = [*(line for line in lines if not line.bundle), *bundles]  # nobody chose what is in a bundle
                # Nor a gift: each order of a promotion has it, so that it would be what is bought most.
                products = frozenset(line.product_id for line in chosen if line.gift_quantity < line.quantity)
                self._placed[order_id] = Basket(products, heard.recorded.recorded_at)
            case OrderConfirmed(order_id=order_id):
                return self._placed.pop(order_id, None)
            case OrderCancelled(order_id=order_id) | OrderExpired(order_id=order_id):
                self._placed.pop(order_id, None)
            case ProductCreated() | ProductRevised() as told:
                self._category[told.product_id], self._above = told.facts.category_id, None
            case CategoryCreated() | CategoryRevised() as told:
                self._parent[told.category_id], self._above = told.parent_id, None
        return None

    def categories(self) -> Mapping[UUID, Sequence[UUID]]:
        """Product → its category and those above it."""
        if self._above is None:
            self._above = {product: self._path(category) for product, category in self._category.items() if category}
        return self._above

    def shelves(self) -> Collection[UUID]:
        """All categories, those where nothing stands among them."""
        return self._parent.keys()

    def category_of(self, product: UUID) -> UUID | None:
        """Where a product stands."""
        return self._category.get(product)

    def _path(self, category: UUID | None) -> list[UUID]:
        found: list[UUID] = []
        while category is not None and category not in found:
            found.append(category)
            category = self._parent.get(category)
        return found

"""The orders of whoever is signed in, newest first. Who that is stands in Redis, the orders in Elasticsearch."""

import time
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from read_side.access import signed_in
from read_side.answers import PERSONAL, Answer
from read_side.documents import BEHIND, Documents, not_ready
from read_side.search import cursors, elastic
from read_side.search.index import Index
from shared.documents.order_records import RECORDS
from shared.documents.orders import Fulfilment, OrderState, PaymentState
from shared.links import OrderLinks
from shared.money import Money
from shared.position import Position


class OwnOrder(Struct, frozen=True):
    """An order in the list; its token opens the whole of it, `GET /v1/orders/{id}`."""

    id: UUID
    number: str
    state: OrderState
    payment_state: PaymentState
    fulfilment: Fulfilment
    items: int
    total: Money
    refunded: Money
    placed_at: datetime
    order_token: str


class _Listed(Struct, frozen=True):
    """What is shown of an OrderRecord: not its lines, of which there may be many."""

    order_id: UUID
    number: str
    state: OrderState
    payment_state: PaymentState
    fulfilment: Fulfilment
    items: int
    currency: str
    total_minor: int
    refunded_minor: int
    placed_at: datetime


class OwnOrders(Struct, frozen=True):
    """A page of them, and the way to the next one."""

    orders: list[OwnOrder]
    next_cursor: str | None


class OrderHistory:
    """Answers which orders are somebody's."""

    def __init__(self, index: Index, documents: Documents, links: OrderLinks) -> None:
        self._index, self._documents, self._links = index, documents, links

    async def answer(
        self, authorization: str | None, limit: int, cursor: str | None, position: Position | None
    ) -> Answer[OwnOrders]:
        """A page of the orders of the account whose session this is.

        Answers 401 without a session, 400 `broken_cursor`, 503 while Elasticsearch is down or the index not filled.
        """
        account_id = await signed_in(self._documents, authorization)
        mark = sha256(f"orders of {account_id}".encode()).digest()
        after = None if cursor is None else cursors.decode(self._links.secret, mark, cursor)
        behind = None if position is None else await self._documents.behind_index(RECORDS, position)
        hits = await self._hits(account_id, limit + 1, after)
        ready = self._documents.board.is_ready(RECORDS)
        if not ready and not hits:
            raise not_ready()
        page = hits[:limit]
        more = cursors.encode(self._links.secret, mark, page[-1]["sort"]) if len(hits) > limit else None
        found = OwnOrders([self._told(hit["_source"]) for hit in page], more)
        return Answer.made(found, PERSONAL, behind or (None if ready else BEHIND))

    async def _hits(self, account_id: UUID, size: int, after: list[Any] | None) -> list[Any]:
        found = await self._index.search(
            query={"term": {"account_id": str(account_id)}}, sort=[{"order_id": "desc"}], size=size,
            source=list(_Listed.__struct_fields__), timeout=elastic.TIMEOUT, track_total_hits=False,
            **({"search_after": after} if after else {}),
        )  # fmt: skip
        return list(found["hits"]["hits"])

    def _told(self, source: Any) -> OwnOrder:
        record = msgspec.convert(source, _Listed)
        return OwnOrder(
            record.order_id, record.number, record.state, record.payment_state, record.fulfilment, record.items,
            Money(record.total_minor, record.currency), Money(record.refunded_minor, record.currency),
            record.placed_at, self._links.token(record.order_id, record.state, time.time()),
        )  # fmt: skip

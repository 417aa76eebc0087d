"""When stock comes in, or a product is for sale again, whoever waits for it becomes due. A step tells them."""

from collections.abc import Sequence
from typing import cast

import msgspec
from msgspec import Struct

from shared.codec import Event, decode_events, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.catalog import ProductRevised
from shared.events.inventory import (
    StockAdjusted,
    StockCounted,
    StockItemOpened,
    StockReceived,
    StockReleased,
    StockReturned,
    StockTransferredIn,
)
from write_side.database import Connection
from write_side.reactions import SELDOM, Reaction
from write_side.restock_requests import store

# What may raise what can be sold.
_RAISING = (
    StockItemOpened, StockReceived, StockReleased, StockReturned, StockAdjusted, StockCounted, StockTransferredIn,
)  # fmt: skip
SCAN = 500  # events looked at in one go: hardly any is of a SKU that somebody waits for
PRODUCTS = 20  # … of events that tell all of a product, up to 250 kB each


class _Variant(Struct):
    sku: str


class _Facts(Struct):
    status: str
    variants: list[_Variant]


class _Revised(Struct):
    """What is looked at of a product's event: to read all of it takes four times as long, in a transaction."""

    facts: _Facts


_revised = msgspec.json.Decoder(_Revised)


def reactions() -> list[Reaction]:
    """What an item's events lead to, and a product's."""
    return [
        Reaction("back_in_stock", tuple(tag_of(kind) for kind in _RAISING), _make_due, SCAN, _waited_for),
        Reaction("for_sale_again", (tag_of(ProductRevised),), _make_due, PRODUCTS, _waited_for, pause=SELDOM),
    ]


def _skus_told(recorded: Recorded) -> set[str]:
    """What may be had by an event as it stands in the log."""
    if recorded.type == tag_of(ProductRevised):
        return set(_skus(_revised.decode(recorded.payload)))
    return set(_skus(*decode_events(recorded.type, recorded.payload)))


def _skus(event: Event | _Revised) -> list[str]:
    """What may be had by it; a product that comes at a moment is to be waited for until then."""
    if not isinstance(event, ProductRevised | _Revised):
        return [cast(StockReceived, event).sku]
    return [variant.sku for variant in event.facts.variants] if event.facts.status == "active" else []


async def _waited_for(conn: Connection, events: Sequence[Recorded]) -> list[Recorded]:
    """Those of a SKU that somebody waits for; one question for all of them, and none where nobody waits at all."""
    if not await store.anybody_waits(conn):
        return []
    told = [(recorded, _skus_told(recorded)) for recorded in events]
    waited_for = await store.waited_for(conn, list(set().union(*(skus for _, skus in told))))
    return [recorded for recorded, skus in told if skus & waited_for]


async def _make_due(conn: Connection, _: Recorded, event: Event, _cause: Metadata) -> None:
    await store.make_due(conn, _skus(event))

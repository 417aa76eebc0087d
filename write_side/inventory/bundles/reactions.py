"""When the stock of a component changes, what shoppers see of its bundles may change, and is told then.

A bundle is looked at once more after it was composed: the stock may have changed while that was not to be seen yet.
"""

from collections.abc import Sequence
from typing import cast, get_args

from shared.codec import Event, decode_events, tag_of
from shared.envelope import Metadata, Recorded
from shared.events.inventory import BundleComposed, StockItemEvent
from write_side.database import Connection
from write_side.inventory.bundles import handlers, store
from write_side.reactions import SELDOM, Reaction

_STOCK_EVENTS = get_args(StockItemEvent)
SCAN = 500  # events looked at in one go: most are of SKUs that are in no bundle


def reactions() -> list[Reaction]:
    """What the events of stock items lead to, and that a bundle is composed."""
    types = tuple(tag_of(kind) for kind in (*_STOCK_EVENTS, BundleComposed))
    return [Reaction("bundle_availability", types, _follow, SCAN, _last_of_each, pause=SELDOM)]


async def _last_of_each(conn: Connection, events: Sequence[Recorded]) -> list[Recorded]:
    """The last of each component: it is the rows that are looked at, so that a rush on one is looked at once. But what
    is under way comes to its end first, or a rush would begin it anew for ever."""
    last: dict[str, Recorded] = {}
    composed: list[Recorded] = []
    for recorded in events:
        for event in decode_events(recorded.type, recorded.payload):
            if isinstance(event, BundleComposed):
                composed.append(recorded)
            else:
                last[cast(StockItemEvent, event).sku] = recorded
    held = await store.held(conn, list(last))
    walking = await store.walking(conn)
    under_way = [recorded for recorded in events if recorded.position == walking]
    found = {r.position: r for r in (*under_way, *composed, *(r for sku, r in last.items() if sku in held))}
    return sorted(found.values(), key=lambda r: r.position)


async def _follow(conn: Connection, recorded: Recorded, event: Event, cause: Metadata) -> bool:
    if isinstance(event, BundleComposed):
        await handlers.follow_bundles(conn, [event.sku], cause)
        return False
    return await handlers.follow_stock(conn, cast(StockItemEvent, event).sku, recorded.position, cause)

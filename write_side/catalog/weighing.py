"""What goods weigh that were sold, though nobody sells them any more: their rows forget it, and the log does not."""

from collections.abc import Sequence
from typing import cast

from shared.codec import decode_events
from shared.events.catalog import ProductRevised
from write_side import event_log
from write_side.catalog import store
from write_side.catalog.store import Weight
from write_side.database import Connection

PAGE = 20  # versions of a product in one read: what is still to be sent was retired a short while ago


async def weights_of(conn: Connection, skus: Sequence[str]) -> dict[str, int]:
    """SKU → how many grams one weighs, or weighed when it was last for sale."""
    found = await store.find_weights(conn, skus)
    return {sku: await _last(conn, sku, each) if each.retired else each.grams for sku, each in found.items()}


async def _last(conn: Connection, sku: str, weight: Weight) -> int:
    for until in range(weight.version, 0, -PAGE):
        for said in reversed(await event_log.read_aggregate(conn, "product", weight.product_id, until - PAGE, until)):
            [event] = decode_events(said.type, said.payload)
            facts = cast(ProductRevised, event).facts  # as of all events of products
            if known := next((variant for variant in facts.variants if variant.sku == sku), None):
                return known.grams
    return 0

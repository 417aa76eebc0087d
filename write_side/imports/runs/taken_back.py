"""Products that a run made and its undoing archived: a file that names one again means it to be there."""

from collections.abc import Sequence
from uuid import UUID

from shared.envelope import metadata_of
from write_side.catalog import Product
from write_side.database import Connection
from write_side.imports.runs import store
from write_side.imports.runs.stories import events_of


async def find(conn: Connection, products: Sequence[Product]) -> set[UUID]:
    """Which of these products were taken back whole, and not touched since. What staff archived is not among them, nor
    what was archived before a run came to it: that is as somebody meant it."""
    archived = [product.id for product in products if product.facts.status == "archived"]
    if not archived:
        return set()
    told = {
        id_: (metadata_of(events[0]).correlation_id, metadata_of(events[-1]).correlation_id)
        for id_, events in (await events_of(conn, "product", archived)).items()
    }
    undone = await store.undone_by(conn, [last for _, last in told.values()])
    return {id_ for id_, (made_by, last) in told.items() if undone.get(last) == made_by}

"""Commands about purchase limits: load, decide, save."""

from shared.envelope import Metadata
from shared.ids import uuid7
from write_side import catalog, commands
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.inventory.limits import domain, store
from write_side.inventory.limits.domain import PurchaseLimit, SetPurchaseLimit, UnknownPurchaseLimit


async def set_limit(pool: Pool, sku: str, command: SetPurchaseLimit, cause: Metadata) -> Answer[PurchaseLimit]:
    """How many of a SKU an order and a customer may have; refuses `unknown_sku`. The same again changes nothing."""

    async def decide(conn: Connection) -> tuple[PurchaseLimit, Positions]:
        product_id = await catalog.product_of(conn, sku)
        limit = await store.lock(conn, sku)
        event = domain.set_limit(limit, uuid7(), sku, product_id, command)
        if event is None:
            assert limit is not None
            return limit, {}
        after = domain.evolve(event, 1 if limit is None else limit.version + 1)
        return after, await store.save(conn, after, event, cause)

    return await commands.run(pool, decide)


async def show_limit(pool: Pool, sku: str) -> PurchaseLimit:
    """The limits of a SKU; refuses `unknown_purchase_limit`."""
    async with pool.acquire() as conn:
        found = await store.find(conn, [sku])
    if not found:
        raise UnknownPurchaseLimit(f"{sku} has no purchase limit")
    return found[0]

"""Commands about bundles: load, decide, save. A reaction keeps what shoppers see of them."""

from uuid import UUID

from shared.envelope import Metadata
from shared.events.inventory import BundleComponent
from shared.ids import uuid7
from write_side import catalog, commands
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.inventory.bundles import domain, store
from write_side.inventory.bundles.domain import Bundle, ComposeBundle, UnknownBundle


async def compose_bundle(pool: Pool, sku: str, command: ComposeBundle, cause: Metadata) -> Answer[Bundle]:
    """What a SKU is made of from now on; the same again changes nothing, and orders and quotes stay as they are.

    Refuses `unknown_sku`, `nested_bundle`, `invalid`.
    """

    async def decide(conn: Connection) -> tuple[Bundle, Positions]:
        product_id = await catalog.product_of(conn, sku)
        components = [BundleComponent(each.sku, each.quantity) for each in command.components]
        named = [component.sku for component in components]
        await catalog.variants_of(conn, {f"/components/{n}/sku": sku for n, sku in enumerate(named)})
        await store.lock_all(conn)
        within = (await store.holding(conn, [sku])).get(sku, [])
        domain.check_composable(sku, command, list(await store.find(conn, named)), within)
        return await _save(conn, await store.lock(conn, sku), sku, product_id, components, cause)

    return await commands.run(pool, decide)


async def dissolve_bundle(pool: Pool, sku: str, cause: Metadata) -> Answer[Bundle]:
    """It is a plain SKU again, with stock of its own. Refuses `unknown_bundle`; a repeat changes nothing."""

    async def decide(conn: Connection) -> tuple[Bundle, Positions]:
        await store.lock_all(conn)
        bundle = await store.lock(conn, sku)
        if bundle is None:
            raise UnknownBundle(f"{sku} is no bundle")
        return await _save(conn, bundle, sku, bundle.product_id, [], cause)

    return await commands.run(pool, decide)


async def _save(
    conn: Connection, bundle: Bundle | None, sku: str, product_id: UUID, components: list[BundleComponent],
    cause: Metadata,
) -> tuple[Bundle, Positions]:  # fmt: skip
    seen = domain.level(components, await store.stock_of(conn, components))
    event = domain.compose(bundle, uuid7(), sku, product_id, components, seen)
    if event is None:
        assert bundle is not None
        return bundle, {}
    after = domain.evolve(bundle, event, 1 if bundle is None else bundle.version + 1)
    return after, await store.save(conn, after, event, cause)


async def show_bundle(pool: Pool, sku: str) -> Bundle:
    """What a SKU is made of; refuses `unknown_bundle`."""
    async with pool.acquire() as conn:
        found = await store.find_one(conn, sku)
    if found is None or not found.components:
        raise UnknownBundle(f"{sku} is no bundle")
    return found


async def follow_stock(conn: Connection, sku: str, cause: Metadata) -> None:
    """The stock of a SKU has changed: what shoppers see of the bundles with it is told, where it is something else.

    By the rows as they are now: whatever changes them later is an event that leads here again.
    """
    for holder in (await store.holding(conn, [sku])).get(sku, []):
        await follow_bundle(conn, holder, cause)


async def follow_bundle(conn: Connection, sku: str, cause: Metadata) -> None:
    """The same of one bundle."""
    bundle = await store.lock(conn, sku)
    assert bundle is not None
    if event := domain.move(bundle, await store.stock_of(conn, bundle.components)):
        await store.save(conn, domain.evolve(bundle, event, bundle.version + 1), event, cause)

"""Commands about bundles: load, decide, save. A reaction keeps what shoppers see of them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.envelope import Metadata
from shared.events.inventory import BundleComponent
from shared.ids import uuid7
from write_side import catalog, commands
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.inventory.bundles import domain, store
from write_side.inventory.bundles.domain import Bundle, ComposeBundle, Stocked, UnknownBundle

MOST_NAMED = 50  # of the bundles that a SKU is in, in a refusal
# Of the bundles with one component in one transaction: what it appends holds up the feed for everybody.
MOST_LOOKED = 1_000
MOST_CHANGED = 200


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
        within = [bundle.sku for bundle in await store.holding(conn, sku, "", MOST_NAMED)]
        domain.check_composable(sku, command, list(await store.find(conn, named)), within)
        return await _save(conn, await _lock(conn, sku), sku, product_id, components, cause)

    return await commands.run(pool, decide)


async def dissolve_bundle(pool: Pool, sku: str, cause: Metadata) -> Answer[Bundle]:
    """It is a plain SKU again, with stock of its own. Refuses `unknown_bundle`; a repeat changes nothing."""

    async def decide(conn: Connection) -> tuple[Bundle, Positions]:
        await store.lock_all(conn)
        bundle = await _lock(conn, sku)
        if bundle is None:
            raise UnknownBundle(f"{sku} is no bundle")
        return await _save(conn, bundle, sku, bundle.product_id, [], cause)

    return await commands.run(pool, decide)


async def _lock(conn: Connection, sku: str) -> Bundle | None:
    return next(iter(await store.lock(conn, [sku])), None)


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


async def follow_stock(conn: Connection, sku: str, position: int, cause: Metadata) -> bool:
    """The stock of a SKU has changed, an event at this position says: what shoppers see of the bundles with it is told,
    where it is something else. Answers whether there are more of them than one transaction looks at or changes: then
    the next call goes on where this one ended.

    By the rows as they are now: whatever changes them later is an event that leads here again.
    """
    after = await store.walked(conn, position)
    looked = await store.holding(conn, sku, after, MOST_LOOKED)
    moving = await _moving(conn, looked)
    if more := len(looked) == MOST_LOOKED or len(moving) > MOST_CHANGED:
        last = moving[MOST_CHANGED - 1] if len(moving) > MOST_CHANGED else looked[-1]
        await store.walk_on(conn, position, last.sku)
    elif after:
        await store.end_walk(conn, position)
    if moving:
        await follow_bundles(conn, [bundle.sku for bundle in moving[:MOST_CHANGED]], cause)
    return more


async def follow_bundles(conn: Connection, skus: Sequence[str], cause: Metadata) -> None:
    """The same of these bundles, as they are once nobody else changes them."""
    bundles = await store.lock(conn, skus)
    stock = await _stock_of(conn, bundles)
    moved = [(bundle, event) for bundle in bundles if (event := domain.move(bundle, stock))]
    after = [(domain.evolve(bundle, event, bundle.version + 1), event) for bundle, event in moved]
    await store.save_levels(conn, after, cause)


async def _moving(conn: Connection, bundles: Sequence[Bundle]) -> list[Bundle]:
    stock = await _stock_of(conn, bundles)
    return [bundle for bundle in bundles if domain.move(bundle, stock)]


async def _stock_of(conn: Connection, bundles: Sequence[Bundle]) -> Mapping[str, Stocked]:
    return await store.stock_of(conn, [component for bundle in bundles for component in bundle.components])

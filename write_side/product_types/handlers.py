"""Commands of product types: load, decide, save."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.product_types import ProductTypeEvent
from shared.ids import uuid7
from write_side import commands
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool, first_of
from write_side.errors import check_version
from write_side.event_log import Positions
from write_side.product_types import domain, store
from write_side.product_types.domain import ProductType, ProductTypeInput, UnknownProductType


class ProductTypeList(Struct, frozen=True):
    """Types in force by name; `next`: where the next page begins, null on the last one."""

    types: list[ProductType]
    next: str | None


async def add_type(pool: Pool, given: ProductTypeInput, cause: Metadata, call: Call | None) -> Answer[ProductType]:
    """A new type; refuses what `domain.declare` does."""
    type_id = uuid7()

    async def decide(conn: Connection) -> tuple[ProductType, Positions]:
        event = domain.declare(type_id, given, await store.lock_all(conn))
        return await store.save(conn, None, event, cause)

    return await commands.run(pool, decide, call)


async def replace_type(
    pool: Pool, type_id: UUID, given: ProductTypeInput, expected: int | None, cause: Metadata
) -> Answer[ProductType]:
    """All of its attributes anew; refuses `unknown_product_type`, `version_conflict`, what `domain.declare` refuses."""

    def decide(product_type: ProductType, others: list[ProductType]) -> ProductTypeEvent | None:
        check_version(product_type.version, expected)
        return domain.replace(product_type, given, others)

    return await _changed(pool, type_id, decide, cause)


async def remove_type(pool: Pool, type_id: UUID, cause: Metadata) -> Answer[ProductType]:
    """Nothing is asked of its products any more; refuses `unknown_product_type`, a repeat among them."""
    return await _changed(pool, type_id, lambda product_type, _: domain.remove(product_type), cause)


async def _changed(
    pool: Pool,
    type_id: UUID,
    decide: Callable[[ProductType, list[ProductType]], ProductTypeEvent | None],
    cause: Metadata,
) -> Answer[ProductType]:
    async def decided(conn: Connection) -> tuple[ProductType, Positions]:
        known = await store.lock_all(conn)
        product_type = _known(type_id, next((each for each in known if each.id == type_id), None))
        event = decide(product_type, [other for other in known if other.id != type_id])
        return (product_type, {}) if event is None else await store.save(conn, product_type, event, cause)

    return await commands.run(pool, decided, None)


async def show_type(pool: Pool, type_id: UUID) -> ProductType:
    """A type in force; refuses `unknown_product_type`."""
    async with pool.acquire() as conn:
        return _known(type_id, await store.find(conn, type_id))


def _known(type_id: UUID, found: ProductType | None) -> ProductType:
    if found is None or found.state == "removed":
        raise UnknownProductType(f"there is no product type {type_id}")
    return found


async def list_types(pool: Pool, after: str, limit: int) -> ProductTypeList:
    """A page of them."""
    async with pool.acquire() as conn:
        found = await store.page(conn, after, limit + 1)
    shown, last = first_of(found, limit)
    return ProductTypeList(shown, last.name if last else None)

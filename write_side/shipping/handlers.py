"""Zone commands: load, decide, save."""

from collections.abc import Mapping

from msgspec import Struct

from shared.envelope import Metadata
from shared.ids import uuid7
from write_side import commands
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.errors import check_version
from write_side.event_log import Positions
from write_side.shipping import domain, store
from write_side.shipping.domain import Zone, ZoneInput
from write_side.shipping.seeds import ZONES, of_rates


class ZoneList(Struct, frozen=True):
    """All zones, by code."""

    zones: list[Zone]


async def set_zone(
    pool: Pool, code: str, said: ZoneInput, expected: int | None, cause: Metadata
) -> Answer[Zone]:
    """A new zone, or another word on one that there is; what it says already changes nothing.

    Refuses `version_conflict` and what `domain.set_zone` refuses.
    """

    async def decide(conn: Connection) -> tuple[Zone, Positions]:
        zones = await store.lock_zones(conn)
        existing = next((zone for zone in zones if zone.code == code), None)
        version = 0 if existing is None else existing.version
        check_version(version, expected)
        event = domain.set_zone(zones, code, said, uuid7())
        if event is None:
            assert existing is not None
            return existing, {}
        return domain.evolve(event, version + 1), await store.save(conn, event, version + 1, cause)

    return await commands.run(pool, decide)


async def list_zones(pool: Pool) -> ZoneList:
    """All of them."""
    async with pool.acquire() as conn:
        return ZoneList(sorted(await store.all_zones(conn), key=lambda zone: zone.code))


async def seed(pool: Pool, flat: Mapping[str, Mapping[str, int]] | None = None) -> None:
    """The first zones of a shop that has none, so that it can ship; run after every migration. `flat`: country →
    currency → minor units, what shipping cost there before there were zones, and goes on to."""
    cause = Metadata(actor="cli", correlation_id="seed")
    async with pool.acquire() as conn, conn.transaction():
        zones = await store.lock_zones(conn)
        for code, said in () if zones else (of_rates(flat) if flat else ZONES).items():
            event = domain.set_zone(zones, code, said, uuid7())
            assert event is not None
            zones.append(domain.evolve(event, 1))
            await store.save(conn, event, 1, cause)

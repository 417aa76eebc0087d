"""Commands about taxes: load, decide, save."""

from msgspec import Struct

from shared.envelope import Metadata
from shared.ids import uuid7
from write_side import commands
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.errors import check_version
from write_side.event_log import Positions
from write_side.taxes import domain, store
from write_side.taxes.domain import Destination, TaxesInput
from write_side.taxes.seeds import SEED


class DestinationList(Struct, frozen=True):
    """All countries that orders may go to, by code."""

    destinations: list[Destination]


async def set_taxes(
    pool: Pool, country: str, said: TaxesInput, expected: int | None, cause: Metadata
) -> Answer[Destination]:
    """Orders to this country pay this from now on; what it says already changes nothing.

    Refuses `broken_taxes`, `version_conflict`.
    """

    async def decide(conn: Connection) -> tuple[Destination, Positions]:
        existing = await store.lock_destination(conn, country)
        version = 0 if existing is None else existing.version
        check_version(version, expected)
        event = domain.set_taxes(existing, country, said, uuid7())
        if event is None:
            assert existing is not None
            return existing, {}
        return domain.evolve(existing, event, version + 1), await store.save(conn, event, version + 1, cause)

    return await commands.run(pool, decide)


async def list_destinations(pool: Pool) -> DestinationList:
    """All of them."""
    async with pool.acquire() as conn:
        return DestinationList(sorted(await store.all_destinations(conn), key=lambda each: each.country))


async def flat_rates(pool: Pool) -> dict[str, dict[str, int]]:
    """Country → currency → minor units: what shipping cost before there were zones, where that still stands."""
    async with pool.acquire() as conn:
        return {each.country: each.rates for each in await store.all_destinations(conn) if each.rates}


async def seed(pool: Pool) -> None:
    """Taxes for countries that have none yet, so that a new shop can ship; run after every migration."""
    cause = Metadata(actor="cli", correlation_id="seed")
    async with pool.acquire() as conn, conn.transaction():
        known = {destination.country for destination in await store.all_destinations(conn)}
        for country in sorted(SEED.keys() - known):
            event = domain.set_taxes(None, country, SEED[country], uuid7())
            assert event is not None
            await store.save(conn, event, 1, cause)

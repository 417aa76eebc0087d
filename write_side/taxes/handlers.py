"""Destination commands: load, decide, save."""

from shared.envelope import Metadata
from shared.ids import uuid7
from write_side import commands
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.taxes import domain, store
from write_side.taxes.domain import SEED, Destination, Terms


async def set_destination(pool: Pool, country: str, terms: Terms, cause: Metadata) -> Answer[Destination]:
    """Orders to this country pay this from now on; refuses `unknown_currency`. The present terms change nothing."""

    async def decide(conn: Connection) -> tuple[Destination, Positions]:
        existing = await store.lock_destination(conn, country)
        event = domain.set_terms(existing, country, terms, uuid7())
        if event is None:
            assert existing is not None
            return existing, {}
        version = 1 if existing is None else existing.version + 1
        return domain.evolve(event, version), await store.save(conn, event, version, cause)

    return await commands.run(pool, decide)


async def flat_rates(pool: Pool) -> dict[str, dict[str, int]]:
    """Country → currency → minor units: what shipping cost before there were zones, where that still stands."""
    async with pool.acquire() as conn:
        return {each.country: each.rates for each in await store.all_destinations(conn) if each.rates}


async def seed(pool: Pool) -> None:
    """Terms for countries that have none yet, so that a new shop can ship; run after every migration."""
    cause = Metadata(actor="cli", correlation_id="seed")
    async with pool.acquire() as conn, conn.transaction():
        known = {destination.country for destination in await store.all_destinations(conn)}
        for country in sorted(SEED.keys() - known):
            event = domain.set_terms(None, country, SEED[country], uuid7())
            assert event is not None
            await store.save(conn, event, 1, cause)

"""The SQL of destinations: the only place that names their table."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.taxes import TaxArea, TaxesSet, TaxRules
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.taxes.domain import Destination

_SELECT = "SELECT id, country, rules, areas, rates, version FROM destination"
_rules = msgspec.json.Decoder(TaxRules)
_areas = msgspec.json.Decoder(list[TaxArea])
_rates = msgspec.json.Decoder(dict[str, int])


async def find_destination(conn: Connection, country: str) -> Destination | None:
    """The destination of a country."""
    row = await conn.fetchrow(f"{_SELECT} WHERE country = $1", country)
    return None if row is None else _destination(row)


async def lock_destination(conn: Connection, country: str) -> Destination | None:
    """The same, held until the transaction ends."""
    row = await conn.fetchrow(f"{_SELECT} WHERE country = $1 FOR UPDATE", country)
    return None if row is None else _destination(row)


async def save(conn: Connection, event: TaxesSet, version: int, cause: Metadata) -> Positions:
    """The row of a destination after an event, and the event."""
    await conn.execute(
        """INSERT INTO destination (id, country, rules, areas, rates, version) VALUES ($1, $2, $3, $4, '{}', $5)
           ON CONFLICT (id) DO UPDATE SET rules = excluded.rules, areas = excluded.areas, version = excluded.version""",
        event.destination_id, event.country, as_json(event.rules).decode(), as_json(event.areas).decode(), version,
    )  # fmt: skip
    key = f"destination:{event.country}"
    return await event_log.append(conn, [NewEvent("destination", event.destination_id, version, key, event)], cause)


async def all_destinations(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Destination]:
    """Every destination's row, or those of some."""
    return [_destination(row) for row in await conn.fetch(*among(_SELECT, ids))]


def _destination(row: asyncpg.Record) -> Destination:
    return Destination(
        row["id"], row["country"], _rules.decode(row["rules"]), _areas.decode(row["areas"]),
        _rates.decode(row["rates"]), row["version"],
    )  # fmt: skip


async def rewrite_destination(conn: Connection, destination: Destination) -> None:
    """Make the row say this; for a repair."""
    texts = {name: as_json(getattr(destination, name)).decode() for name in ("rules", "areas", "rates")}
    await overwrite(conn, "destination", msgspec.structs.asdict(destination) | texts)

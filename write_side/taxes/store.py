"""The SQL of destinations."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.shipping import DestinationSet
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.taxes.domain import Destination

_SELECT = "SELECT id, country, tax_basis_points, rates, version FROM destination"
_rates = msgspec.json.Decoder(dict[str, int])


async def find_destination(conn: Connection, country: str) -> Destination | None:
    """The destination of a country."""
    row = await conn.fetchrow(f"{_SELECT} WHERE country = $1", country)
    return None if row is None else _destination(row)


async def lock_destination(conn: Connection, country: str) -> Destination | None:
    """The same, held until the transaction ends."""
    row = await conn.fetchrow(f"{_SELECT} WHERE country = $1 FOR UPDATE", country)
    return None if row is None else _destination(row)


async def save(conn: Connection, event: DestinationSet, version: int, cause: Metadata) -> Positions:
    """The row of a destination after an event, and the event."""
    await conn.execute(
        """INSERT INTO destination (id, country, tax_basis_points, rates, version) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (id) DO UPDATE SET tax_basis_points = excluded.tax_basis_points, rates = excluded.rates,
                                          version = excluded.version""",
        event.destination_id, event.country, event.tax_basis_points, as_json(event.rates).decode(), version,
    )  # fmt: skip
    key = f"destination:{event.country}"
    return await event_log.append(conn, [NewEvent("destination", event.destination_id, version, key, event)], cause)


async def all_destinations(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Destination]:
    """Every destination's row, or those of some, for the comparison with the log."""
    return [_destination(row) for row in await conn.fetch(*among(_SELECT, ids))]


def _destination(row: asyncpg.Record) -> Destination:
    columns: dict[str, Any] = dict(row) | {"rates": _rates.decode(row["rates"])}
    return msgspec.convert(columns, Destination)


async def rewrite_destination(conn: Connection, destination: Destination) -> None:
    """Make the row say this; for a repair."""
    columns = msgspec.structs.asdict(destination) | {"rates": as_json(destination.rates).decode()}
    await overwrite(conn, "destination", columns)

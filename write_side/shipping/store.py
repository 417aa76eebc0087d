"""The SQL of shipping zones: the only place that names their table."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.shipping import Method, Place, ZoneSet
from shared.shards import zone_key
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.shipping.domain import Zone

_SELECT = "SELECT id, code, name, places, methods, version FROM shipping_zone"
_places = msgspec.json.Decoder(list[Place])
_methods = msgspec.json.Decoder(list[Method])


async def zones_of(conn: Connection, country: str) -> list[Zone]:
    """The zones that name this country or a part of it."""
    query = f"{_SELECT} WHERE places @> jsonb_build_array(jsonb_build_object('country', $1::text)) ORDER BY code"
    return [_zone(row) for row in await conn.fetch(query, country)]


async def lock_zones(conn: Connection) -> list[Zone]:
    """All zones; whoever else wants to change one waits until the transaction ends, or two could take one place."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('shipping zones', 0))")
    return await all_zones(conn)


async def save(conn: Connection, event: ZoneSet, version: int, cause: Metadata) -> Positions:
    """The row of a zone after an event, and the event."""
    await conn.execute(
        """INSERT INTO shipping_zone (id, code, name, places, methods, version) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (id) DO UPDATE SET name = excluded.name, places = excluded.places, methods = excluded.methods,
                                          version = excluded.version""",
        event.zone_id, event.code, event.name, as_json(event.places).decode(), as_json(event.methods).decode(), version,
    )  # fmt: skip
    new = NewEvent("shipping_zone", event.zone_id, version, zone_key(event.code), event)
    return await event_log.append(conn, [new], cause)


async def find_by_code(conn: Connection, code: str) -> UUID | None:
    """The zone that is called so."""
    found: UUID | None = await conn.fetchval("SELECT id FROM shipping_zone WHERE code = $1", code)
    return found


async def all_zones(conn: Connection, ids: Sequence[UUID] | None = None) -> list[Zone]:
    """Every zone's row, or those of some."""
    return [_zone(row) for row in await conn.fetch(*among(_SELECT, ids))]


def _zone(row: asyncpg.Record) -> Zone:
    return Zone(
        row["id"], row["code"], row["name"], _places.decode(row["places"]), _methods.decode(row["methods"]),
        row["version"],
    )  # fmt: skip


async def rewrite_zone(conn: Connection, zone: Zone) -> None:
    """Make the row say this; for a repair."""
    texts: dict[str, Any] = {name: as_json(getattr(zone, name)).decode() for name in ("places", "methods")}
    await overwrite(conn, "shipping_zone", msgspec.structs.asdict(zone) | texts)

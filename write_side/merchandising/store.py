"""The SQL of search rules, the only place that names their table."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from shared.envelope import Metadata, as_json
from shared.events.merchandising import MerchandisingEvent, Rule
from shared.shards import SEARCH_RULES
from write_side import event_log
from write_side.database import Connection, among, overwrite
from write_side.event_log import NewEvent, Positions
from write_side.merchandising.domain import SearchRule, evolve

_SELECT = "SELECT id, rule, state, version FROM search_rule"
_rule: msgspec.json.Decoder[Rule] = msgspec.json.Decoder(Rule)


async def lock_all(conn: Connection) -> int:
    """How many rules are in force; whoever else wants to add one waits until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('search rules', 0))")
    return int(await conn.fetchval("SELECT count(*) FROM search_rule WHERE state = 'in_force'"))


async def lock(conn: Connection, rule_id: UUID) -> SearchRule | None:
    """A rule, held until the transaction ends."""
    row = await conn.fetchrow(f"{_SELECT} WHERE id = $1 FOR UPDATE", rule_id)
    return None if row is None else _of(row)


async def find(conn: Connection, rule_id: UUID) -> SearchRule | None:
    """One rule."""
    row = await conn.fetchrow(f"{_SELECT} WHERE id = $1", rule_id)
    return None if row is None else _of(row)


async def page(conn: Connection, after: UUID | None, limit: int) -> list[SearchRule]:
    """Rules in force, the newest first, behind one of them."""
    query = f"{_SELECT} WHERE state = 'in_force' AND ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2"
    return [_of(row) for row in await conn.fetch(query, after, limit)]


async def save(
    conn: Connection, rule: SearchRule | None, event: MerchandisingEvent, cause: Metadata
) -> tuple[SearchRule, Positions]:
    """The row of a rule after an event, and the event."""
    now = evolve(rule, event, 1 if rule is None else rule.version + 1)
    await conn.execute(
        """INSERT INTO search_rule (id, rule, state, version) VALUES ($1, $2, $3, $4)
           ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, state = excluded.state, version = excluded.version""",
        now.id, as_json(now.rule).decode(), now.state, now.version,
    )  # fmt: skip
    new = NewEvent("search_rule", now.id, now.version, SEARCH_RULES, event)
    return now, await event_log.append(conn, [new], cause)


async def all_rules(conn: Connection, ids: Sequence[UUID] | None = None) -> list[SearchRule]:
    """Every rule's row, or those of some, for the comparison with the log."""
    return [_of(row) for row in await conn.fetch(*among(_SELECT, ids))]


async def rewrite_rule(conn: Connection, rule: SearchRule) -> None:
    """Make the row say this; for a repair."""
    columns = msgspec.structs.asdict(rule) | {"rule": as_json(rule.rule).decode()}
    await overwrite(conn, "search_rule", columns)


def _of(row: asyncpg.Record) -> SearchRule:
    return SearchRule(row["id"], _rule.decode(row["rule"]), row["state"], row["version"])

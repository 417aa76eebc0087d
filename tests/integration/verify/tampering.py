"""Tampering with log and rows as the owner of the database, and what verification says of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from doorbuster import verify
from write_side.database import Connection
from write_side.verifying.differences import Difference
from write_side.verifying.seals import SealFile

# As somebody who knows how chains are made: every later hash of every aggregate anew, in the order of the log.
RECHAIN = """
DO $$
DECLARE e event_log;
BEGIN
    FOR e IN SELECT * FROM event_log ORDER BY position LOOP
        e.prev_hash := coalesce((SELECT b.hash FROM event_log b WHERE b.aggregate_type = e.aggregate_type
                                 AND b.aggregate_id = e.aggregate_id AND b.aggregate_version = e.aggregate_version - 1),
                                decode(repeat('00', 32), 'hex'));
        UPDATE event_log SET prev_hash = e.prev_hash, hash = event_hash(e.prev_hash, e.position, e.shard,
            e.partition_key, e.aggregate_type, e.aggregate_id, e.aggregate_version, e.event_id, e.type, e.recorded_at,
            e.payload, e.metadata)
        WHERE position = e.position;
    END LOOP;
END $$
"""

# Those of all contexts.
TABLES = """warehouse, stock_item, reservation, category, product, variant, priced_variant, price, price_list,
            list_price, scheduled_price, destination, shipping_zone, cart, cart_line, quote, customer_order, order_line,
            order_allocation, payment, mail, access_token"""

# With the columns that can be written: those that Postgres makes of others make themselves again.
_TABLES = """SELECT t.tablename AS name, string_agg(format('%I', c.column_name), ', ') AS columns
             FROM pg_tables t JOIN information_schema.columns c
                  ON c.table_schema = t.schemaname AND c.table_name = t.tablename AND c.is_generated = 'NEVER'
             WHERE t.schemaname = 'public' GROUP BY 1"""


class Tampered:
    """A connection that may do anything."""

    def __init__(self, conn: Connection, seals: SealFile) -> None:
        self.conn, self.seals = conn, seals

    async def seal(self) -> int:
        """Seal the log up to where it is safe."""
        return await verify.seal(self.conn, self.seals)

    @asynccontextmanager
    async def by(self, *statements: str) -> AsyncIterator[list[Difference]]:
        """After these statements, what is found; then all is put back."""
        tables = {row["name"]: row["columns"] for row in await self.conn.fetch(_TABLES)}
        await self.conn.execute("SET session_replication_role = replica")
        for table in tables:
            await self.conn.execute(f"CREATE TEMP TABLE saved_{table} AS TABLE {table}")
        for statement in statements:
            await self.conn.execute(statement)
        await self.conn.execute("SET session_replication_role = DEFAULT")
        yield await self.found()
        await self.conn.execute("SET session_replication_role = replica")
        for table, columns in tables.items():
            saved = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM saved_{table}"
            await self.conn.execute(f"DELETE FROM {table}; {saved}")
            await self.conn.execute(f"DROP TABLE saved_{table}")
        await self.conn.execute("SET session_replication_role = DEFAULT")

    async def found(self) -> list[Difference]:
        """All that verification finds in log and rows."""
        return [*await verify.differences(self.conn), *await verify.broken_seals(self.conn, self.seals)]


def told(found: list[Difference]) -> str:
    """All of it, as an operator reads it."""
    return "\n".join(map(str, found))

"""The table of what must always hold: a check answers what differs, one line each, and nothing when all is well.

`doorbuster verify` runs those that need our own servers; demo and load run all of them, the provider's books included.
"""

from collections.abc import Awaitable, Callable, Mapping

import asyncpg
from msgspec import Struct

from doorbuster import verify
from doorbuster.invariants import captures, invoices, orders, read_models, refunds, snapshots, stock, transfers
from doorbuster.invariants.sinks import Stores
from write_side.database import Connection

Environment = Mapping[str, str]  # the settings by their names
Check = Callable[[Environment], Awaitable[list[str]]]


class Verdict(Struct, frozen=True):
    """An invariant and what contradicts it."""

    invariant: str
    differences: list[str]

    @property
    def holds(self) -> bool:
        """Whether nothing does."""
        return not self.differences


def _in_postgres(check: Callable[[Connection], Awaitable[list[str]]]) -> Check:
    async def run(environment: Environment) -> list[str]:
        conn = await asyncpg.connect(environment["DATABASE_URL"])  # without the application's limits
        try:
            return await check(conn)
        finally:
            await conn.close()

    return run


async def _rows(conn: Connection) -> list[str]:
    return [str(difference) for difference in await verify.differences(conn)]


async def _read_models(environment: Environment) -> list[str]:
    return [str(difference) for difference in await read_models.differences(Stores.of(environment))]


def _at_provider(check: Callable[[Connection, captures.Provider], Awaitable[list[str]]]) -> Check:
    async def run(environment: Environment) -> list[str]:
        provider = captures.Provider(environment["STRIPE_API_BASE"], environment["STRIPE_API_KEY"])
        return await _in_postgres(lambda conn: check(conn, provider))(environment)

    return run


# In this order: what is still under way would look like a difference to the later ones.
CHECKS: dict[str, Check] = {
    "payments settled": _in_postgres(captures.unsettled),
    "no negative stock": _in_postgres(stock.negative),
    "reserved = open reservations": _in_postgres(stock.unaccounted),
    "units are conserved": _in_postgres(transfers.differences),
    "one capture per paid order": _at_provider(captures.differences),
    "refunds = the provider's": _at_provider(refunds.differences),
    "invoices and credit notes add up": _in_postgres(invoices.differences),
    "no order twice for one key": _in_postgres(orders.without_key),
    "rows = fold of the log": _in_postgres(_rows),
    "snapshots = fold of the log": _in_postgres(snapshots.differences),
    "read models = fold of the log": _read_models,
}


async def verdicts(environment: Environment) -> list[Verdict]:
    """Every invariant of a running shop."""
    return [Verdict(name, await check(environment)) for name, check in CHECKS.items()]

"""That something is handed out whole stands in the log before whoever asked has it, and so in the audit."""

from shared.envelope import Metadata
from write_side import commands, event_log
from write_side.commands import Done
from write_side.database import Connection, Pool
from write_side.event_log import NewEvent, Positions


async def note(pool: Pool, event: NewEvent, cause: Metadata) -> None:
    """An export in the log. There is no row: nothing hangs on it."""

    async def append(conn: Connection) -> tuple[Done, Positions]:
        return Done(changed=True), await event_log.append(conn, [event], cause)

    await commands.run(pool, append)

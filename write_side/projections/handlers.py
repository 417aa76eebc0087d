"""Looking at parked keys, and asking the projector to do something about one."""

from write_side import parked
from write_side.database import Connection
from write_side.parked import ParkedKey, SkippedEvent
from write_side.projections.domain import AnotherEvent, Inspected, NotParked, NotSkipped, Skip, Unskip


async def _found(conn: Connection, read_model: str, key: str) -> ParkedKey:
    found = await parked.find(conn, read_model, key)
    if found is None:
        raise NotParked(f"{key[:200]} is not parked in {read_model[:100]}")
    return found


async def inspect(conn: Connection, read_model: str, key: str) -> Inspected:
    """A parked key with its event; raises `NotParked`."""
    found = await _found(conn, read_model, key)
    return Inspected(found, await parked.event_of(conn, found.position))


async def retry(conn: Connection, read_model: str, key: str) -> ParkedKey:
    """The key after asking for another try; raises `NotParked`."""
    if not await parked.request_retry(conn, read_model, key):
        raise NotParked(f"{key[:200]} is not parked in {read_model[:100]}")
    return await _found(conn, read_model, key)


async def skip(conn: Connection, read_model: str, key: str, command: Skip, actor: str) -> ParkedKey:
    """The key after asking to go on without its event; raises `NotParked`, `AnotherEvent`."""
    found = await _found(conn, read_model, key)
    if not await parked.request_skip(conn, found, command.position, actor, command.reason):
        raise AnotherEvent(f"the event at {found.position} parks this key", position=found.position)
    return await _found(conn, read_model, key)


async def unskip(conn: Connection, read_model: str, key: str, command: Unskip, actor: str) -> SkippedEvent:
    """The skip after asking to take it back; a repeat changes nothing. Raises `NotSkipped`."""
    found = await parked.request_unskip(conn, read_model, key, command.position, actor, command.reason)
    if found is None:
        raise NotSkipped(f"{read_model[:100]} does not go without the event at {command.position} of {key[:200]}")
    return found

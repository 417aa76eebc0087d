"""Reactions: what one context does because another's events say so. They read the log with a checkpoint of their own.

The effect and the checkpoint are one transaction, so a reaction happens exactly once; effects outside Postgres (mail,
Stripe) are written down as rows and carried out by steps. Reactions never run in a rebuild.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from shared.codec import Event, decode_event
from shared.envelope import Metadata, Recorded, metadata_of
from write_side import event_log
from write_side.database import Connection, Pool

BATCH = 10  # events in one transaction: from its first append to its commit the feed waits for it
SCAN = 20_000  # positions looked at in one go when there is nothing to react to

Handle = Callable[[Connection, Recorded, Event], Awaitable[None]]


class Reaction(NamedTuple):
    """A name for ever (its checkpoint's), the tags it reacts to, and the handler that runs in the transaction."""

    name: str
    types: tuple[str, ...]
    handle: Handle


def caused_by(recorded: Recorded, actor: str = "worker") -> Metadata:
    """The metadata of what a reaction does: the same correlation id, the event as the cause."""
    return Metadata(
        actor=actor, correlation_id=metadata_of(recorded).correlation_id, causation_id=recorded.event_id
    )


async def advance(pool: Pool, reaction: Reaction) -> int:
    """React to the next events up to the safe position; answers how many there were.

    Several workers may call it at once: the checkpoint's row lock lets one work and the others skip.
    """
    async with pool.acquire() as conn, conn.transaction():
        at = await _claim(conn, reaction.name)
        if at is None:
            return 0
        until = min(await event_log.safe_position(conn), at + SCAN)
        if until <= at:
            return 0
        events = await event_log.read_types_after(conn, at, until, reaction.types, BATCH)
        for recorded in events:
            await reaction.handle(conn, recorded, decode_event(recorded.type, recorded.payload))
        reached = events[-1].position if len(events) == BATCH else until
        query = "UPDATE reaction_checkpoint SET position = $2 WHERE reaction = $1"
        await conn.execute(query, reaction.name, reached)
        return len(events)


async def _claim(conn: Connection, name: str) -> int | None:
    """The checkpoint, locked until the transaction ends; None while another worker holds it."""
    at: int | None = await conn.fetchval(
        "SELECT position FROM reaction_checkpoint WHERE reaction = $1 FOR UPDATE SKIP LOCKED", name
    )
    if at is None:
        query = "INSERT INTO reaction_checkpoint (reaction, position) VALUES ($1, 0) ON CONFLICT DO NOTHING"
        await conn.execute(query, name)
    return at

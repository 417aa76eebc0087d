"""Reactions: what one context does because another's events say so. They read the log with a checkpoint of their own.

The effect and the checkpoint are one transaction, so a reaction happens exactly once; effects outside Postgres (mail,
Stripe) are written down as rows and carried out by steps. Reactions never run in a rebuild.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, NamedTuple

from shared.codec import Event, decode_events, tag_of
from shared.envelope import Metadata, Recorded
from shared.upcasting import written_as
from write_side import event_log, metrics
from write_side.causes import continuing
from write_side.database import Connection, Pool

log = logging.getLogger(__name__)

BATCH = 10  # events in one transaction: from its first append to its commit the feed waits for it
PAUSE = 0.05
# Of what happens in a rush, and leads to nothing mostly: a look costs about the same for one event as for a hundred.
SELDOM = 0.25
ENOUGH = 0.1  # seconds of one transaction, after which it takes no further event in hand
SCAN = 20_000  # positions looked at in one go when there is nothing to react to

Handle = Callable[[Connection, Recorded, Event, Metadata], Awaitable[bool | None]]
Pick = Callable[[Connection, Sequence[Recorded]], Awaitable[Sequence[Recorded]]]


async def _all(_: Connection, events: Sequence[Recorded]) -> Sequence[Recorded]:
    return events


class Reaction(NamedTuple):
    """A name for ever (its checkpoint's), the tags it reacts to, and the handler that runs in the transaction.

    The metadata that a handler is given are those of what it appends. It answers True where an event leads to more than
    one transaction may hold: then it is given the same event again in the next. Where most events lead to nothing, it
    looks at many of them at once (`looks`), and `pick` says which it reacts to, in their order: so many of them in one
    transaction (`most`), a single one where each locks more than one order. `pause`: seconds from one look to the next.
    """

    name: str
    types: tuple[str, ...]
    handle: Handle
    looks: int = BATCH
    pick: Pick = _all
    most: int = BATCH
    pause: float = PAUSE

    def at_most(self, events: int) -> "Reaction":
        """The same, with no more events in one transaction than so many."""
        return self._replace(looks=min(self.looks, events), most=min(self.most, events))


class Advanced(NamedTuple):
    """How many events there were, and where the reaction stands now: None while another worker holds it."""

    events: int
    at: int | None


async def begin(conn: Connection, all_reactions: Sequence[Reaction], safe: int) -> None:
    """Those without a checkpoint begin at the safe position: an update or a setting brought them, and nobody waits for
    mails of last year, nor for goods sent long ago. (Where that is wrong, a migration gives them another.) In a new
    shop, where none has got anywhere, all begin with the first event."""
    await conn.execute(
        """INSERT INTO reaction_checkpoint (reaction, position)
           SELECT name, CASE WHEN EXISTS (SELECT FROM reaction_checkpoint WHERE position > 0) THEN $2::bigint ELSE 0 END
           FROM unnest($1::text[]) AS n (name) ON CONFLICT DO NOTHING""",
        [each.name for each in all_reactions], safe,
    )  # fmt: skip


async def advance(pool: Pool, reaction: Reaction) -> int:
    """React to the next events up to the safe position; answers how many there were."""
    return (await advance_from(pool, reaction)).events


async def advance_from(pool: Pool, reaction: Reaction) -> Advanced:
    """React to the next events up to the safe position, from wherever the checkpoint stands.

    Several workers may call it at once: the checkpoint's row lock lets one work and the others skip.
    """
    async with pool.acquire() as conn, conn.transaction():
        at = await _claim(conn, reaction.name)
        if at is None:
            return Advanced(0, None)
        safe = await event_log.safe_position(conn)
        lag = Lag(reaction.name, safe)
        lag.tell(at)
        until = await event_log.look_until(conn, at, safe, SCAN)
        if until <= at:
            return Advanced(0, at)
        events = await event_log.read_types_after(conn, at, until, written_as(reaction.types), reaction.looks)
        picked = (await reaction.pick(conn, events))[: reaction.most] if events else []
        reached = events[-1].position if len(events) == reaction.looks else until
        if (ended := await _react_to(conn, reaction, picked)) is not None:
            reached = ended
        query = "UPDATE reaction_checkpoint SET position = $2 WHERE reaction = $1"
        await conn.execute(query, reaction.name, reached)
    lag.tell(reached)
    return Advanced(len(events), reached)


class Lag:
    """How far a reaction is behind: told before the work, which may fail for ever, and after it."""

    _caught_up: ClassVar[dict[str, float]] = {}

    def __init__(self, name: str, safe: int) -> None:
        self._name, self._safe = name, safe
        if name not in self._caught_up:
            self._caught_up[name] = time.monotonic()
            metrics.REACTION_BEHIND.labels(name).set_function(lambda: time.monotonic() - self._caught_up[name])

    def tell(self, at: int) -> None:
        """The reaction stands at this position."""
        metrics.REACTION_LAG.labels(self._name).set(max(0, self._safe - at))
        if at >= self._safe:
            self._caught_up[self._name] = time.monotonic()


async def _react_to(conn: Connection, reaction: Reaction, picked: Sequence[Recorded]) -> int | None:
    """React to one after the other; answers from where on events are left to the next transaction, None: nowhere."""
    began = time.monotonic()
    for n, recorded in enumerate(picked, 1):
        if await _react(conn, reaction, recorded):
            return recorded.position - 1
        if n == reaction.most or time.monotonic() - began > ENOUGH:
            return recorded.position
    return None


async def _react(conn: Connection, reaction: Reaction, recorded: Recorded) -> bool:
    """React to an event; answers whether it leads to more, in another transaction."""
    with continuing(recorded, f"reaction {reaction.name}") as cause:
        fields = {"reaction": reaction.name, "event_type": recorded.type, "position": recorded.position}
        log.info("reacts to an event", extra={"fields": fields})
        try:
            more = [
                await reaction.handle(conn, recorded, event, cause)
                for event in decode_events(recorded.type, recorded.payload)
                if tag_of(type(event)) in reaction.types
            ]
        except Exception:
            log.exception("a reaction failed at an event", extra={"fields": fields})
            raise
    return any(more)


async def _claim(conn: Connection, name: str) -> int | None:
    """The checkpoint, locked until the transaction ends; None while another worker holds it."""
    at: int | None = await conn.fetchval(
        "SELECT position FROM reaction_checkpoint WHERE reaction = $1 FOR UPDATE SKIP LOCKED", name
    )
    if at is None:  # or it has not begun
        query = "INSERT INTO reaction_checkpoint (reaction, position) VALUES ($1, 0) ON CONFLICT DO NOTHING"
        await conn.execute(query, name)
    return at

"""What happened is asked once for all reactions of a worker: most events lead to nothing in most of them, and only
those that something concerns read the log. The others' checkpoints are moved together, in one statement, now and then.

What is known of the log stands up to the safe position, where nothing changes any more; so it may be used later and in
another transaction than it was read in.
"""

import asyncio
import time
from collections.abc import Sequence

from shared.upcasting import written_as
from write_side import event_log
from write_side.database import Connection, Pool
from write_side.reactions import Lag, Reaction, advance_from, begin

CARRY = 1.0  # seconds from one move of the unconcerned to the next
SPAN = 20_000  # positions seen at once, after a time without looks

# A row that another worker holds is left to it; one that it has moved since is looked at as it is now. FOR UPDATE asks
# the conditions of the row that it locks, so that no checkpoint goes back or passes an event.
_MOVE = """UPDATE reaction_checkpoint AS c SET position = $3 FROM (
               SELECT reaction FROM reaction_checkpoint JOIN unnest($1::text[], $2::bigint[]) AS w (reaction, due)
               USING (reaction) WHERE position >= due AND position < $3
               FOR UPDATE OF reaction_checkpoint SKIP LOCKED) AS free
           WHERE c.reaction = free.reaction"""


class Lookout:
    """Of each type of event the last position in (`_floor`, `_seen`], and where each reaction stood when last asked."""

    def __init__(self, pool: Pool, reactions: Sequence[Reaction]) -> None:
        self._pool, self.reactions = pool, reactions
        self._tags = {each.name: written_as(each.types) for each in reactions}
        self.woken = {each.name: asyncio.Event() for each in reactions}
        self._most: dict[str, int] = {}
        self._forget()

    def _forget(self) -> None:
        self._floor = self._seen = -1
        self._last: dict[str, int] = {}
        self._at: dict[str, int] = {}
        self._carried = 0.0

    async def look(self) -> int:
        """Learn what happened since the last time, and move those whom nothing concerned. Answers 0: it can wait."""
        async with self._pool.acquire() as conn:
            safe = await event_log.safe_position(conn)
            if safe < self._seen:  # another history: the store was restored
                self._forget()
            await self._learn(conn, safe)
            self._wake_all()  # they wait for nothing that follows, nor for its failures
            if time.monotonic() - self._carried >= CARRY:
                await self.ask(conn)
                self._wake_all()  # only now it is known where they stand
                await self.move(conn)
                self._carried = time.monotonic()
        self._tell(safe)
        return 0

    async def advance(self, reaction: Reaction) -> int:
        """React to what concerns it; answers how many events there were.

        After a failure one event at a time, so that those before the one that fails are not rolled back with it, then
        twice as many each time, up to what the reaction says.
        """
        if not self._wake(reaction):
            return 0
        most = self._most.pop(reaction.name, reaction.looks)
        try:
            events, at = await advance_from(self._pool, reaction.at_most(most))
        except Exception:
            self._most[reaction.name] = 1
            raise
        if most < reaction.looks:
            self._most[reaction.name] = 2 * most
        if at is not None:
            self._at[reaction.name] = at
        return events

    def concerns(self, reaction: Reaction) -> bool:
        """Whether there may be an event for it behind where it stood. What happened before the first look may be; until
        then it may not have begun."""
        return self._seen >= 0 and self._at.get(reaction.name, -1) < self._due(reaction)

    def _wake_all(self) -> None:
        for reaction in self.reactions:
            self._wake(reaction)

    def _wake(self, reaction: Reaction) -> bool:
        """Whether there is something for it. Its step need not ask: twenty-five of them did, up to twenty times a
        second, a fifth of what an idle worker cost."""
        concerned, woken = self.concerns(reaction), self.woken[reaction.name]
        if concerned:
            woken.set()
        else:
            woken.clear()
        return concerned

    async def ask(self, conn: Connection) -> None:
        """Where all stand: other workers react, too."""
        rows = await conn.fetch("SELECT reaction, position FROM reaction_checkpoint")
        self._at = {row["reaction"]: row["position"] for row in rows}

    async def move(self, conn: Connection) -> None:
        """Those whom nothing concerned stand where all has been seen from now on."""
        free = [each for each in self.reactions if self._due(each) <= self._at.get(each.name, -1) < self._seen]
        if free:
            await conn.execute(_MOVE, [each.name for each in free], list(map(self._due, free)), self._seen)

    def _tell(self, safe: int) -> None:
        for reaction in self.reactions:
            if (at := self._at.get(reaction.name)) is not None:
                Lag(reaction.name, safe).tell(at if self.concerns(reaction) else max(at, self._seen))

    def _due(self, reaction: Reaction) -> int:
        """Where its last event stands, as far as is known: who has got so far has nothing to do up to `_seen`."""
        return max(self._floor, *(self._last.get(tag, 0) for tag in self._tags[reaction.name]))

    async def _learn(self, conn: Connection, safe: int) -> None:
        if self._seen < 0:
            await begin(conn, self.reactions, safe)
            self._floor = self._seen = safe
        elif safe > self._seen:
            until = await event_log.look_until(conn, self._seen, safe, SPAN)
            self._last |= await event_log.latest_of_types(conn, self._seen, until)
            self._seen = until

"""Who did what, from the log: the newest first, of one actor or of all of a kind (decision 51)."""

from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct

from shared.envelope import Recorded, as_json
from write_side import access, event_log, looking_back
from write_side.database import Connection
from write_side.feed import Cursor
from write_side.history.answers import Happened, happened

SCAN = 5_000  # events looked at in one go where hardly any is of the actor
LONGEST_LOOK = 0.5  # seconds; a page may be short, even empty, and yet not the last one
_TOKEN = "token:"


class Deed(Struct, frozen=True):
    """An event, by whom it was caused, and what it is about."""

    event: Happened
    about: Annotated[str, Meta(description="the aggregate: order/<id>; GET /v1/history tells what became of it")]
    actor_name: Annotated[str | None, Meta(description="what the actor's token is called; null for who has none")]


class AuditPage(Struct, frozen=True):
    """What was done, the newest first; `next` goes on with what is older, null where there is nothing more."""

    deeds: list[Deed]
    next: str | None


class Asked(NamedTuple):
    """`actor` as the log spells it, or its beginning and an asterisk; recorded from `since` on and before `until`."""

    actor: str | None
    types: Sequence[str] | None
    since: datetime | None
    until: datetime | None
    cursor: str | None
    limit: int


async def deeds(conn: Connection, asked: Asked) -> AuditPage:
    """A page of what was done; raises `BrokenCursor`, `CursorOfAnotherEpoch`."""
    epoch, safe = await event_log.extent(conn)
    at, lowest = await _span(conn, asked, epoch, safe)
    part = None if asked.actor is None else _as_written(asked.actor)
    wanted = looking_back.Wanted(part, asked.types, asked.since, asked.until)
    found: list[Recorded] = []
    deadline = monotonic() + LONGEST_LOOK
    while at > lowest and len(found) < asked.limit and monotonic() < deadline:
        after, left = await looking_back.look_back(conn, at, lowest, SCAN), asked.limit - len(found)
        page = await looking_back.read_back(conn, at, after, wanted, left)
        found += page
        at = page[-1].position - 1 if len(page) == left else after
    return AuditPage(await _told(conn, found), Cursor(epoch, at).token() if at > lowest else None)


async def _span(conn: Connection, asked: Asked, epoch: int, safe: int) -> tuple[int, int]:
    """From which position on it is looked back, and above which: never less than the times ask for."""
    noted = None if asked.since is None else await event_log.safe_position_at(conn, asked.since)
    lowest = 0 if noted is None else noted[1]  # what was published by then had been recorded before
    if asked.cursor is not None:
        return Cursor.parse(asked.cursor, "?cursor").of(epoch, "?cursor").position, lowest
    return safe if asked.until is None else await looking_back.recorded_by(conn, asked.until, safe), lowest


def _as_written(actor: str) -> bytes:
    """The bytes that stand in the metadata of their events alone: a quote within any other value is escaped."""
    text, asterisk, _ = actor.partition("*")
    written = as_json(text)
    return b'"actor":' + (written[:-1] if asterisk else written)


async def _told(conn: Connection, found: Sequence[Recorded]) -> list[Deed]:
    events = [(one, happened(one)) for one in found]
    actors = {event.actor for _, event in events}
    ids = [UUID(actor.removeprefix(_TOKEN)) for actor in actors if actor.startswith(_TOKEN)]
    names = {f"{_TOKEN}{id_}": name for id_, name in (await access.names_of(conn, ids)).items()}
    return [Deed(event, f"{one.aggregate_type}/{one.aggregate_id}", names.get(event.actor)) for one, event in events]

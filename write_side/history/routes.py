"""History over HTTP, for staff (scope history:read). It shows no personal data: what is sealed is masked."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, PathParameter, QueryParameter

from shared.codec import KNOWN_TYPES
from shared.http.described import Link, leads_to, refuses
from write_side.feed import BrokenCursor as BrokenPlace
from write_side.feed import CursorOfAnotherEpoch, UnknownEventType, tags_of
from write_side.history import audit, handlers, prices
from write_side.history.answers import Differences, EventPage, Explained, SystemPoint, Was
from write_side.history.audit import AuditPage
from write_side.history.domain import (
    LARGEST,
    BrokenCursor,
    BrokenTime,
    NotReachedYet,
    NotThereYet,
    OnePointNeeded,
    Order,
    PointsReversed,
    UnknownFigure,
    UnknownHistory,
    moment,
    point,
)
from write_side.history.kinds import KINDS, NAMES, id_of, kind_of
from write_side.history.prices import ChargedPrice, UnexplainedPrice
from write_side.http import Shown, requires, shown
from write_side.resources import Own

STAFF = [requires("history:read")]
MOST = 500  # versions that a page looks at

KindName = Annotated[str, PathParameter(description="What it is.", schema_extra={"enum": list(KINDS)})]
Name = Annotated[str, PathParameter(description=NAMES)]
Version = Annotated[int | None, QueryParameter(ge=1, le=LARGEST, description="After this event of its own, from 1 on.")]
FirstVersion = Annotated[
    int | None, QueryParameter(ge=0, le=LARGEST, description="After this event; 0: before the first.")
]
Place = Annotated[int | None, QueryParameter(ge=0, le=LARGEST, description="All up to this position of the log.")]
_TIME = {"format": "date-time"}
Time = Annotated[
    str | None,
    QueryParameter(max_length=50, description="All up to this time, with its zone: 2026-11-27T09:30:00Z.",
                   schema_extra=_TIME),
]  # fmt: skip
SystemTime = Annotated[
    str, QueryParameter(max_length=50, description="With its zone: 2026-11-27T09:30:00Z.", schema_extra=_TIME)
]
Ordered = Annotated[Order, QueryParameter(description="Which come first.")]
Cursor = Annotated[str | None, QueryParameter(max_length=100, description="`next` of the page before.")]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST, description="Versions that a page looks at.")]
Places = Annotated[int, QueryParameter(ge=1, le=MOST, description="Places that a page tells.")]
Figure = Annotated[
    str,
    QueryParameter(
        max_length=500, description="JSON pointer into the state, as `changes` names places: /on_hand, /prices/EUR."
    ),
]
_SELF = {"kind": "$request.path.kind", "name": "$request.path.name"}


@get("/v1/history/{kind:str}/{name:str}", guards=STAFF)
@refuses(UnknownHistory, OnePointNeeded, BrokenTime, NotThereYet, NotReachedYet)
async def get_as_of(
    kind: KindName, name: Name, own: Own, version: Version = None, position: Place = None, at: Time = None
) -> Shown[Was]:
    """What it was at a version, a position or a time: at exactly one of them."""
    asked = point(version, position, at)
    found = kind_of(kind)
    async with own.pool.acquire() as conn:
        return shown(await handlers.was(conn, found, await id_of(conn, found, name), asked))


@get("/v1/history/{kind:str}/{name:str}/events", guards=STAFF)
@refuses(UnknownHistory, BrokenCursor)
@leads_to(Link("get_history_events", {**_SELF, "cursor": "/next"}))
async def get_history_events(
    kind: KindName, name: Name, own: Own, order: Ordered = "oldest", cursor: Cursor = None, limit: Limit = 100
) -> Shown[EventPage]:
    """All that happened to it, page by page."""
    found = kind_of(kind)
    async with own.pool.acquire() as conn:
        return shown(await handlers.events(conn, found, await id_of(conn, found, name), order, cursor, limit))


@get("/v1/history/{kind:str}/{name:str}/changes", guards=STAFF)
@refuses(UnknownHistory, OnePointNeeded, BrokenTime, NotThereYet, NotReachedYet, PointsReversed, BrokenCursor)
@leads_to(
    Link("get_changes", {**_SELF, "from_version": "/from_version", "to_version": "/to_version", "cursor": "/next"})
)
async def get_changes(
    kind: KindName, name: Name, own: Own, from_version: FirstVersion = None, from_position: Place = None,
    from_at: Time = None, to_version: Version = None, to_position: Place = None, to_at: Time = None,
    cursor: Cursor = None, limit: Places = 100,
) -> Shown[Differences]:  # fmt: skip
    """What changed between two moments, place by place and page by page: before, after, and by which event.

    Exactly one of `from_version`, `from_position`, `from_at`, and exactly one of `to_version`, `to_position`, `to_at`.
    """
    first = point(from_version, from_position, from_at, prefix="from_")
    second = point(to_version, to_position, to_at, prefix="to_")
    found = kind_of(kind)
    async with own.pool.acquire() as conn:
        id_ = await id_of(conn, found, name)
        return shown(await handlers.differences(conn, found, id_, first, second, cursor, limit))


@get("/v1/history/{kind:str}/{name:str}/explanation", guards=STAFF)
@refuses(UnknownHistory, UnknownFigure, BrokenCursor)
@leads_to(Link("get_explanation", {**_SELF, "figure": "/figure", "cursor": "/next"}))
async def get_explanation(
    kind: KindName, name: Name, own: Own, figure: Figure, order: Ordered = "oldest", cursor: Cursor = None,
    limit: Limit = 100,
) -> Shown[Explained]:  # fmt: skip
    """Why a figure is what it is: each event that moved it, by how much, to what, when, by whom and what for."""
    found = kind_of(kind)
    async with own.pool.acquire() as conn:
        id_ = await id_of(conn, found, name)
        return shown(await handlers.explained(conn, found, id_, figure, order, cursor, limit))


@get("/v1/charged-prices/{order_name:str}/{sku:str}", guards=STAFF)
@refuses(UnknownHistory, UnknownFigure, UnexplainedPrice)
async def get_charged_price(order_name: Name, sku: FromPath[str], own: Own) -> Shown[ChargedPrice]:
    """Why an order line costs what it does: the price in force when it was quoted, the quote, the order."""
    async with own.pool.acquire() as conn:
        return shown(await prices.charged(conn, await id_of(conn, KINDS["order"], order_name), sku))


Actor = Annotated[
    str | None,
    QueryParameter(
        pattern=r"^[^*]+\*?$", max_length=200,
        description="As events name them: token:<id>, account:<id>, guest, worker, cli, stripe; "
        "or what they begin with: `token:*`.",
    ),
]  # fmt: skip
Types = Annotated[
    str | None,
    QueryParameter(max_length=4000, description="Comma-separated: whole types, or `orders.*`. Left out: all."),
]
Deeds = Annotated[int, QueryParameter(ge=1, le=MOST, description="Events per page, at most.")]


@get("/v1/audit", guards=STAFF)
@refuses(BrokenPlace, CursorOfAnotherEpoch, UnknownEventType, BrokenTime)
@leads_to(Link("get_audit", {"cursor": "/next"}))
async def get_audit(
    own: Own, actor: Actor = None, types: Types = None, since: Time = None, until: Time = None,
    cursor: Cursor = None, limit: Deeds = 100,
) -> Shown[AuditPage]:  # fmt: skip
    """Who did what, from the log, the newest first: every command that changed anything, by its event.

    A refused command changed nothing, and stands in the process's log, not here.

    A page may hold fewer events than the limit, even none, without being the last: `next` tells.
    """
    tags = tags_of(types.split(","), KNOWN_TYPES, "?types") if types is not None else None
    first = moment(since, "?since") if since is not None else None
    last = moment(until, "?until") if until is not None else None
    async with own.pool.acquire() as conn:
        return shown(await audit.deeds(conn, audit.Asked(actor, tags, first, last, cursor, limit)))


@get("/v1/positions", guards=STAFF)
@refuses(BrokenTime, NotReachedYet, NotThereYet)
async def get_position_at(own: Own, at: SystemTime) -> Shown[SystemPoint]:
    """How far the log was complete at a time. Ask for each thing as of this position: together they are the system."""
    asked = moment(at, "?at")
    async with own.pool.acquire() as conn:
        return shown(await handlers.system_at(conn, asked))


routes = [get_as_of, get_history_events, get_changes, get_explanation, get_charged_price, get_audit, get_position_at]

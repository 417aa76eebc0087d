"""The log for others over HTTP (scope events:read; with events:read_personal personal data is in the clear)."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from shared.codec import KNOWN_TYPES
from shared.http.described import Link, leads_to, refuses
from shared.http.problems import not_found
from write_side.customers import KeyringUnavailable
from write_side.feed import asyncapi
from write_side.feed.domain import BrokenCursor, CursorOfAnotherEpoch, UnknownEventType, tags_of
from write_side.feed.handlers import EventPage, Wanted
from write_side.feed.watch import TooManyWaiting
from write_side.http import Shown, may, requires, shown
from write_side.resources import Own

MOST_EVENTS = 1000
LONGEST_WAIT = 10  # seconds: less than a stopping process has left to answer what is under way

After = Annotated[
    str | None,
    QueryParameter(
        max_length=100,
        description="`next` of the page before, or the cursor of an event. Left out: from the first event on; "
        "`latest`: only what comes from now on.",
    ),
]
Types = Annotated[
    str | None,
    QueryParameter(
        max_length=4000, description="Comma-separated: whole types, or what they begin with: `orders.*`. Left out: all."
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST_EVENTS, description="Events per page, at most.")]
Wait = Annotated[
    int, QueryParameter(ge=0, le=LONGEST_WAIT, description="Seconds to wait for an event where there is none yet.")
]


@get("/v1/events", guards=[requires("events:read")])
@refuses(BrokenCursor, CursorOfAnotherEpoch, UnknownEventType, TooManyWaiting, KeyringUnavailable)
@leads_to(Link("get_events", {"after": "/next"}))
async def get_events(
    request: Request[Any, Any, Any],
    own: Own,
    after: After = None,
    types: Types = None,
    limit: Limit = 100,
    wait: Wait = 0,
) -> Shown[EventPage]:
    """The log in order, without a hole: the events behind a cursor, as CloudEvents. Ask again with `after` = `next`.

    A page may hold fewer events than the limit, even none, without being the last: `caught_up` tells. Personal data is
    left out, unless the token has the scope events:read_personal as well.
    """
    tags = tags_of(types.split(","), KNOWN_TYPES, "?types") if types is not None else None
    wanted = Wanted(after, tags, limit, wait, personal=may(request, "events:read_personal"))
    return shown(await own.feed.page(wanted))


def schema_routes() -> list[HTTPRouteHandler]:
    """The AsyncAPI document and the schema of each event's data, beside the OpenAPI document and as open."""
    document = msgspec.json.encode(asyncapi.document())
    encoded = {tag: msgspec.json.encode(schema) for tag, schema in asyncapi.schemas().items()}

    @get("/schema/asyncapi.json", include_in_schema=False, sync_to_thread=False)
    def get_asyncapi() -> Response[bytes]:
        """All events there are, and the ways to be told of them."""
        return Response(document, media_type="application/vnd.aai.asyncapi+json;version=3.0.0")

    @get("/schema/events/{file:str}", include_in_schema=False, sync_to_thread=False)
    def get_event_schema(file: FromPath[str]) -> Response[bytes]:
        """`orders.order_placed.v1.json`: what stands in `data`."""
        found = encoded.get(file.removesuffix(".json"))
        if found is None or not file.endswith(".json"):
            raise not_found("event type")
        return Response(found, media_type="application/schema+json")

    return [get_asyncapi, get_event_schema]


routes = [get_events, *schema_routes()]

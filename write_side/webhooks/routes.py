"""Webhook endpoints over HTTP (scopes webhooks:read and webhooks:write).

No Idempotency-Key: an answer with a secret in it is not to be kept.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from shared.http.described import Link, leads_to, refuses
from write_side.feed import BrokenCursor, CursorOfAnotherEpoch, UnknownEventType
from write_side.http import Answered, Shown, answered, cause, check_scope, may, requires, shown
from write_side.if_match import IfMatch, Tagged, expected_version, tagged
from write_side.resources import Own
from write_side.webhooks import handlers, showing
from write_side.webhooks.addresses import BrokenUrl, ForbiddenAddress
from write_side.webhooks.domain import (
    LONGEST_OVERLAP,
    Endpoint,
    EndpointInput,
    PersonalScopeRequired,
    TooManyEndpoints,
    UnknownEndpoint,
)
from write_side.webhooks.handlers import EndpointWithSecret
from write_side.webhooks.showing import (
    Again,
    BrokenRange,
    DeliveryList,
    EndpointList,
    EndpointShown,
    RangeTooLong,
    SentAgain,
    UnknownEvent,
)

READ, WRITE = [requires("webhooks:read")], [requires("webhooks:write")]
EVENTS, PERSONAL = "events:read", "events:read_personal"
Call = Request[Any, Any, Any]

_TO_ONE = tuple(
    Link(name, {"endpoint_id": "/endpoint/id"})
    for name in ("get_endpoint", "put_endpoint", "post_disable", "post_enable", "post_secret", "get_deliveries")
)
State = Annotated[
    Literal["due", "delivered", "given_up"] | None, QueryParameter(name="state", description="Only these.")
]
Before = Annotated[int | None, QueryParameter(ge=1, le=2**62, description="`next` of the page before.")]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Deliveries per page.")]


class Enabling(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"skip": false}`; with `skip` what happened while it was disabled is left out."""

    skip: bool = False


class Rotation(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"overlap_seconds": 86400}`; so long the old secret is signed with as well."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=LONGEST_OVERLAP)] = 86_400


@post("/v1/webhook-endpoints", guards=WRITE)
@refuses(BrokenUrl, ForbiddenAddress, UnknownEventType, TooManyEndpoints, PersonalScopeRequired)
@leads_to(*_TO_ONE)
async def post_endpoint(request: Call, data: JSONBody[EndpointInput], own: Own) -> Answered[EndpointWithSecret]:
    """Have webhooks sent to an address from now on. The answer shows the secret that they are signed with, once."""
    _check(request, data, own)
    return answered(request, await handlers.create_endpoint(own.pool, own.settings, data, cause(request)), 201)


@get("/v1/webhook-endpoints", guards=READ)
async def get_endpoints(own: Own) -> Shown[EndpointList]:
    """All endpoints, and how telling them goes."""
    return shown(await showing.endpoints(own.pool))


@get("/v1/webhook-endpoints/{endpoint_id:uuid}", guards=READ)
@refuses(UnknownEndpoint)
@leads_to(Link("put_endpoint", {"endpoint_id": "/endpoint/id", "If-Match": "$response.header.ETag"}))
async def get_endpoint(endpoint_id: FromPath[UUID], own: Own) -> Tagged[EndpointShown]:
    """An endpoint and how telling it goes, with the ETag that If-Match asks for."""
    found = await showing.endpoint(own.pool, endpoint_id)
    return tagged(found, found.endpoint.version)


@put("/v1/webhook-endpoints/{endpoint_id:uuid}", guards=WRITE)
@refuses(UnknownEndpoint, BrokenUrl, ForbiddenAddress, UnknownEventType, PersonalScopeRequired)
async def put_endpoint(
    request: Call, endpoint_id: FromPath[UUID], data: JSONBody[EndpointInput], own: Own, if_match: IfMatch = None
) -> Answered[Endpoint]:
    """Replace what is said of an endpoint; If-Match names the version that was read."""
    expected = expected_version(if_match, required=True)
    _check(request, data, own)
    return answered(request, await handlers.revise_endpoint(own.pool, endpoint_id, data, expected, cause(request)))


@delete("/v1/webhook-endpoints/{endpoint_id:uuid}", status_code=200, guards=WRITE)
@refuses(UnknownEndpoint)
async def delete_endpoint(request: Call, endpoint_id: FromPath[UUID], own: Own) -> Answered[Endpoint]:
    """Send nothing there any more, and forget its secrets and the log of its deliveries."""
    return answered(request, await handlers.delete_endpoint(own.pool, endpoint_id, cause(request)))


@post("/v1/webhook-endpoints/{endpoint_id:uuid}/disable", status_code=200, guards=WRITE)
@refuses(UnknownEndpoint)
async def post_disable(request: Call, endpoint_id: FromPath[UUID], own: Own) -> Answered[Endpoint]:
    """Send nothing there for now; what happens meanwhile is kept. A repeat changes nothing."""
    return answered(request, await handlers.disable_endpoint(own.pool, endpoint_id, cause(request)))


@post("/v1/webhook-endpoints/{endpoint_id:uuid}/enable", status_code=200, guards=WRITE)
@refuses(UnknownEndpoint)
async def post_enable(
    request: Call, endpoint_id: FromPath[UUID], data: JSONBody[Enabling], own: Own
) -> Answered[Endpoint]:
    """Go on where it stopped, or behind all that happened meanwhile. A repeat changes nothing."""
    return answered(request, await handlers.enable_endpoint(own.pool, endpoint_id, data.skip, cause(request)))


@post("/v1/webhook-endpoints/{endpoint_id:uuid}/secret", status_code=200, guards=WRITE)
@refuses(UnknownEndpoint)
async def post_secret(
    request: Call, endpoint_id: FromPath[UUID], data: JSONBody[Rotation], own: Own
) -> Answered[EndpointWithSecret]:
    """A new secret, shown once; the old one is signed with as well until the overlap is over."""
    overlap = timedelta(seconds=data.overlap_seconds)
    answer = await handlers.rotate_secret(own.pool, own.settings, endpoint_id, overlap, cause(request))
    return answered(request, answer)


@get("/v1/webhook-endpoints/{endpoint_id:uuid}/deliveries", guards=READ)
@refuses(UnknownEndpoint)
async def get_deliveries(
    endpoint_id: FromPath[UUID], own: Own, only: State = None, before: Before = None, limit: Limit = 20
) -> Shown[DeliveryList]:
    """What was sent and how each try went, the newest first; of the last 30 days."""
    return shown(await showing.log_of(own.pool, endpoint_id, only, before, limit))


@post("/v1/webhook-endpoints/{endpoint_id:uuid}/redeliveries", status_code=200, guards=WRITE)
@refuses(UnknownEndpoint, UnknownEvent, BrokenRange, RangeTooLong, BrokenCursor, CursorOfAnotherEpoch, UnknownEventType)
async def post_redelivery(
    request: Call, endpoint_id: FromPath[UUID], data: JSONBody[Again], own: Own
) -> Answered[SentAgain]:
    """Send one event, or a range of up to 1,000 that the endpoint is told of, (once more): under the same ids."""
    return answered(request, await showing.send_again(own.pool, own.settings, endpoint_id, data))


def _check(request: Call, wanted: EndpointInput, own: Own) -> None:
    """What can be told of an endpoint without asking anybody. Nobody has events sent who may not read them."""
    check_scope(request, EVENTS)
    if wanted.personal and not may(request, PERSONAL):
        raise PersonalScopeRequired(f"personal data needs the scope {PERSONAL}", required_scope=PERSONAL)
    handlers.check(wanted, own.settings)


routes = [
    post_endpoint, get_endpoints, get_endpoint, put_endpoint, delete_endpoint, post_disable, post_enable, post_secret,
    get_deliveries, post_redelivery,
]  # fmt: skip

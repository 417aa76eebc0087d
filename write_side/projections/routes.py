"""Parked keys over HTTP (scopes projections:read, projections:write). What is asked for is recorded at once, and the
projector does it within a second: the key is then gone from the list, or stands there with one try more."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, PathParameter

from shared.http.described import Link, leads_to, refuses
from write_side import parked
from write_side.http import Shown, actor_of, requires, shown
from write_side.parked import ParkedKey, SkippedEvent
from write_side.projections import handlers
from write_side.projections.domain import (
    AnotherEvent,
    Inspected,
    NotParked,
    NotSkipped,
    ParkedKeys,
    Skip,
    SkippedEvents,
    Unskip,
)
from write_side.resources import Own

READ = [requires("projections:read")]
WRITE = [requires("projections:write")]
Call = Request[Any, Any, Any]
Model = Annotated[str, PathParameter(description="A read model with its version: stock_level:v1.")]
_IT = {"read_model": "$request.path.read_model", "key": "$request.path.key"}


@get("/v1/projections/parked", guards=READ)
async def get_parked(own: Own) -> Shown[ParkedKeys]:
    """Keys whose events wait because one of them can't be applied, with its error and how often it was tried."""
    async with own.pool.acquire() as conn:
        return shown(ParkedKeys(await parked.all_parked(conn)))


@get("/v1/projections/parked/{read_model:str}/{key:str}", guards=READ)
@refuses(NotParked)
@leads_to(Link("post_retry", _IT), Link("post_skip", _IT, body={"position": "/parked/position"}))
async def get_parked_key(read_model: Model, key: FromPath[str], own: Own) -> Shown[Inspected]:
    """One of them, with its event as the log has it; personal data is left out."""
    async with own.pool.acquire() as conn:
        return shown(await handlers.inspect(conn, read_model, key))


@post("/v1/projections/parked/{read_model:str}/{key:str}/retry", status_code=202, guards=WRITE)
@refuses(NotParked)
async def post_retry(read_model: Model, key: FromPath[str], own: Own) -> Shown[ParkedKey]:
    """Try again, once the cause is mended: the key is folded anew from its first event. May be repeated."""
    async with own.pool.acquire() as conn:
        return shown(await handlers.retry(conn, read_model, key), 202)


@post("/v1/projections/parked/{read_model:str}/{key:str}/skip", status_code=202, guards=WRITE)
@refuses(NotParked, AnotherEvent)
async def post_skip(
    request: Call, read_model: Model, key: FromPath[str], data: JSONBody[Skip], own: Own
) -> Shown[ParkedKey]:
    """Go on without the event: no version of the read model applies it. Who said so, and why, is kept."""
    async with own.pool.acquire() as conn:
        return shown(await handlers.skip(conn, read_model, key, data, actor_of(request)), 202)


@get("/v1/projections/skipped", guards=READ)
async def get_skipped(own: Own) -> Shown[SkippedEvents]:
    """What read models go or went without, by whose word, and why; and who took that back."""
    async with own.pool.acquire() as conn:
        return shown(SkippedEvents(await parked.all_skipped(conn)))


@post("/v1/projections/skipped/{read_model:str}/{key:str}/unskip", status_code=202, guards=WRITE)
@refuses(NotSkipped)
async def post_unskip(
    request: Call, read_model: Model, key: FromPath[str], data: JSONBody[Unskip], own: Own
) -> Shown[SkippedEvent]:
    """Take a skip back: every version of the read model applies the event, and the key is folded anew. If it still
    can't be applied, the key is parked again. Who said so, and why, is kept."""
    async with own.pool.acquire() as conn:
        return shown(await handlers.unskip(conn, read_model, key, data, actor_of(request)), 202)


routes = [get_parked, get_parked_key, post_retry, post_skip, get_skipped, post_unskip]

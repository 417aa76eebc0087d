"""OWASP API9: what is served is documented, and what is documented is served. Only /metrics is in no document."""

import re
from typing import Any

import httpx
import pytest

from read_side.app import create_app as create_query_api
from shared.settings import Settings
from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.security.routes import litestar_of, routes_of
from write_side.app import create_app

APPS = {"write": create_app(Settings.read(NOWHERE)), "read": create_query_api(Settings.read(NOWHERE))}
UNDOCUMENTED = {"GET /metrics"}


async def documented(client: httpx.AsyncClient) -> set[str]:
    paths = (await client.get("/schema/openapi.json")).json()["paths"]
    return {f"{method.upper()} {path}" for path, item in paths.items() for method in item if method != "parameters"}


async def test_every_route_is_in_the_document_and_nothing_else_is(
    api: httpx.AsyncClient, query: httpx.AsyncClient
) -> None:
    for client, app in ((api, APPS["write"]), (query, APPS["read"])):
        served, told = {route.name for route in routes_of(app)}, await documented(client)
        assert served - told == UNDOCUMENTED
        assert told <= served


@pytest.mark.parametrize("app", APPS.values(), ids=list(APPS))
def test_no_path_is_served_that_is_no_route(app: Any) -> None:
    """Mounted apps, websockets, static files, a debugger: there is none of it."""
    others = [route for route in litestar_of(app).routes if not hasattr(route, "route_handlers")]
    assert others == []
    paths = {route.path for route in litestar_of(app).routes}
    assert all(re.match(r"/(v1/|health/|metrics$|schema)", path) for path in paths), paths
    assert not litestar_of(app).debug


FORGOTTEN = ["/v2/carts", "/v1/internal", "/admin", "/debug", "/docs", "/redoc", "/swagger", "/openapi.json", "/.env",
             "/.git/config", "/server-status", "/actuator", "/graphql", "/static/", "/v1/simulator/state"]  # fmt: skip


@pytest.mark.parametrize("path", FORGOTTEN)
async def test_what_scanners_look_for_is_not_there(api: httpx.AsyncClient, query: httpx.AsyncClient, path: str) -> None:
    for client in (api, query):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_route")

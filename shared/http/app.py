"""Building an API with the conventions both sides share: one function."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from litestar import Litestar, MediaType, Request, Response, get
from litestar.di import Provide
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ControllerRouterHandler
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from shared.http import correlation, openapi
from shared.http.cors import Cors
from shared.http.described import Json
from shared.http.frame import OUTCOME, Frame, Prompt
from shared.http.health import Check, health_routes
from shared.http.measures import Measures
from shared.http.openapi_page import schema_routes
from shared.http.operations import operations_of
from shared.http.problems import MEDIA_TYPE, Kind
from shared.http.refusals import Mapped, problem_of
from shared.http.requests import StrictRequest, before, lenient_bodies

LARGEST_BODY = 1_000_000  # bytes

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def build_app(
    routes: Sequence[ControllerRouterHandler],
    *,
    title: str,
    description: str,
    origins: Sequence[str] = (),
    checks: Mapping[str, Check] | None = None,
    lifespan: Sequence[Lifespan] = (),
    dependencies: Mapping[str, Provide] | None = None,
    problems: Mapped | None = None,
    refusals: Sequence[Kind] = (),
    credentials: Mapping[str, Json] | None = None,
    front: Callable[[ASGIApp], Prompt] | None = None,
    measures: Measures | None = None,
    largest_body: int = LARGEST_BODY,
    body_seconds: Mapping[str, float] | None = None,
) -> ASGIApp:
    """The ASGI app to serve.

    `problems` maps exceptions of the application to problems; `front` may answer some paths ahead of Litestar, inside
    the same frame. What `lifespan` opens it puts into `app.state`, where routes and dependencies find it. `refusals`
    are what any of the routes may say, `credentials` OpenAPI's security schemes besides the bearer token;
    `body_seconds` the paths that read long bodies piece by piece, and how long these may take.
    """
    measures = measures or Measures()
    litestar = Litestar(
        [*routes, *health_routes(checks or {}), *schema_routes(), _metrics_route(measures)],
        openapi_config=None,
        exception_handlers={Exception: _answering(problems or {})},
        before_request=before,
        dependencies=dict(dependencies or {}),
        lifespan=list(lifespan),
        request_class=StrictRequest,
        request_max_body_size=largest_body,
        logging_config=None,
    )
    if lenient := lenient_bodies(litestar):
        raise ImproperlyConfiguredException(f"bodies that would swallow unknown fields: {', '.join(lenient)}")
    shared = {route.fn: tuple(refusals) for route in routes if isinstance(route, HTTPRouteHandler)}
    operations = operations_of(litestar, shared)
    litestar.state.openapi = openapi.document(title, description, operations, credentials or {})
    if front is None:
        return Frame(litestar, Cors(origins), measures, problems, body_seconds=body_seconds)
    ahead = front(litestar)
    return Frame(ahead, Cors(origins), measures, problems, ahead.at_once, body_seconds)


def _answering(problems: Mapped) -> Callable[[Any, Exception], Response[bytes]]:
    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        problem = problem_of(error, problems)
        request.scope[OUTCOME] = problem.code  # type: ignore[literal-required]  # ours, beside ASGI's
        return Response(
            problem.body(correlation.request_id()),
            status_code=problem.status,
            media_type=MEDIA_TYPE,
            headers={**problem.headers, "Cache-Control": "no-store"},
        )

    return answer


def _metrics_route(measures: Measures) -> HTTPRouteHandler:
    @get("/metrics", media_type=MediaType.TEXT, include_in_schema=False, sync_to_thread=False)
    def metrics() -> Response[bytes]:
        """For Prometheus."""
        return Response(measures.exposition(), headers={"content-type": CONTENT_TYPE_PLAIN_0_0_4})

    return metrics

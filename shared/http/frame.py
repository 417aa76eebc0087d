"""The frame around an API: what every answer gets, whichever code gives it.

Litestar runs no middleware for paths it doesn't know and has no say over what is answered in front of it, so
correlation, CORS, metrics, access log and the last net under errors stand outside of it.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import NamedTuple, Protocol, TypeAlias

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from shared.http import correlation, tracing
from shared.http.cors import Cors
from shared.http.measures import Measures
from shared.http.problems import BUSY
from shared.http.refusals import Mapped, problem_of
from shared.http.replies import Outgoing, header, send_problem
from shared.http.slashes import keep_apart
from shared.http.slow_bodies import BODY_SECONDS, within

access = logging.getLogger("doorbuster.access")
# Bytes that never change: no browser is to guess at types, and nobody need know what serves us.
ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"server", b"doorbuster"))
UNKNOWN_ROUTE = "unmatched"  # all unknown paths are one series, or scanners would fill the memory
OUTCOME = "doorbuster.outcome"  # in the scope of a refused request: the problem's code
_UNTRACED = ("/health/", "/metrics")  # asked every few seconds, of no order

Soon: TypeAlias = Callable[[], Awaitable[Outgoing]]  # to be called: what is missing is read then
# The answer to a GET where all that it needs is at hand, or nearly; None: the app answers, or refuses.
AtOnce: TypeAlias = Callable[[HTTPScope], Outgoing | Soon | None]


class Prompt(Protocol):
    """An app that can say some things at once."""

    def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> Awaitable[None]: ...

    def at_once(self, scope: HTTPScope, /) -> Outgoing | Soon | None:
        """See `AtOnce`."""


class Frame:
    """An ASGI app around another. What that one can say at once is sent without a coroutine of anybody's in between."""

    def __init__(
        self,
        app: ASGIApp,
        cors: Cors,
        measures: Measures,
        problems: Mapped | None = None,
        at_once: AtOnce | None = None,
        body_seconds: Mapping[str, float] | None = None,
    ) -> None:
        """`body_seconds`: paths whose bodies may take longer than others."""
        self._inner = _Inner(app, at_once or _never, problems or {}, body_seconds or {})
        self._cors = cors
        self._measures = measures

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != ScopeType.HTTP:
            return self._inner.app(scope, receive, send)
        keep_apart(scope)
        exchange = _Exchange(self._cors, self._measures, scope, send)
        if tracing.enabled() and not scope["path"].startswith(_UNTRACED):
            return exchange.run_traced(self._inner, receive)
        return exchange.run(self._inner, receive)


class _Inner(NamedTuple):
    """What the frame stands around."""

    app: ASGIApp
    at_once: AtOnce
    problems: Mapped
    body_seconds: Mapping[str, float]


def _never(_scope: HTTPScope) -> None:
    return None


class _Exchange:
    """One request and its answer."""

    __slots__ = ("_added", "_cors", "_measures", "_method", "_origin", "_scope", "_send", "_started", "_status")

    def __init__(self, cors: Cors, measures: Measures, scope: HTTPScope, send: Send) -> None:
        self._cors, self._measures, self._scope, self._send = cors, measures, scope, send
        self._started = perf_counter()
        self._method = scope["method"]
        self._status = 0
        self._origin = header(scope, b"origin")
        correlation_id = correlation.accepted(header(scope, correlation.HEADER))
        correlation.set_current(correlation_id)
        self._added = [(correlation.HEADER, correlation_id.encode()), *ALWAYS, *cors.headers(self._origin)]

    async def run(self, inner: _Inner, receive: Receive) -> None:
        if self._method == "HEAD":  # answered as GET, sent without the body: the same headers by construction
            self._scope["method"] = "GET"
        elif self._method != "GET":
            receive = within(receive, inner.body_seconds.get(self._scope["path"], BODY_SECONDS))
        try:
            if self._origin is not None and self._is_preflight():
                await self._answer_preflight()
            elif (said := inner.at_once(self._scope)) is not None:
                await self._say(said if isinstance(said, Outgoing) else await said())
            else:
                await inner.app(self._scope, receive, self.send)
        except Exception as error:
            if self._status:  # the answer is under way: only the log can be told
                logging.getLogger(__name__).exception("failed while answering")
                raise
            await self._refuse(error, inner.problems)
        finally:
            self._account()

    async def _say(self, said: Outgoing) -> None:
        self._status = said.status
        said.headers += self._added
        await self._send({"type": "http.response.start", "status": said.status, "headers": said.headers})
        body = b"" if self._method == "HEAD" else said.body
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def _refuse(self, error: Exception, problems: Mapped) -> None:
        # Apart, since a frame that an error went through must not name it: the two would keep each other, and with them
        # `receive`, until the garbage is collected. Granian closes a connection when nobody can receive from it.
        problem = problem_of(error, problems)
        self._scope[OUTCOME] = problem.code  # type: ignore[literal-required]  # ours, beside ASGI's
        await send_problem(self.send, problem)

    async def run_traced(self, inner: _Inner, receive: Receive) -> None:
        """The same within a span, which goes on with the trace that the client names."""
        given = header(self._scope, b"traceparent")
        parent = None if given is None else tracing.accepted(given.decode("latin-1"))
        with tracing.span(self._method, parent=parent, kind="server") as span:
            await self.run(inner, receive)
            route = self._scope.get("path_template") or UNKNOWN_ROUTE
            span.tell(
                {
                    "http.request.method": self._method,
                    "http.route": route,
                    "http.response.status_code": self._status,
                    "doorbuster.correlation_id": correlation.current(),
                },
                name=f"{self._method} {route}",
                failed=self._status >= 500,
            )

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [*message["headers"], *self._added]
        elif self._method == "HEAD" and message["type"] == "http.response.body":
            message["body"] = b""
        await self._send(message)

    def _is_preflight(self) -> bool:
        return self._method == "OPTIONS" and header(self._scope, b"access-control-request-method") is not None

    async def _answer_preflight(self) -> None:
        asked = header(self._scope, b"access-control-request-headers") or b""
        self._scope["path_template"] = "preflight"
        self._added = [self._added[0], *ALWAYS, *self._cors.preflight(self._origin or b"", asked)]
        await self.send({"type": "http.response.start", "status": 204, "headers": []})
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    def _account(self) -> None:
        seconds = perf_counter() - self._started
        method, route = self._method, self._scope.get("path_template") or UNKNOWN_ROUTE
        self._measures.answered(method, route, self._status, self._scope.get(OUTCOME), seconds)  # type: ignore[arg-type]
        level = _level(method, self._status, self._scope.get(OUTCOME))  # type: ignore[arg-type]
        if access.isEnabledFor(level):  # the template, never the path or the query: those may hold tokens
            fields = {"method": method, "route": route, "status": self._status, "ms": round(seconds * 1000, 2)}
            access.log(level, "request", extra={"fields": fields})


def _level(method: str, status: int, code: str | None) -> int:
    """Commands and refusals stand in the log. Queries that were answered are many, and change nothing: a line would
    cost more than the answer. They are counted, and told at DEBUG; so are those who were told to come again because
    the shop is full."""
    if code == BUSY.code:
        return logging.DEBUG
    if status >= 500:
        return logging.ERROR
    return logging.DEBUG if method in ("GET", "HEAD") and 0 < status < 400 else logging.INFO

"""Admission: an ASGI app ahead of another that lets in as many as can be served in time, and tells the others 503."""

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import TypeVar

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, ReceiveMessage, Scope, Send
from prometheus_client import Counter, Gauge

from shared.http import frame
from shared.http.app import LARGEST_BODY
from shared.http.doors import Doors, Full, Rank, Size
from shared.http.problems import BUSY, TOO_MANY_REQUESTS
from shared.http.rates import Rates
from shared.http.replies import Outgoing, header

RETRY_AFTER = 1  # seconds

Served = TypeVar("Served")

INSIDE = Gauge("http_admitted", "Requests being served", ["doors"])
WAITING = Gauge("http_waiting", "Requests that wait to be served", ["doors"])
SHED = Counter("http_shed", "Requests that were told to come again, before anything was done for them", ["doors"])

# Which doors a request goes through, and its rank; None: it is always let in.
Way = tuple[str, Rank] | None
Ways = Callable[[str, str], Way]  # (method, path)


class Admission:
    """Around an API. Each of its doors has a line of its own: what hangs behind one holds up nobody at another. Before
    any of them, whoever asks faster than one client may is told so."""

    def __init__(
        self,
        app: ASGIApp,
        ways: Ways,
        sizes: Mapping[str, Size],
        rates: Rates,
        at_once: frame.AtOnce | None = None,
        streamed: Collection[str] = (),
        signed: Mapping[str, str] | None = None,
    ) -> None:
        """Behind the doors `streamed` bodies are read inside, piece by piece, once it is known who sends them. What
        is told at the paths `signed` is not counted, as few addresses tell all of it; but what the app refuses there
        is, apart from what else its client asks, unless by the code beside the path: who hears that did sign."""
        self._app, self._ways, self._rates, self._at_once = app, ways, rates, at_once
        self._streamed, self._signed, self._unsigned = streamed, signed or {}, rates.apart()
        self.doors = {name: Doors(size) for name, size in sizes.items()}
        for name, doors in self.doors.items():
            INSIDE.labels(name).set_function(lambda doors=doors: sum(doors.inside))  # type: ignore[misc]
            WAITING.labels(name).set_function(lambda doors=doors: doors.waiting)  # type: ignore[misc]

    def at_once(self, scope: HTTPScope) -> Outgoing | frame.Soon | None:
        """What `at_once` of the app says. At once it needs no place, as nobody waits for it, and costs less than a
        refusal; what comes soon needs one. Who asks too fast goes the usual way, to be told so."""
        said = None if self._at_once is None else self._at_once(scope)
        if said is None or self._rates.wait(scope):
            return None
        if isinstance(said, Outgoing):
            return said
        way = self._ways(scope["method"], scope["path"])
        return said if way is None else partial(self._inside, way, said)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        way = self._ways(scope["method"], scope["path"]) if scope["type"] == ScopeType.HTTP else None
        if way is None or scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        signed = scope["path"] in self._signed
        if wait := self._unsigned.wait(scope, takes=0) if signed else self._rates.wait(scope):
            raise TOO_MANY_REQUESTS.problem(headers={"Retry-After": str(wait)}, retryable=True)
        if scope["method"] != "GET" and way[0] not in self._streamed and _may_come(scope):
            receive = await _arrived(receive)
        send = self._counting(scope, send) if signed else send
        await self._inside(way, partial(self._app, scope, receive, send))

    def _counting(self, scope: HTTPScope, send: Send) -> Send:
        """Counts a refusal, once it is known: whether it is signed only the app can tell."""

        async def counting(message: Message) -> None:
            refused = message["type"] == "http.response.start" and 400 <= message["status"] < 500
            if refused and scope.get(frame.OUTCOME) != self._signed[scope["path"]]:
                self._unsigned.wait(scope)
            await send(message)

        return counting

    async def _inside(self, way: tuple[str, Rank], serve: Callable[[], Awaitable[Served]]) -> Served:
        name, rank = way
        doors = self.doors[name]
        try:
            if not doors.came_in(rank):
                await doors.enter(rank)
        except Full:
            SHED.labels(name).inc()
            raise BUSY.problem(headers={"Retry-After": str(RETRY_AFTER)}, retryable=True) from None
        try:
            return await serve()
        finally:
            doors.leave(rank)


def _may_come(scope: HTTPScope) -> bool:
    """Whether a body is worth waiting for: one that says that it is too large is refused without being read."""
    length = header(scope, b"content-length") or b"0"
    return length.isdigit() and int(length) <= LARGEST_BODY


async def _arrived(receive: Receive) -> Receive:
    """Waits outside until the body is there, or else clients who dribble theirs would hold all places.

    The frame limits the time (`slow_bodies`), the server how many there are (`serve.CONNECTIONS`); what is kept are the
    bytes and nothing else, however small the pieces were that they came in.
    """
    body = bytearray()
    message = await receive()
    while message["type"] == "http.request":
        body += message["body"]
        if not message["more_body"] or len(body) > LARGEST_BODY:  # of too large a one whoever reads on says so
            message["body"] = bytes(body)
            break
        message = await receive()
    whole = deque([message])

    async def again() -> ReceiveMessage:
        return whole.popleft() if whole else await receive()

    return again

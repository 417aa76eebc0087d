"""Plain ASGI answers, for code that stands in front of Litestar."""

from litestar.types import HTTPScope, Send
from msgspec import Struct

from shared.http import correlation
from shared.http.problems import MEDIA_TYPE, Problem

Headers = list[tuple[bytes, bytes]]
_BY_NAME = "doorbuster.headers"  # in the scope, once somebody has asked for one


class Outgoing(Struct):
    """An answer as it goes out, but for what the frame puts to it."""

    status: int
    headers: Headers
    body: bytes


def header(scope: HTTPScope, name: bytes) -> bytes | None:
    """A request header by its lower-case name; the first, if there are several."""
    by_name: dict[bytes, bytes] | None = scope.get(_BY_NAME)  # type: ignore[assignment]  # ours, beside ASGI's
    if by_name is None:  # several are asked for at each request, and browsers send a dozen
        by_name = dict(reversed([*scope["headers"]]))
        scope[_BY_NAME] = by_name  # type: ignore[literal-required]
    return by_name.get(name)


async def send_body(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """A whole answer. For HEAD the frame leaves the body out."""
    headers.append((b"content-length", b"%d" % len(body)))
    await send_whole(send, Outgoing(status, headers, body))


async def send_whole(send: Send, said: Outgoing) -> None:
    """An answer as it is."""
    await send({"type": "http.response.start", "status": said.status, "headers": said.headers})
    await send({"type": "http.response.body", "body": said.body, "more_body": False})


async def send_problem(send: Send, problem: Problem) -> None:
    """A problem as problem+json."""
    headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    headers += [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]
    await send_body(send, problem.status, headers, problem.body(correlation.request_id()))

"""Plain ASGI answers, for code that stands in front of Litestar."""

from litestar.types import HTTPScope, Send

from shared.http import correlation
from shared.http.problems import MEDIA_TYPE, Problem

Headers = list[tuple[bytes, bytes]]


def header(scope: HTTPScope, name: bytes) -> bytes | None:
    """A request header by its lower-case name."""
    for key, value in scope["headers"]:
        if key == name:
            return value
    return None


async def send_body(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """A whole answer. For HEAD the frame leaves the body out."""
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_problem(send: Send, problem: Problem) -> None:
    """A problem as problem+json."""
    headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    headers += [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]
    await send_body(send, problem.status, headers, problem.body(correlation.request_id()))

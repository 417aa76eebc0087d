"""`python -m doorbuster.bench.bare_server PORT BYTES`: the limit of an HTTP answer on our server.

The same Granian, the same loop, the same settings; an ASGI handler that knows its answer beforehand.
"""

import sys

from litestar.types import ASGIApp, Receive, Scope, Send

from shared.http.serve import serve


def app(size: int) -> ASGIApp:
    """Answers every request with `size` bytes of a JSON string."""
    body = b'"' + b"x" * (size - 2) + b'"'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":  # type: ignore[comparison-overlap]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body, "more_body": False})

    return answer


if __name__ == "__main__":
    serve(app(int(sys.argv[2])), "127.0.0.1", int(sys.argv[1]))

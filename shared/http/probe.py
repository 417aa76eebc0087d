"""Health and metrics of a process that serves nothing else (worker, projector): three GET paths on its port.

`/health/live` answers as long as the event loop turns; `/health/ready` runs the named checks and answers 503 with the
names of what is down; `/metrics` is Prometheus' text format.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.http.health import Check, readiness

WHOLE_SECONDS = 5.0  # from the connection to the end of the answer


async def serve(host: str, port: int, checks: Mapping[str, Check]) -> asyncio.Server:
    """Start answering; close the server that is returned to stop."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
                writer.write(await _response(request.split(b" ", 2)[1].decode("latin-1"), checks))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError):
            pass  # a client that went away or does not speak HTTP
        finally:
            writer.close()

    return await asyncio.start_server(answer, host, port)


async def _response(path: str, checks: Mapping[str, Check]) -> bytes:
    match path.partition("?")[0]:
        case "/metrics":
            return _http(200, CONTENT_TYPE_LATEST, generate_latest())
        case "/health/live":
            return _http(200, "application/json", b'{"status":"live"}')
        case "/health/ready":
            health = await readiness(checks)
            return _http(503 if health.status == "not_ready" else 200, "application/json", msgspec.json.encode(health))
    return _http(404, "application/json", b'{"code":"not_found"}')


def _http(status: int, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body

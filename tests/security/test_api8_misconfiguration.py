"""OWASP API8: what every answer says of itself, and what none tells: no traces, no versions, nobody else's origin."""

import logging

import httpx
import msgspec
import pytest
from litestar import get

from shared.http.app import build_app
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.security.routes import litestar_of
from write_side.app import create_app

ASKED = [
    ("GET", "/health/live", b""), ("HEAD", "/health/live", b""), ("GET", "/v1/nothing", b""), ("PUT", "/v1/carts", b""),
    ("POST", "/v1/carts", b"{"), ("POST", "/v1/carts", b'{"currency": "EUR"}'), ("POST", "/v1/tokens", b"{}"),
    ("GET", "/metrics", b""), ("GET", "/schema", b""), ("GET", "/schema/openapi.json", b""),
    ("TRACE", "/v1/carts", b""),
    ("OPTIONS", "/v1/carts", b""), ("GET", "/v1/carts/x", b""), ("BREW", "/v1/carts", b""),
]  # fmt: skip
TELLTALE = ("traceback", "litestar", "granian", "asyncpg", "msgspec", "uvloop", "python/", "site-packages", ".py",
            "postgres:", "select ", "/tmp/")  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), ASKED, ids=[f"{method} {path}" for method, path, _ in ASKED])
async def test_every_answer_forbids_guessing_and_names_no_software(
    api: httpx.AsyncClient, query: httpx.AsyncClient, method: str, path: str, body: bytes
) -> None:
    for client in (api, query):
        headers = {"Content-Type": "application/json"} if body else {}
        answer = await client.request(method, path, content=body, headers=headers)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Server"] == "doorbuster"
        assert "X-Powered-By" not in answer.headers
        assert answer.status_code < 500
        if answer.content:
            assert answer.headers["Content-Type"]
        if not path.startswith(("/schema", "/metrics")):
            said = answer.text.casefold()
            assert [word for word in TELLTALE if word in said] == []


async def test_the_page_of_the_document_runs_nothing(api: httpx.AsyncClient) -> None:
    page = await api.get("/schema")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in page.text


async def test_without_origins_no_other_site_may_read_or_send_anything() -> None:
    origins = Settings.read(NOWHERE).allowed_origins
    async with client_of(build_app([], title="t", description="d", origins=origins)) as client:
        for method in ("GET", "OPTIONS"):
            headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
            answer = await client.request(method, "/health/live", headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control")]


ORIGINS = ["https://shop.example", "https://evil.example", "null", "https://shop.example.evil.example",
           "http://shop.example", "https://SHOP.example", ""]  # fmt: skip


@pytest.mark.parametrize("origin", ORIGINS)
async def test_with_origins_those_alone_and_never_with_credentials(query: httpx.AsyncClient, origin: str) -> None:
    allowed = origin == "https://shop.example"
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = await query.request(method, "/health/live", headers=headers)
        assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" in answer.headers["Vary"]


async def test_a_failure_of_ours_tells_the_client_its_id_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """A server that isn't there, whose address and password stand in the error."""
    secret = "hunter2"

    async def fails() -> None:
        raise RuntimeError(f"postgresql://admin:{secret}@127.0.0.1:9/keys refused SELECT * FROM person_key")

    app = build_app([get("/fails")(fails)], title="t", description="d")
    with caplog.at_level(logging.ERROR):
        async with client_of(app) as client:
            client.event_hooks = {}
            answer = await client.get("/fails")
    problem = msgspec.json.decode(answer.content)
    assert (answer.status_code, problem["code"]) == (500, "internal_error")
    assert not any(word in answer.text.casefold() for word in (*TELLTALE, secret, "person_key", "runtimeerror"))
    assert problem["correlation_id"] == answer.headers["X-Correlation-Id"]


def test_no_app_runs_in_debug_mode() -> None:
    assert litestar_of(create_app(Settings.read(NOWHERE))).debug is False

"""What every answer of both APIs has in common: problems, correlation, CORS, health, metrics."""

import json
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar, get, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import ImproperlyConfiguredException
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ASGIApp
from msgspec import Meta, Struct

from shared.http import correlation
from shared.http.app import build_app
from shared.http.health import Check
from shared.http.logs import JsonLines
from shared.http.problems import Problem, unavailable

SECRET = "hunter2-in-the-message"


class Line(Struct, forbid_unknown_fields=True):
    sku: Annotated[str, Meta(min_length=1)]
    quantity: Annotated[int, Meta(gt=0, le=99)]


class Basket(Struct, forbid_unknown_fields=True):
    lines: list[Line]
    note: str | None = None


@post("/baskets", status_code=200)
async def take(data: JSONBody[Basket]) -> Basket:
    """Takes a basket."""
    return data


# Litestar drops a `Meta` within `FromQuery`: bounds of parameters stand in the QueryParameter itself.
Size = Annotated[int, QueryParameter(ge=1, le=9)]
Weight = Annotated[int | None, QueryParameter()]


@get("/things/{thing_id:uuid}")
async def thing(thing_id: FromPath[UUID], size: Size = 1, weight: Weight = None) -> dict[str, Any]:
    """Shows a thing."""
    return {"id": str(thing_id), "size": size}


@get("/refuses")
async def refuses() -> None:
    """Refuses."""
    raise Problem(409, "out_of_stock", "3 left", headers={"Retry-After": "7"}, available_quantity=3)


@get("/breaks")
async def breaks() -> None:
    """Breaks."""
    raise RuntimeError(SECRET)


@get("/lost")
async def lost() -> None:
    """Needs a store that is down."""
    raise ConnectionRefusedError


async def fine() -> None:
    pass


async def down() -> None:
    raise ConnectionResetError(SECRET)


def app(**options: Any) -> ASGIApp:
    return build_app(
        [take, thing, refuses, breaks, lost],
        title="Test",
        description="",
        origins=["https://shop.example"],
        problems={ConnectionError: lambda _: unavailable("redis")},
        **options,
    )


def client_of(asgi: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://test")  # type: ignore[arg-type]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app()) as client:
        yield client


@pytest.mark.parametrize(
    ("body", "code", "pointer", "error"),
    [
        ('{"lines": [{"sku": "a", "quantity": 1}], "x": 1}', "invalid_input", "/x", "unknown_field"),
        ('{"lines": [{"sku": "a", "quantity": 1, "y/z": 1}]}', "invalid_input", "/lines/0/y~1z", "unknown_field"),
        ('{"lines": [{"sku": "a", "quantity": "1"}]}', "invalid_input", "/lines/0/quantity", "wrong_type"),
        ('{"lines": [{"sku": "a", "quantity": 1.5}]}', "invalid_input", "/lines/0/quantity", "wrong_type"),
        ('{"lines": [{"sku": "a", "quantity": -1}]}', "invalid_input", "/lines/0/quantity", "out_of_range"),
        ('{"lines": [{"sku": "", "quantity": 1}]}', "invalid_input", "/lines/0/sku", "out_of_range"),
        ("{}", "invalid_input", "/lines", "missing_field"),
        ("[]", "invalid_input", "", "wrong_type"),
        ("", "invalid_input", "", "missing_body"),
        ("{", "broken_json", None, None),
        ("\x00", "broken_json", None, None),
    ],
)
async def test_bad_bodies_name_the_place(
    client: httpx.AsyncClient, body: str, code: str, pointer: str | None, error: str | None
) -> None:
    answer = await client.post("/baskets", content=body)
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert problem["code"] == code
    if pointer is not None:
        assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [(pointer, error)]


async def test_bytes_that_are_no_text_are_no_json(client: httpx.AsyncClient) -> None:
    answer = await client.post("/baskets", content=b'{"lines": [], "note": "\xff\xfe"}')
    assert (answer.status_code, answer.json()["code"]) == (400, "broken_json")


async def test_a_good_body_is_taken(client: httpx.AsyncClient) -> None:
    body = {"lines": [{"sku": "a", "quantity": 2}], "note": None}
    assert (await client.post("/baskets", json=body)).json() == body


async def test_a_large_body_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/baskets", content=b'{"note":"' + b"x" * 10_000_000 + b'"}')
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, "unknown_route"),
        ("/things/not-a-uuid", 404, "unknown_route"),
        ("/things/0198f0c0-0000-7000-8000-000000000000?size=x", 400, "invalid_input"),
        ("/things/0198f0c0-0000-7000-8000-000000000000?size=10", 400, "invalid_input"),
        ("/things/0198f0c0-0000-7000-8000-000000000000?sise=1", 400, "unknown_parameter"),
        ("/refuses?x=1", 400, "unknown_parameter"),
        ("/things/0198f0c0-0000-7000-8000-000000000000?size=2&size=3", 400, "invalid_input"),
        ("/things/0198f0c0-0000-7000-8000-000000000000?weight=null", 400, "invalid_input"),
        ("/refuses", 409, "out_of_stock"),
        ("/breaks", 500, "internal_error"),
        ("/lost", 503, "redis_unavailable"),
    ],
)
async def test_every_failure_is_a_problem(client: httpx.AsyncClient, path: str, status: int, code: str) -> None:
    answer = await client.get(path, headers={"X-Correlation-Id": "abc-1"})
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["correlation_id"] == answer.headers["x-correlation-id"] == "abc-1"
    assert SECRET not in answer.text


async def test_a_problem_carries_its_headers_and_members(client: httpx.AsyncClient) -> None:
    answer = await client.get("/refuses")
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["available_quantity"] == 3


async def test_405_says_what_is_allowed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/baskets")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["allow"]
    for allowed in (await client.post("/refuses"), await client.options("/refuses")):  # both say the same
        assert allowed.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/refuses", "/nothing", "/things/0198f0c0-0000-7000-8000-000000000000"])
async def test_head_answers_like_get_without_the_body(client: httpx.AsyncClient, path: str) -> None:
    got, head = await client.get(path), await client.head(path)
    different = {"x-correlation-id"}
    assert head.status_code == got.status_code
    assert {k: v for k, v in head.headers.items() if k not in different | {"content-length"}} == {
        k: v for k, v in got.headers.items() if k not in different | {"content-length"}
    }
    assert head.content == b""


@pytest.mark.parametrize("unsafe", ["x" * 65, 'a"b', "a b", ""])
async def test_an_unsafe_correlation_id_is_replaced(client: httpx.AsyncClient, unsafe: str) -> None:
    answers = [await client.get("/nothing", headers={"X-Correlation-Id": unsafe}) for _ in range(2)]
    given = [answer.headers["x-correlation-id"] for answer in answers]
    assert all(re.fullmatch("[A-Za-z0-9._:-]{16,64}", each) for each in given)
    assert len({*given, unsafe}) == 3


async def test_cors_only_for_known_origins(client: httpx.AsyncClient) -> None:
    known = await client.get("/nothing", headers={"Origin": "https://shop.example"})
    assert known.headers["access-control-allow-origin"] == "https://shop.example"
    assert "Position" in known.headers["access-control-expose-headers"]
    other = await client.get("/nothing", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    assert other.headers["vary"] == known.headers["vary"] == "Origin"


async def test_preflight(client: httpx.AsyncClient) -> None:
    headers = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key",
    }
    answer = await client.options("/baskets", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-headers"] == "authorization,idempotency-key"
    assert "POST" in answer.headers["access-control-allow-methods"]
    refused = await client.options("/baskets", headers={**headers, "Origin": "https://evil.example"})
    assert "access-control-allow-methods" not in refused.headers


async def test_log_lines_tell_the_route_and_no_secret(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await client.get("/things/0198f0c0-0000-7000-8000-000000000000?token=t0psecret")
    await client.get("/breaks", headers={"Authorization": "Bearer t0psecret"})
    formatter = JsonLines("test")
    lines = [formatter.format(record) for record in caplog.records if record.name.startswith(("doorbuster", "shared"))]
    told = [json.loads(line) for line in lines]
    assert [(t["route"], t["status"]) for t in told if t["event"] == "request"] == [
        ("/things/{thing_id}", 400), ("/breaks", 500),
    ]  # fmt: skip
    assert any(t.get("error") == "RuntimeError" and "breaks" in t["frames"][-1] for t in told)
    assert not any("t0psecret" in line or SECRET in line for line in lines)


async def test_readiness_names_what_is_down() -> None:
    checks = {"redis": Check(down), "elasticsearch": Check(fine, essential=False)}
    async with client_of(app(checks=checks)) as client:
        answer = await client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["status"] == "not_ready"
        assert answer.json()["checks"] == {
            "redis": {"status": "down", "essential": True, "why": "reset"},
            "elasticsearch": {"status": "ok", "essential": False, "why": None},
        }
        assert SECRET not in answer.text
        assert (await client.get("/health/live")).status_code == 200


async def test_readiness_stands_an_outage_of_what_is_not_essential() -> None:
    checks = {"redis": Check(fine), "elasticsearch": Check(down, essential=False)}
    async with client_of(app(checks=checks)) as client:
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


async def test_metrics_count_by_route_and_unknown_paths_are_one(client: httpx.AsyncClient) -> None:
    for path in ("/nothing", "/nothing-else", "/refuses"):
        await client.get(path)
    text = (await client.get("/metrics")).text
    counted = 'http_requests_total{method="GET",outcome="%s",route="%s",status="%s"} %s'
    assert counted % ("unknown_route", "unmatched", 404, "2.0") in text
    assert counted % ("out_of_stock", "/refuses", 409, "1.0") in text


async def test_metrics_tell_answers_and_who_refused_apart(client: httpx.AsyncClient) -> None:
    await client.get("/things/0198f0c0-0000-7000-8000-000000000000")
    await client.get("/breaks")
    text = (await client.get("/metrics")).text
    assert 'outcome="ok",route="/things/{thing_id}",status="200"} 1.0' in text
    assert 'outcome="internal_error",route="/breaks",status="500"} 1.0' in text


async def test_a_request_that_joins_an_order_keeps_its_own_id_in_its_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    caplog.handler.setFormatter(JsonLines("test"))

    @get("/joins")
    async def joins() -> None:
        """Joins, and is refused."""
        correlation.join("of-the-order")
        raise Problem(409, "order_closed", "It is over.")

    async with client_of(build_app([joins], title="T", description="")) as client:
        answer = await client.get("/joins", headers={"X-Correlation-Id": "my-own"})
    assert answer.headers["x-correlation-id"] == answer.json()["correlation_id"] == "my-own"
    [line] = [json.loads(line) for line in caplog.text.splitlines() if '"request"' in line]
    assert (line["correlation_id"], line["request_id"]) == ("of-the-order", "my-own")


def test_a_body_that_swallows_unknown_fields_is_found_when_building() -> None:
    class Loose(Struct):
        a: int

    class Outer(Struct, forbid_unknown_fields=True):
        inner: dict[str, Loose]

    @post("/loose")
    async def loose(data: JSONBody[Outer]) -> None:
        """Takes it."""

    with pytest.raises(ImproperlyConfiguredException, match="Loose"):
        build_app([loose], title="T", description="")


async def test_a_parameter_of_a_dependency_is_known_and_its_name_is_not() -> None:
    async def paged(page: Annotated[int, QueryParameter(name="p")] = 1) -> int:
        return page

    @get("/listed")
    async def listed(paging: NamedDependency[int]) -> dict[str, int]:
        """Lists."""
        return {"page": paging}

    asgi = build_app([listed], title="T", description="", dependencies={"paging": Provide(paged)})
    async with client_of(asgi) as client:
        assert (await client.get("/listed?p=3")).json() == {"page": 3}
        for name in ("page", "paging", "q"):
            assert (await client.get(f"/listed?{name}=3")).json()["code"] == "unknown_parameter"


async def test_the_lifespan_opens_what_routes_find() -> None:
    @asynccontextmanager
    async def opened(litestar: Litestar) -> AsyncIterator[None]:
        litestar.state.opened = True
        yield

    sent: list[Any] = []
    incoming = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(incoming)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await app(lifespan=[opened])({"type": "lifespan"}, receive, send)  # type: ignore[arg-type]
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_an_encoded_slash_is_part_of_a_name(client: httpx.AsyncClient) -> None:
    @get("/named/{name:str}/{kind:str}")
    async def shows(name: FromPath[str], kind: FromPath[str]) -> dict[str, str]:
        """Shows both."""
        return {"name": name, "kind": kind}

    async with client_of(build_app([shows], title="T", description="")) as client:
        for spelled, name in (
            ("HD-LX2%2FBK", "HD-LX2/BK"),
            ("%2f", "/"),
            ("a%2F..%2Fb", "a/../b"),
            ("%252F", "%2F"),
            ("%C3%A9%2F%20", "é/ "),
        ):
            answer = await client.get(f"/named/{spelled}/%2F")
            assert answer.json() == {"name": name, "kind": "/"}
        assert (await client.get("/named/a/b/c")).status_code == 404


@pytest.mark.parametrize("query", ["", "?x=1"])
async def test_options_names_all_methods_of_an_address(query: str) -> None:
    @get("/box/{name:str}")
    async def show(name: FromPath[str]) -> None:
        """Shows it."""

    @post("/box/{name:str}")
    async def fill(name: FromPath[str]) -> None:
        """Fills it."""

    async with client_of(build_app([show, fill], title="T", description="")) as client:
        answer = await client.options(f"/box/a{query}")
        assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
        refused = await client.put("/box/a")
        assert refused.status_code == 405
        assert {"GET", "POST"} <= set(refused.headers["allow"].split(", "))

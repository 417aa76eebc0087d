"""An API that is full: who is let in, and what the others hear."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from litestar import Request, get, post
from litestar.params import JSONBody
from litestar.types import HTTPScope
from msgspec import Struct

from shared.http.admission import Admission, Way
from shared.http.app import build_app
from shared.http.described import refuses, takes
from shared.http.doors import Rank, Size
from shared.http.frame import AtOnce, Soon
from shared.http.problems import SHED, Told, unavailability
from shared.http.rates import MOST_CLIENTS, Rates, whose
from shared.http.replies import Outgoing
from tests.fixtures.asgi import client_of

SIZE = Size(seats=3, looking=2, line=0)


class Line(Struct, forbid_unknown_fields=True):
    """What goes in."""

    sku: str


def way(_method: str, path: str) -> Way:
    ranks = {"/looks": Rank.LOOKING, "/fills": Rank.LOOKING, "/buys": Rank.BUYING}
    return ("front", ranks[path]) if path in ranks else None


class Shop:
    """An API whose routes take until `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun = asyncio.Semaphore(0)
        self.client: httpx.AsyncClient

    async def served(self) -> dict[str, str]:
        self.begun.release()
        await self.go.wait()
        return {}

    async def coming(self, path: str) -> "asyncio.Task[httpx.Response]":
        """A request that is being served."""
        task = asyncio.create_task(self.client.get(path))
        async with asyncio.timeout(5):
            await self.begun.acquire()
        return task


@asynccontextmanager
async def opened(
    rates: Rates = Rates(0),  # noqa: B008  # it counts nobody
    at_once: AtOnce | None = None,
    signed: Mapping[str, str] | None = None,
) -> AsyncIterator[Shop]:
    shop = Shop()

    @get("/looks")
    async def looks() -> dict[str, str]:
        """Looks."""
        return await shop.served()

    @get("/buys")
    async def buys() -> dict[str, str]:
        """Buys."""
        return await shop.served()

    @post("/fills", status_code=200)
    async def fills(data: JSONBody[Line]) -> Line:
        """Fills a cart."""
        return data

    app = build_app(
        [looks, buys, fills], title="full", description="", refusals=SHED,
        front=lambda inner: Admission(inner, way, {"front": SIZE}, rates, at_once, signed=signed),
    )  # fmt: skip
    async with client_of(app) as shop.client:
        yield shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(opened())


async def test_who_comes_too_many_hears_busy_and_when_to_come_again_before_anything_is_done(shop: Shop) -> None:
    inside = [await shop.coming("/looks"), await shop.coming("/looks")]
    refused = await shop.client.get("/looks")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert (refused.json()["code"], refused.json()["retryable"]) == ("busy", True)
    inside.append(await shop.coming("/buys"))  # a place is kept for who buys
    assert (await shop.client.get("/health/live")).status_code == 200
    shop.go.set()
    assert [answer.status_code for answer in await asyncio.gather(*inside)] == [200, 200, 200]
    assert (await shop.client.get("/looks")).status_code == 200  # all places are free again


async def test_how_full_it_is_and_how_many_were_shed_is_measured(shop: Shop) -> None:
    before = _shed(await shop.client.get("/metrics"))
    inside = [await shop.coming("/looks"), await shop.coming("/looks")]
    await shop.client.get("/looks")
    metrics = await shop.client.get("/metrics")
    assert _shed(metrics) == before + 1
    assert 'http_admitted{doors="front"} 2.0' in metrics.text
    shop.go.set()
    await asyncio.gather(*inside)


async def test_who_dribbles_a_body_holds_no_place_meanwhile(shop: Shop) -> None:
    go_on, begun = asyncio.Event(), asyncio.Semaphore(0)

    async def dribbled() -> AsyncIterator[bytes]:
        yield b'{"sku":'
        begun.release()
        await go_on.wait()
        yield b'"lamp"}'

    typed = {"Content-Type": "application/json"}
    dribbling = [asyncio.create_task(shop.client.post("/fills", content=dribbled(), headers=typed)) for _ in range(3)]
    for _ in dribbling:
        await begun.acquire()
    inside = [await shop.coming("/looks"), await shop.coming("/looks")]
    shop.go.set()
    assert [answer.status_code for answer in await asyncio.gather(*inside)] == [200, 200]
    go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(*dribbling)] == [200, 200, 200]


async def test_who_sends_a_file_is_let_in_before_it_is_read_and_may_take_longer_than_others() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    @post("/files", status_code=200, request_max_body_size=None)
    @takes("text/csv")
    async def files(request: Request[Any, Any, Any]) -> dict[str, int]:
        """Takes a file."""
        begun.set()
        return {"bytes": sum([len(piece) async for piece in request.stream()])}

    @post("/others", status_code=200, request_max_body_size=None)
    @takes("text/csv")
    async def others(request: Request[Any, Any, Any]) -> dict[str, int]:
        """Takes one, too."""
        return {"bytes": sum([len(piece) async for piece in request.stream()])}

    async def dribbled() -> AsyncIterator[bytes]:
        yield b"a" * 800_000
        await go_on.wait()
        yield b"b" * 800_000

    def ways(_method: str, path: str) -> Way:
        return path.removeprefix("/"), Rank.LOOKING

    sizes = dict.fromkeys(("files", "others", "schema/openapi.json"), SIZE)
    app = build_app(
        [files, others], title="files", description="", refusals=SHED,
        body_seconds={"/files": 60.0, "/others": 0.0},
        front=lambda inner: Admission(inner, ways, sizes, Rates(0), streamed=["files"]),
    )  # fmt: skip
    async with client_of(app) as client:
        sending = asyncio.create_task(client.post("/files", content=dribbled()))
        async with asyncio.timeout(5):
            await begun.wait()
        slow = await client.post("/others", content=dribbled())
        assert (slow.status_code, slow.json()["code"]) == (408, "body_too_slow")
        go_on.set()
        assert (await sending).json() == {"bytes": 1_600_000}


async def test_a_client_that_asks_too_fast_hears_when_it_may_again_and_others_do_not_wait_for_it() -> None:
    async with opened(Rates(1, "X-Forwarded-For")) as shop:
        shop.go.set()
        greedy, other = {"X-Forwarded-For": "spoofed, 10.0.0.1"}, {"X-Forwarded-For": "spoofed, 10.0.0.2"}
        answers = [await shop.client.get("/looks", headers=greedy) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert (answers[5].json()["code"], answers[5].headers["Retry-After"]) == ("too_many_requests", "1")
        assert (await shop.client.get("/looks", headers=other)).status_code == 200
        assert (await shop.client.get("/health/live", headers=greedy)).status_code == 200


async def test_who_signs_what_it_tells_is_no_client_that_asks_too_fast() -> None:
    async with opened(Rates(1, "X-Forwarded-For", now=lambda: 0.0), signed={"/fills": "broken_notice"}) as shop:
        shop.go.set()
        provider = {"X-Forwarded-For": "10.0.0.1"}
        answers = [await shop.client.post("/fills", headers=provider, json={"sku": "lamp"}) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 7
        answers = [await shop.client.get("/looks", headers=provider) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429], "its address is one like any other"


async def test_who_tells_what_nobody_signed_is_counted_apart_from_what_else_it_asks() -> None:
    clock = [0.0]
    rates = Rates(1, "X-Forwarded-For", now=lambda: clock[0])
    async with opened(rates, signed={"/fills": "broken_notice"}) as shop:
        shop.go.set()
        forger, provider = {"X-Forwarded-For": "10.0.0.1"}, {"X-Forwarded-For": "10.0.0.2"}
        answers = [await shop.client.post("/fills", headers=forger, json={}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [400] * 5 + [429]
        assert (answers[5].json()["code"], answers[5].headers["Retry-After"]) == ("too_many_requests", "1")
        assert (await shop.client.post("/fills", headers=provider, json={"sku": "lamp"})).status_code == 200
        assert (await shop.client.get("/looks", headers=forger)).status_code == 200
        clock[0] += 1
        answers = [await shop.client.post("/fills", headers=forger, json=told) for told in ({"sku": "lamp"}, {}, {})]
        assert [answer.status_code for answer in answers] == [200, 400, 429], "what is good takes nothing"
        assert (await shop.client.get("/fills", headers=forger)).status_code == 429, "whatever it tries there"


async def test_what_is_signed_and_refused_or_can_not_be_taken_now_is_not_counted() -> None:
    broken, said = Told(400, "broken_notice", "It can't be read."), list[Told]()

    @post("/told", status_code=200)
    @refuses(broken, unavailability("postgres"))
    async def told() -> None:
        """Hears it."""
        raise said[0].problem(headers={"Retry-After": "1"})

    app = build_app(
        [told], title="told", description="", refusals=SHED,
        front=lambda inner: Admission(
            inner, lambda *_: ("front", Rank.BUYING), {"front": SIZE}, Rates(1), signed={"/told": "broken_notice"}
        ),
    )  # fmt: skip
    async with client_of(app) as client:
        for kind in (broken, unavailability("postgres")):
            said[:] = [kind]
            assert {(await client.post("/told")).status_code for _ in range(7)} == {kind.status}


async def test_a_client_chooses_no_address_where_the_proxy_adds_a_line_of_its_own() -> None:
    async with opened(Rates(1, "X-Forwarded-For")) as shop:
        shop.go.set()
        lines = [[("X-Forwarded-For", f"10.9.9.{n}"), ("X-Forwarded-For", "10.0.0.1")] for n in range(6)]
        answers = [await shop.client.get("/looks", headers=each) for each in lines]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]


async def test_what_can_be_said_at_once_needs_no_place_and_counts_once_as_a_question_of_its_client() -> None:
    def at_once(scope: HTTPScope) -> Outgoing | None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"14")]
        return Outgoing(200, headers, b'{"known":"so"}') if scope["path"] == "/looks" else None

    async with opened(Rates(1, "X-Forwarded-For", now=lambda: 0.0), at_once) as shop:
        inside = [await shop.coming("/buys") for _ in range(SIZE.seats)]  # of as many clients
        asked = {"X-Forwarded-For": "10.0.0.1"}
        answers = [await shop.client.get("/looks", headers=asked) for _ in range(7)]
        assert [answer.json() for answer in answers[:5]] == [{"known": "so"}] * 5
        assert [answer.json()["code"] for answer in answers[5:]] == ["too_many_requests"] * 2
        shop.go.set()
        await asyncio.gather(*inside)


async def test_what_comes_soon_needs_a_place_like_any_other_question_and_gives_it_back() -> None:
    shop: Shop

    async def soon() -> Outgoing:
        await shop.served()
        return Outgoing(200, [(b"content-type", b"application/json"), (b"content-length", b"2")], b"{}")

    def at_once(scope: HTTPScope) -> Soon | None:
        return soon if scope["path"] == "/looks" else None

    async with opened(Rates(1, "X-Forwarded-For", now=lambda: 0.0), at_once) as shop:
        looking = [await shop.coming("/looks") for _ in range(SIZE.looking)]
        refused = await shop.client.get("/looks", headers={"X-Forwarded-For": "10.0.0.2"})
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        shop.go.set()
        assert [(await one).json() for one in looking] == [{}] * SIZE.looking
        answers = [await shop.client.get("/looks", headers={"X-Forwarded-For": "10.0.0.1"}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]


def test_a_bucket_fills_again_and_not_beyond_its_rim() -> None:
    clock = [0.0]
    rates = Rates(2, now=lambda: clock[0])
    assert [rates.of("a") for _ in range(11)] == [0] * 10 + [1]
    clock[0] += 0.5
    assert [rates.of("a"), rates.of("a")] == [0, 1]
    clock[0] += 3600
    assert [rates.of("a") for _ in range(11)] == [0] * 10 + [1]


def test_clients_do_not_fill_the_memory() -> None:
    rates = Rates(1, now=lambda: 0.0)
    for n in range(MOST_CLIENTS + 10):
        rates.of(str(n))
    assert len(rates._buckets) == MOST_CLIENTS


def _shed(metrics: httpx.Response) -> float:
    lines = [line for line in metrics.text.splitlines() if line.startswith('http_shed_total{doors="front"}')]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0


def test_who_changes_addresses_within_their_own_network_is_counted_as_one() -> None:
    assert whose("2001:db8:1:2::1") == whose("2001:db8:1:2:ffff::9") != whose("2001:db8:1:3::1")
    assert whose("192.0.2.7") == "192.0.2.7"
    assert whose("no:address") == "no:address"


@pytest.mark.parametrize(
    ("told", "client"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:cb00:7107", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:51234", "203.0.113.7"),
        ("[2001:db8:1:2::1]:51234", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("no.address:51234", "no.address:51234"),
        ("1.2:51234", "1.2:51234"),
        ("[1.2]:51234", "[1.2]:51234"),
    ],
)
def test_a_client_is_one_however_a_proxy_spells_its_address(told: str, client: str) -> None:
    assert whose(told) == client

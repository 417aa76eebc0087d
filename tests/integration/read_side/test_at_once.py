"""What is answered at once, out of what is kept: as ever, to nobody else, and no older than is announced."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from msgspec import structs

from doorbuster.faults.proxy import Proxy
from doorbuster.home import free_port
from read_side.app import connect_redis, create_app, kept_by
from read_side.compressed import WORTH
from read_side.documents import Documents
from read_side.kept import Kept
from read_side.line import Line
from read_side.multiplexer import Multiplexer
from shared.documents import orders, products
from shared.documents.layout import document_key, slot
from shared.http.correlation import HEADER as CORRELATION
from shared.ids import uuid7
from shared.links import order_token
from shared.shards import order_key, product_key
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.conftest import LINK_SECRET, NOWHERE, settings_of
from tests.integration.read_side.shelves import VERSION, Shelves, a_page, an_order, eventually, position
from tests.security.routes import litestar_of

MAIL = "ada@shop.example"
ORDER = structs.replace(an_order(), mail=MAIL, lines=an_order().lines * 9)
PAGE = structs.replace(a_page(), description="lamp " * 400)
TOKEN = {"Order-Token": order_token(LINK_SECRET, ORDER.id)}
OTHERS = {"Order-Token": order_token(LINK_SECRET, uuid7())}
OF_ORDER, OF_PAGE, BY_SLUG = f"/v1/orders/{ORDER.id}", f"/v1/products/{PAGE.id}", f"/v1/products/by-slug/{PAGE.slug}"
LIMITS = kept_by(settings_of(NOWHERE, kept_orders=10))[orders.STATUS]


@pytest.fixture
async def keeping(shelves: Shelves, valkey: PrivateServer) -> AsyncIterator[httpx.AsyncClient]:
    """A query API that keeps an order and a page."""
    await shelves.put(orders.STATUS, ORDER.id, ORDER)
    await shelves.put_product(PAGE)
    async with client_of(create_app(settings_of(valkey.url, kept_pages=10, kept_orders=10))) as api:
        await kept(api, OF_ORDER)
        await kept(api, OF_PAGE)
        await kept(api, BY_SLUG)
        yield api


@pytest.fixture
async def litestar(shelves: Shelves, valkey: PrivateServer) -> AsyncIterator[httpx.AsyncClient]:
    """One that asks Redis each time, by its routes."""
    async with client_of(create_app(settings_of(valkey.url), fronted=False)) as api:
        yield api


async def test_it_is_the_answer_of_the_route_to_the_last_header(
    keeping: httpx.AsyncClient, litestar: httpx.AsyncClient
) -> None:
    etags = [(await litestar.get(path, headers=TOKEN)).headers["etag"] for path in (OF_ORDER, OF_PAGE)]
    told = [{}, {"Origin": "https://shop.example"}, {"Origin": "https://other.example"}, {"X-Correlation-Id": "mine"}]
    told += [{"If-None-Match": known} for known in (*etags, '"other"', "*")]
    for path in (OF_ORDER, OF_PAGE, BY_SLUG):
        before = await hits(keeping)
        for more in told:
            for method in ("GET", "HEAD"):
                headers = {**TOKEN, "Accept-Encoding": "identity", **more}
                answer, other = [await api.request(method, path, headers=headers) for api in (keeping, litestar)]
                assert seen(answer) == seen(other), (method, path, headers)
                mine = more.get("X-Correlation-Id", answer.headers["x-correlation-id"])
                assert answer.headers["x-correlation-id"] == mine
        assert await hits(keeping) > before, path


async def test_a_page_goes_out_compressed_and_an_order_never(keeping: httpx.AsyncClient) -> None:
    gzip = {"Accept-Encoding": "gzip"}
    pages = [await keeping.get(OF_PAGE, headers=gzip) for _ in range(3)]
    assert (pages[-1].headers["content-encoding"], pages[-1].json()["slug"]) == ("gzip", PAGE.slug)
    statuses = [await keeping.get(OF_ORDER, headers=TOKEN | gzip) for _ in range(3)]
    assert len(statuses[-1].content) > WORTH
    assert "content-encoding" not in statuses[-1].headers, "its length would tell of the secrets in it"
    known = await keeping.get(OF_PAGE, headers={"If-None-Match": pages[-1].headers["etag"]})
    assert (known.status_code, known.headers["etag"]) == (304, pages[-1].headers["etag"])


ASKED_OTHERWISE: list[tuple[str, dict[str, str], int]] = [
    (OF_ORDER, {}, 401),
    (OF_ORDER, {"Order-Token": ""}, 401),
    (OF_ORDER, OTHERS, 403),
    (OF_ORDER, {"Order-Token": TOKEN["Order-Token"] + "x"}, 403),
    (OF_ORDER, {"Order-Token": TOKEN["Order-Token"].replace(str(ORDER.id), str(uuid7()))}, 403),
    (OF_ORDER + "?token=" + OTHERS["Order-Token"], {}, 403),
    (OF_ORDER + "?token=" + TOKEN["Order-Token"], {}, 200),
    (OF_ORDER + "?other=1", TOKEN, 400),
    (OF_ORDER.upper().replace("/V1/ORDERS", "/v1/orders"), TOKEN, 200),
    (OF_ORDER + "/", TOKEN, 200),
    (OF_ORDER, TOKEN | {"Position": "broken"}, 400),
    (OF_PAGE + "?other=1", {}, 400),
    (BY_SLUG + "%2F", {}, 404),
]


async def test_whoever_asks_for_something_else_or_may_not_is_told_what_the_route_tells(
    keeping: httpx.AsyncClient, litestar: httpx.AsyncClient
) -> None:
    for path, headers, status in ASKED_OTHERWISE:
        answer, other = [await api.get(path, headers=headers) for api in (keeping, litestar)]
        assert (answer.status_code, seen(answer)) == (status, seen(other)), (path, headers)


async def test_a_page_that_is_not_kept_is_told_as_the_route_tells_it_whatever_became_of_it(
    litestar: httpx.AsyncClient, shelves: Shelves, valkey: PrivateServer
) -> None:
    await shelves.put_product(PAGE)
    hidden = structs.replace(a_page(), publish_at=datetime.now(UTC) + timedelta(days=1), timed=True)
    await shelves.put(products.PAGE, hidden.id, hidden)
    async with client_of(create_app(settings_of(valkey.url))) as api:
        for product_id, status in ((PAGE.id, 200), (hidden.id, 404), (uuid7(), 404)):
            path = f"/v1/products/{product_id}"
            answer, other = await api.get(path), await litestar.get(path)
            assert (answer.status_code, seen(answer)) == (status, seen(other)), path
        await shelves.park(products.PAGE, product_key(PAGE.id))
        stale = await eventually(api, OF_PAGE, lambda answer: "stale" in answer.headers)
        assert stale.headers["stale"] == "parked"


async def test_what_lies_beside_a_page_is_no_page_though_it_is_kept(shelves: Shelves, valkey: PrivateServer) -> None:
    await shelves.put_product(PAGE)
    await shelves.put(products.PAGE, products.times_id(PAGE.id), PAGE)
    app = create_app(settings_of(valkey.url, kept_pages=10))
    async with client_of(app) as api:
        documents: Documents = litestar_of(app).state.documents
        beside = products.times_id(PAGE.id)

        async def is_kept() -> bool:
            await documents.find(products.PAGE, beside, product_key(PAGE.id), fresh=False)
            return documents.at_once(products.PAGE, beside) is not None

        await until(is_kept)
        await kept(api, OF_PAGE)  # whoever asks for the first one asks for promotions, too
        assert (await api.get(f"/v1/products/{beside}")).status_code == 404


async def test_of_a_parked_order_it_is_told_that_it_is_out_of_date(
    keeping: httpx.AsyncClient, shelves: Shelves
) -> None:
    await shelves.park(orders.STATUS, order_key(ORDER.id))
    answer = await eventually(SentWith(keeping, TOKEN), OF_ORDER, lambda answer: "stale" in answer.headers)
    assert (answer.headers["stale"], answer.headers["cache-control"]) == ("parked", "no-store")


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkpoint may be seen before the word of the write is heard."""
    monkeypatch.setattr(Kept, "written", nothing)


@pytest.mark.usefixtures("unheard")
async def test_who_waits_for_a_write_is_not_told_what_was_kept(keeping: httpx.AsyncClient, shelves: Shelves) -> None:
    await shelves.put(orders.STATUS, ORDER.id, structs.replace(ORDER, state="closing"))
    await shelves.checkpoint(orders.STATUS, 5)

    async def is_told_of_before() -> bool:
        return bool((await keeping.get(OF_ORDER, headers=TOKEN)).json()["state"] == ORDER.state)

    await until(is_told_of_before)
    answer = await keeping.get(OF_ORDER, headers=TOKEN | position(order_key(ORDER.id), 5))
    assert answer.json()["state"] == "closing"


async def test_of_an_erased_person_nothing_is_kept(shelves: Shelves, valkey: PrivateServer) -> None:
    await shelves.put(orders.STATUS, ORDER.id, ORDER)
    redis = connect_redis(valkey.url)
    keeping = Kept(redis, Multiplexer(Line(redis)), orders.STATUS, LIMITS)
    working = asyncio.create_task(keeping.run())
    key = document_key(slot(orders.STATUS, VERSION), str(ORDER.id))

    async def found() -> bytes:
        lying = await keeping.document(key)
        return b"" if lying is None else lying.body

    await until(lambda: answers(keeping.at_once, key, there=True, ask=found))
    assert MAIL.encode() in keeping.at_once(key).body
    await shelves.put(orders.STATUS, ORDER.id, structs.replace(ORDER, mail=None, address=None))
    await until(lambda: answers(keeping.at_once, key, there=False))
    assert len(keeping) == 0, "before anybody asks for it again"
    assert MAIL.encode() not in await found()
    keeping.stop()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await redis.aclose()


async def test_an_order_is_never_told_older_than_is_announced_though_the_word_of_its_change_does_not_come(
    shelves: Shelves, valkey: PrivateServer
) -> None:
    assert LIMITS.sure_seconds == 0.5, "as docs/orders.md has it"
    bound = 4 * LIMITS.sure_seconds  # a busy machine takes its time, too
    proxy = Deaf(free_port(), urlsplit(valkey.url).port or 0)
    server = await proxy.listen()
    told, asked = connect_redis(f"redis://127.0.0.1:{proxy.port}/0"), connect_redis(valkey.url)
    keeping = Kept(told, Multiplexer(Line(asked)), orders.STATUS, structs.replace(LIMITS, sure_seconds=bound))
    working = asyncio.create_task(keeping.run())
    key = document_key(slot(orders.STATUS, VERSION), str(ORDER.id))
    await shelves.put(orders.STATUS, ORDER.id, ORDER)
    await until(lambda: answers(keeping.at_once, key, there=True, ask=lambda: keeping.document(key)))
    proxy.deaf = True
    new = await shelves.put(orders.STATUS, ORDER.id, structs.replace(ORDER, state="closing"))
    changed, last_old = time.monotonic(), 0.0
    while (asked_at := time.monotonic()) < changed + 1.5 * bound:
        lying = keeping.at_once(key) or await keeping.document(key)
        assert lying is not None
        if lying.body != new:
            last_old = asked_at - changed
        await asyncio.sleep(0.005)
    assert 0 < last_old < bound, "it was kept, and given until nobody could know"
    keeping.stop()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await asyncio.gather(told.aclose(), asked.aclose())
    server.close()
    proxy.cut()
    await server.wait_closed()


class Deaf(Proxy):
    """Passes on nothing that the server says once it is `deaf`, and leaves the connection as it is."""

    deaf = False

    async def _back(self, reads: asyncio.StreamReader, client: asyncio.StreamWriter, asked: bytearray) -> None:
        while data := await reads.read(65536):
            if not self.deaf:
                client.write(data)


class SentWith(httpx.AsyncClient):
    """A client that sends some headers with every request."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        super().__init__(transport=client._transport, base_url="http://test", headers=headers)


async def nothing(*_: object) -> None: ...


def seen(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """All that a client sees but for what names the request."""
    headers = {name: value for name, value in answer.headers.items() if name != CORRELATION.decode()}
    body: Any = answer.content
    if answer.headers.get("content-type") == "application/problem+json":
        body = {**answer.json(), "correlation_id": ""}
        headers.pop("content-length", None)
    return answer.status_code, headers, body


async def kept(api: httpx.AsyncClient, path: str) -> None:
    """Wait until this is answered out of what is kept."""

    async def holds() -> bool:
        before = await hits(api)
        await api.get(path, headers=TOKEN)
        return await hits(api) > before

    await until(holds)


async def hits(api: httpx.AsyncClient) -> float:
    lines = (await api.get("/metrics")).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("doorbuster_kept_hits_total"))


async def answers(
    at_once: Callable[[str], object], key: str, *, there: bool, ask: Callable[[], Awaitable[object]] | None = None
) -> bool:
    if ask is not None:
        await ask()
    return (at_once(key) is not None) == there


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """What another connection tells takes its time."""
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.01)

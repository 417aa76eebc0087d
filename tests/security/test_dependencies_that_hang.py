"""OWASP API4: a server behind us that takes everything and answers nothing. Each costs a client a bounded wait and a
503 with Retry-After and a stable code, and what doesn't need it goes on."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import msgspec
import pytest

from read_side.app import create_app as create_query_api
from shared.documents import products
from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.fixtures.write_side import TEXTS
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_mails import confirmed, due_now, ledger, react
from tests.integration.checkout.test_over_http import BUYER
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves, a_page
from tests.security.servers import Freezable, before, hang, listening, saying
from write_side.app import create_app
from write_side.notifications import gateway as smtp
from write_side.notifications.gateway import MailServer
from write_side.notifications.handlers import send_due

Asking = Callable[[], Awaitable[httpx.Response]]
LONGEST = 12.0  # seconds, on machines that do other things as well; without limits it would be for ever

pytestmark = pytest.mark.slow


async def refused_in_time(ask: Asking, code: str) -> None:
    began = time.monotonic()
    answer = await ask()
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert int(answer.headers["Retry-After"]) >= 1
    assert time.monotonic() - began < LONGEST


@pytest.fixture
async def frozen(shop_settings: Settings) -> AsyncIterator[dict[str, tuple[str, Freezable]]]:
    """Proxies before Postgres and the keyring."""
    async with before(shop_settings.database_url) as postgres, before(shop_settings.keyring_url) as keyring:
        yield {"postgres": postgres, "keyring": keyring}


@pytest.fixture
async def behind_proxies(
    shop: Shop, shop_settings: Settings, frozen: dict[str, tuple[str, Freezable]]
) -> AsyncIterator[httpx.AsyncClient]:
    """The command API of a shop with 10 lamps, whose servers can be made to hang."""
    await shop.stock("lamp", 10)
    settings = msgspec.structs.replace(
        shop_settings, database_url=frozen["postgres"][0], keyring_url=frozen["keyring"][0], pool_size=2
    )
    async with client_of(create_app(settings)) as client:
        yield client


async def test_a_postgres_that_hangs_is_a_503_for_everybody_who_asks(
    behind_proxies: httpx.AsyncClient, frozen: dict[str, tuple[str, Freezable]]
) -> None:
    api, postgres = behind_proxies, frozen["postgres"][1]
    assert (await api.post("/v1/carts", json={"currency": "EUR"})).status_code == 201
    postgres.freeze()

    def open_cart() -> Awaitable[httpx.Response]:
        return api.post("/v1/carts", json={"currency": "EUR"})

    def come_with_a_token() -> Awaitable[httpx.Response]:
        return api.post("/v1/warehouses", headers={"Authorization": f"Bearer db_{'0' * 32}_x"})

    # Two have a connection that hangs, the others wait for one.
    await asyncio.gather(*(refused_in_time(open_cart, "postgres_unavailable") for _ in range(6)))
    await refused_in_time(come_with_a_token, "postgres_unavailable")
    postgres.thaw()
    async with asyncio.timeout(15):
        while (await api.post("/v1/carts", json={"currency": "EUR"})).status_code != 201:
            await asyncio.sleep(0.05)


async def test_a_keyring_that_hangs_is_a_503_where_a_key_is_needed(
    behind_proxies: httpx.AsyncClient, frozen: dict[str, tuple[str, Freezable]]
) -> None:
    api, keyring = behind_proxies, frozen["keyring"][1]
    cart = (await api.post("/v1/carts", json={"currency": "EUR"})).json()
    secret, path = {"Cart-Secret": cart["secret"]}, f"/v1/carts/{cart['id']}"
    await api.post(f"{path}/lines", headers=secret, json={"sku": "lamp", "quantity": 1})
    for warm in (False, True):  # connecting hangs, and a connection that was there hangs
        if warm:
            assert (await api.post(f"{path}/quotes", headers=secret, json=BUYER)).status_code == 201
        keyring.freeze()
        await refused_in_time(lambda: api.post(f"{path}/quotes", headers=secret, json=BUYER), "keyring_unavailable")
        assert (await api.get(path, headers=secret)).status_code == 200
        keyring.thaw()


async def test_a_redis_that_hangs_is_a_503(shelves: Shelves, valkey: PrivateServer) -> None:
    page = a_page()
    await shelves.put_product(page)
    async with client_of(create_query_api(settings_of(valkey.url))) as api:
        path = f"/v1/products/{page.id}"
        assert (await api.get(path)).status_code == 200
        valkey.pause()
        try:
            await asyncio.gather(*(refused_in_time(lambda: api.get(path), "redis_unavailable") for _ in range(4)))
            await refused_in_time(lambda: api.get("/v1/stock/lamp"), "redis_unavailable")
        finally:
            valkey.resume()


ES = "HTTP/1.1 200 OK\r\nX-Elastic-Product: Elasticsearch\r\nContent-Type: application/json\r\n"
ELASTIC = {
    "silence": hang,
    "a dribble": saying(f"{ES}Transfer-Encoding: chunked\r\n\r\n".encode(), for_ever=b"1\r\n \r\n", pause=0.2),
    "no JSON": saying(f"{ES}Content-Length: 5\r\n\r\n<htm>".encode()),
    "JSON of another kind": saying(f"{ES}Content-Length: 2\r\n\r\n[]".encode()),
    "an object without hits": saying(f"{ES}Content-Length: 2\r\n\r\n{{}}".encode()),
    "another product": saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"),
    "half an answer": saying(f"{ES}Content-Length: 200\r\n\r\n{{".encode()),
}


@pytest.mark.parametrize("answering", ELASTIC.values(), ids=list(ELASTIC))
async def test_an_elasticsearch_that_hangs_or_talks_nonsense_is_a_503_of_the_search_alone(
    answering: Callable[..., Awaitable[None]], shelves: Shelves, valkey: PrivateServer
) -> None:
    page = a_page()
    await shelves.put_product(page)
    await shelves.put(products.TREE, "all", products.CategoryTree([]))
    async with (
        listening(answering) as elasticsearch,
        client_of(create_query_api(settings_of(valkey.url, elasticsearch.url))) as api,
    ):
        await refused_in_time(lambda: api.get("/v1/search?q=lamp"), "elasticsearch_unavailable")
        assert (await api.get(f"/v1/products/{page.id}")).status_code == 200


async def test_a_mail_server_that_hangs_holds_a_mail_up_for_a_bounded_time_and_loses_none(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await confirmed(shop)
    await react(shop)
    async with listening(hang) as silent:
        hanging = MailServer(f"smtp://127.0.0.1:{silent.port}")
        for _ in range(3):
            began = time.monotonic()
            assert await send_due(shop.pool, shop.keyring, hanging, TEXTS, shop.settings) == 1
            assert time.monotonic() - began < smtp.TIMEOUT + 3
            await due_now(shop)
    await send_due(shop.pool, shop.keyring, server, TEXTS, shop.settings)
    assert len(received.mails) == 1
    assert await ledger(shop) == ["sent"]

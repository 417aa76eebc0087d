"""A store that is down: 503 from what needs it, and it comes back by itself."""

import asyncio
from collections.abc import Callable
from time import perf_counter

import httpx
import msgspec
import pytest
from elasticsearch import AsyncElasticsearch
from msgspec import Raw, structs

from projector.read_models import product_page, product_search
from projector.read_models.product import Product
from read_side.app import create_app
from shared.documents.indices import INDICES
from shared.documents.layout import alias_name, index_name
from shared.documents.products import SEARCH, TREE, Category, CategoryTree
from shared.documents.shelves import Shelf
from shared.events.catalog import Image, ProductFacts, Variant
from shared.events.inventory import BundleComponent
from shared.ids import uuid7
from shared.links import order_token
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.conftest import LINK_SECRET, settings_of
from tests.integration.read_side.shelves import VERSION, Shelves, a_page, eventually, position
from tests.integration.read_side.test_recommendations import Counted

SHELF = Shelf(on_hand=3, reserved=1, low_at=2)


def facts() -> ProductFacts:
    variant = Variant(uuid7(), "lamp", "4006381333931", "Red", {"colour": "red"})
    return ProductFacts(
        slug="lamp", name="Lamp", brand="Nox", description="Bright.", product_type="Lamps", status="active",
        category_id=uuid7(), attributes={"watt": 5, "dimmable": True, "colour": ["red", "white"]},
        images=[Image("https://images.example/a.jpg", "A lamp")], variants=[variant],
    )  # fmt: skip


def encoded(told: ProductFacts) -> Raw:
    return Raw(msgspec.json.encode(told))


async def everything(api: httpx.AsyncClient) -> list[httpx.Response]:
    order = uuid7()
    paths = (f"/v1/products/{uuid7()}", "/v1/products/by-sku/a", "/v1/stock/a", "/v1/stock?sku=a", "/v1/categories")
    asked = [api.get(path) for path in paths]
    asked.append(api.get(f"/v1/orders/{order}", headers={"Order-Token": order_token(LINK_SECRET, order)}))
    asked.append(api.get("/v1/staff/stock/a", headers={"Authorization": f"Bearer db_{order.hex}_x"}))
    return list(await asyncio.gather(*asked))


@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_without_redis(api: httpx.AsyncClient, shelves: Shelves, valkey: PrivateServer, how: str) -> None:
    await api.get("/v1/stock/a")
    (valkey.kill if how == "killed" else valkey.pause)()
    try:
        started = perf_counter()
        for answer in await everything(api):
            assert (answer.status_code, answer.json()["code"]) == (503, "redis_unavailable")
            assert answer.headers["retry-after"] == "1"
        assert perf_counter() - started < 5
        ready = await api.get("/health/ready")
        assert (ready.status_code, ready.json()["checks"]["redis"]["status"]) == (503, "down")
        assert (await api.get("/health/live")).status_code == 200
        assert (await api.get(f"/v1/orders/{uuid7()}")).status_code == 401  # needs no store to know
    finally:
        valkey.start() if how == "killed" else valkey.resume()
    await shelves.redis.connection_pool.disconnect()  # the test's own connection died, too
    await shelves.redis.flushall()
    await shelves.open()
    page = a_page()
    body = await shelves.put_product(page)
    answer = await eventually(api, f"/v1/products/{page.id}", lambda answer: answer.status_code == 200)
    assert answer.content == body


async def test_without_elasticsearch_only_search_suffers_and_offers_what_redis_has(
    api: httpx.AsyncClient, shelves: Shelves
) -> None:
    page, liked, lamps = a_page(), a_page("popular"), Category(uuid7(), None, "lamps", "Lamps")
    for each in (page, liked):
        await shelves.put_product(each)
    await shelves.put(TREE, "tree", CategoryTree([lamps]))
    await Counted(shelves).popular(lamps.id, liked.id)
    offered: dict[str, list[str]] = {
        "/v1/search?q=lamp": [],
        "/v1/search?q=lamp-red": [str(page.id)],
        "/v1/search?q=4006381333931&category=lamps": [str(liked.id)],  # the last one put has the EAN
        "/v1/categories/lamps/products": [str(liked.id)],
        "/v1/brands/lumen/products": [],
    }
    for path, ids in offered.items():
        answer = await api.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "elasticsearch_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert [item["id"] for item in answer.json()["instead"]] == ids, path
    typed = await api.get("/v1/suggestions?q=lam")
    assert (typed.status_code, typed.headers["stale"], typed.headers["cache-control"]) == (200, "behind", "no-store")
    assert [each["slug"] for each in typed.json()["categories"]] == ["lamps"]
    assert typed.json()["products"] == []
    assert (await api.get("/v1/brands")).status_code == 503, "none was ever seen"
    tree = await api.get("/v1/categories")
    assert tree.json()["categories"][0]["slug"] == "lamps"
    assert (await api.get(f"/v1/products/{page.id}")).status_code == 200
    ready = await api.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")


@pytest.fixture
async def known(elasticsearch_url: str, index_prefix: str) -> Product:
    """A product in Elasticsearch, as the projector writes it; 20 others beside it are drafts."""
    product = Product(9, uuid7(), encoded(facts()), {"lamp": {"EUR": 1900, "JPY": 300}}, {"lamp": {"main": SHELF}})
    product = structs.replace(product, bundles={"lamp": "low"}, components={"lamp": [BundleComponent("bulb", 2)]})
    drafts = [Product(9, uuid7(), encoded(structs.replace(facts(), status="draft", slug=f"d-{n}"))) for n in range(20)]
    async with AsyncElasticsearch(elasticsearch_url, request_timeout=30) as client:
        index = index_name(index_prefix, SEARCH, VERSION)
        await client.indices.create(index=index, **INDICES[SEARCH], aliases={alias_name(index_prefix, SEARCH): {}})
        for each in (product, *drafts):
            [(id_, body)] = product_search.render(str(each.id), each, {}).documents.items()
            document = {**msgspec.json.decode(body or b""), "fold": msgspec.json.decode(msgspec.json.encode(each))}
            await client.index(index=index, id=id_, document=document, refresh=True)
        await client.search(index=index)  # a JVM's first one is slow
    return product


@pytest.mark.parametrize("how", ["killed", "paused", "emptied"])
async def test_without_redis_pages_come_from_elasticsearch(
    known: Product, shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, index_prefix: str, how: str
) -> None:
    [page] = product_page.render(str(known.id), known, {}).documents.values()
    ways: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
        "killed": (valkey.kill, valkey.start),
        "paused": (valkey.pause, valkey.resume),
        "emptied": (lambda: None, lambda: None),
    }
    lost, back = ways[how]
    names = (str(known.id), "by-slug/lamp", "by-sku/lamp", "by-ean/4006381333931")
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, index_prefix))) as api:
        await shelves.redis.flushall()
        lost()
        try:
            for name in names:
                answer = await api.get(f"/v1/products/{name}")
                assert (answer.status_code, answer.content) == (200, page), name
            unknown = await api.get(f"/v1/products/{uuid7()}")
            assert unknown.status_code == 503, "what isn't there may be all the same"
            waited = await api.get(f"/v1/products/{known.id}", headers=position(f"product:{known.id}", 12))
            assert (waited.status_code, waited.headers["stale"]) == (200, "behind")
        finally:
            back()
        await shelves.redis.connection_pool.disconnect()
        await shelves.open()
        body = await shelves.put_product(structs.replace(a_page(), id=known.id))
        await eventually(api, f"/v1/products/{known.id}", lambda answer: answer.content == body)


async def test_a_herd_without_redis_is_one_question(
    known: Product, shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, index_prefix: str
) -> None:
    async with (
        AsyncElasticsearch(elasticsearch_url, request_timeout=30) as client,
        client_of(create_app(settings_of(valkey.url, elasticsearch_url, index_prefix))) as api,
    ):

        async def asked() -> int:
            stats = await client.indices.stats(index=index_name(index_prefix, SEARCH, VERSION), metric="search")
            return int(stats["_all"]["total"]["search"]["query_total"])

        await shelves.redis.flushall()
        before = await asked()
        answers = await asyncio.gather(*(api.get(f"/v1/products/{known.id}") for _ in range(100)))
        assert {answer.status_code for answer in answers} == {200}
        assert await asked() - before < 20, "a busy machine may need more than the second that it is kept"

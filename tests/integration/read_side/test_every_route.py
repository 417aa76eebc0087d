"""Each success that the query API's document declares, seen once on real servers and held to its schema; the front of
the hottest paths included."""

from collections.abc import AsyncIterator

import pytest
from elasticsearch import Elasticsearch

from read_side.app import create_app
from shared.documents import orders
from shared.documents.indices import INDICES
from shared.documents.layout import alias_name, index_name
from shared.documents.order_records import RECORDS
from shared.ids import uuid7
from shared.links import order_token
from tests.fixtures.asgi import HeldClient, client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import Shop
from tests.integration.read_side.conftest import LINK_SECRET, settings_of
from tests.integration.read_side.shelves import VERSION, Shelves, a_page, an_order
from tests.integration.read_side.test_recommendations import Counted
from tests.integration.read_side.test_waiting_room import put as put_sale


@pytest.fixture
def filled_prefix(elasticsearch_url: str, index_prefix: str) -> str:
    """A shop in Elasticsearch."""
    with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
        Shop().index(client, index_prefix)
        client.indices.create(
            index=index_name(index_prefix, RECORDS, VERSION), **INDICES[RECORDS],
            aliases={alias_name(index_prefix, RECORDS): {}},
        )  # fmt: skip
        client.search(index=f"{index_prefix}products", query={"match_all": {}})  # a JVM's first one is slow
    return index_prefix


@pytest.fixture(params=["front", "litestar"])
async def api(
    request: pytest.FixtureRequest, valkey: PrivateServer, elasticsearch_url: str, filled_prefix: str
) -> AsyncIterator[HeldClient]:
    """A client of the query API."""
    settings = settings_of(valkey.url, elasticsearch_url, filled_prefix)
    async with client_of(create_app(settings, fronted=request.param == "front")) as client:
        yield client


async def test_every_success_is_answered_as_declared(shelves: Shelves, api: HeldClient) -> None:
    page, order = a_page(), an_order()
    await shelves.put_product(page)
    await shelves.put_stock("lamp-red", 3)
    await shelves.put(orders.STATUS, order.id, order)
    await Shop().tell(shelves)
    sale = await put_sale(shelves, starts_in=3600)
    await Counted(shelves).made()
    promotion_id = await shelves.announce()
    staff = await shelves.put_token(["stock:read", "orders:read", "catalog:write"])
    for path in (
        f"/v1/products/{page.id}",
        f"/v1/products?id={page.id}&id={uuid7()}",
        f"/v1/products/by-slug/{page.slug}",
        "/v1/products/by-sku/lamp-red",
        "/v1/products/by-ean/4006381333931",
        "/v1/stock/lamp-red",
        "/v1/stock?sku=lamp-red&sku=none",
        "/v1/staff/stock/lamp-red",
        "/v1/categories",
        "/v1/categories/light/products?filter.Colour=red&price_max=5000",
        "/v1/brands",
        "/v1/product-types",
        "/v1/brands/nox/products?limit=2",
        "/v1/promotions",
        f"/v1/promotions/{promotion_id}/products?limit=2",
        f"/v1/sales/{sale.id}/products",
        "/v1/search?q=product&available=true&limit=3",
        "/v1/suggestions?q=produ",
        f"/v1/orders/{order.id}?token={order_token(LINK_SECRET, order.id)}",
        f"/v1/sales/{sale.id}",
        "/v1/sales/by-sku/lamp",
        f"/v1/products/{page.id}/bought-together",
        f"/v1/products/{page.id}/related",
        f"/v1/products/{page.id}?variant=lamp-red",
        f"/v1/products/{page.id}/similar",
        f"/v1/recommendations?product={page.id}",
    ):
        answer = await api.get(path, headers=staff)
        assert answer.status_code == 200, answer.text
        known = await api.get(path, headers=staff | {"If-None-Match": answer.headers["ETag"]})
        assert known.status_code == 304, path
    signed_in = await shelves.put_session(uuid7())
    own = await api.get("/v1/account/orders?limit=3", headers=signed_in)
    assert own.status_code == 200, own.text
    known = await api.get("/v1/account/orders", headers=signed_in | {"If-None-Match": own.headers["ETag"]})
    assert (own.json(), known.status_code) == ({"orders": [], "next_cursor": None}, 304)
    pins = {"kind": "pins", "when": "product", "products": [str(page.id)]}
    answer = await api.post("/v1/staff/search-preview?q=product", json={"rules": [pins]}, headers=staff)
    assert answer.status_code == 200, answer.text
    viewed = {"consent": True, "session": "s" * 16, "events": [{"what": "view", "product_id": str(page.id)}]}
    answer = await api.post("/v1/behaviour", json=viewed)
    assert (answer.status_code, answer.json()) == (202, {"taken": 1})
    drawn = await api.post(f"/v1/sales/{sale.id}/tickets")
    held = {"Ticket": drawn.json()["ticket"]}
    turn = await api.get(f"/v1/sales/{sale.id}/turn", headers=held)
    known = await api.get(f"/v1/sales/{sale.id}/turn", headers=held | {"If-None-Match": turn.headers["ETag"]})
    assert known.status_code == 304
    for path in ("/health/live", "/health/ready"):
        await api.get(path)
    assert api.conformance.unseen_successes() == set()

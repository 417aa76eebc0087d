"""Whoever is signed in sees the orders of their account, and nobody else's."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx
import msgspec
import pytest
from elasticsearch import Elasticsearch

from read_side.app import create_app
from shared.documents import accounts
from shared.documents.indices import INDICES
from shared.documents.layout import alias_name, index_name
from shared.documents.order_records import RECORDS, OrderRecord
from shared.ids import uuid7
from shared.links import opens_order
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.conftest import LINK_SECRET, settings_of
from tests.integration.read_side.shelves import NOW, SHARDS, VERSION, Shelves

ADA, EVE = uuid7(), uuid7()
PATH = "/v1/account/orders"


def a_record(account_id: UUID | None, n: int) -> OrderRecord:
    return OrderRecord(
        order_id=UUID(int=n), number=f"N-{n}", state="confirmed", payment_state="captured", country="DE",
        currency="EUR", lines_minor=1000, shipping_minor=0, discount_minor=0, tax_minor=190, total_minor=1190,
        refunded_minor=0, released_minor=0, fulfilment="none", items=1, skus=["lamp"], product_ids=[], promotion_ids=[],
        codes=[], placed_at=NOW, updated_at=NOW, position=n, account_id=account_id,
    )  # fmt: skip


@pytest.fixture
async def api(
    shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, index_prefix: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the query API; three orders are Ada's, one is Eve's, one is a guest's."""
    alias = alias_name(index_prefix, RECORDS)
    with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
        index = index_name(index_prefix, RECORDS, VERSION)
        client.indices.create(index=index, **INDICES[RECORDS], aliases={alias: {}})
        for n, whose in enumerate([ADA, EVE, ADA, None, ADA], 1):
            client.index(index=alias, id=str(n), document=msgspec.to_builtins(a_record(whose, n)), refresh=True)
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, index_prefix))) as client_:
        yield client_


async def test_own_orders_come_newest_first_page_by_page_and_nobody_else_s(
    api: httpx.AsyncClient, shelves: Shelves
) -> None:
    ada, eve = await shelves.put_session(ADA), await shelves.put_session(EVE)
    first = (await api.get(f"{PATH}?limit=2", headers=ada)).json()
    assert [order["number"] for order in first["orders"]] == ["N-5", "N-3"]
    assert opens_order(LINK_SECRET, first["orders"][0]["order_token"], UUID(int=5))
    rest = (await api.get(PATH, params={"cursor": first["next_cursor"]}, headers=ada)).json()
    assert ([order["number"] for order in rest["orders"]], rest["next_cursor"]) == (["N-1"], None)
    assert [order["number"] for order in (await api.get(PATH, headers=eve)).json()["orders"]] == ["N-2"]
    stolen = await api.get(PATH, params={"cursor": first["next_cursor"]}, headers=eve)
    assert (stolen.status_code, stolen.json()["code"]) == (400, "broken_cursor")


async def test_a_session_that_ended_or_is_too_old_shows_nothing(api: httpx.AsyncClient, shelves: Shelves) -> None:
    ended = await shelves.put_session(ADA, revoked=True)
    old = await shelves.put_session(ADA, expires_at=NOW - timedelta(days=3650))
    wrong = {"Authorization": (await shelves.put_session(ADA))["Authorization"] + "x"}
    staff = await shelves.put_token(["orders:read"])
    for headers in (ended, old, wrong, staff, {}):
        assert (await api.get(PATH, headers=headers)).status_code == 401
    await shelves.unready(accounts.MODEL, *range(SHARDS))
    unknown = {"Authorization": f"Bearer ds_{uuid7().hex}_secret"}
    assert (await api.get(PATH, headers=unknown)).status_code == 503, "perhaps it was opened this moment"

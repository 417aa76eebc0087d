"""Injection: whatever a text says, it stays a text, in SQL, in Elasticsearch, in Redis, in headers, logs and mails."""

import json
import logging
from io import StringIO
from urllib.parse import quote

import httpx
import msgspec
import pytest
from elasticsearch import Elasticsearch

from read_side.app import create_app as create_query_api
from shared.documents import products
from shared.http import correlation
from shared.http.logs import JsonLines
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_mails import react, send
from tests.integration.checkout.test_over_http import BUYER, Guest
from tests.integration.read_side.catalog import Shop as CatalogShop
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves
from tests.integration.write_api.conftest import Issue
from write_side.customers import AddressInput, contact
from write_side.customers.domain import BrokenAddress, BrokenMail
from write_side.notifications.gateway import MailServer

SQL = [
    "'; DROP TABLE cart; --",
    "' OR '1'='1",
    "1); DELETE FROM event_log; --",
    "\\'; SELECT pg_sleep(9); --",
    "$1",
    "%s",
    '"; TRUNCATE event_log CASCADE; --',
    "lamp' UNION SELECT secret_sha256 FROM access_token --",
]


@pytest.mark.parametrize("text", SQL)
async def test_sql_in_a_text_is_a_text(api: httpx.AsyncClient, shop: Shop, staff: Issue, text: str) -> None:
    headers = await staff("catalog:write", "stock:write")
    body = {"name": text, "variants": [{"sku": text.strip()}], "brand": text, "attributes": {text: text}}
    made = await api.post("/v1/products", headers=headers, json=body)
    assert made.status_code == 201, made.text
    product = (await api.get(f"/v1/products/{made.json()['id']}", headers=headers)).json()
    assert text in json.dumps(product, ensure_ascii=False).replace('\\"', '"').replace("\\\\", "\\")
    price = await api.put(f"/v1/prices/{quote(text.strip(), safe='')}/EUR", headers=headers, json={"amount_minor": 100})
    assert price.status_code == 200, price.text
    guest = Guest(api, (await api.post("/v1/carts", json={"currency": "EUR"})).json())
    added = await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": text.strip(), "quantity": 1})
    assert added.json()["sku"] == text.strip()
    unknown = await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": f"{text}x", "quantity": 1})
    assert unknown.json()["code"] == "unknown_sku"
    assert await shop.pool.fetchval("SELECT count(*) FROM cart") == 1


OPERATORS = [
    'lamp" OR *',
    "*",
    "name:*",
    "+lamp -lamp",
    "lamp~100",
    "/.*/",
    "_exists_:name",
    '{"match_all": {}}',
    "lamp*",
    "(lamp OR",
    '"',
    "\\",
    "a AND (b",
    "lamp^1e9",
    "<script>",
    "*:*",
    "[1 TO *]",
    "\u0000",
    "\u202elamp",
]
FIELDS = [
    "filter.*=x",
    "filter.=x",
    "filter._id=x",
    "filter.name=x",
    "filter.a.b.c=x",
    "filter.x%22%7D=x",
    "facets=*",
    "facets=_source,name,prices.EUR",
    "facets=%7B%7D",
    "filter.x%5B=y",
    "sort=_score",
    "sort=name,desc",
    "filter.%00=1",
]


@pytest.fixture
async def catalog(
    shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, index_prefix: str
) -> tuple[CatalogShop, object]:
    """A catalog of 500 products in Elasticsearch, and a client's app."""
    shop = CatalogShop()
    with Elasticsearch(elasticsearch_url) as client:
        shop.index(client, index_prefix)
    await shop.tell(shelves)
    return shop, create_query_api(settings_of(valkey.url, elasticsearch_url, index_prefix))


async def test_a_search_is_words_and_never_a_query_of_the_clients_own(catalog: tuple[CatalogShop, object]) -> None:
    shop, app = catalog
    everything, shown = ({str(p.product_id) for p in some} for some in (shop.products, shop.found))
    hidden = everything - shown
    async with client_of(app) as client:  # type: ignore[arg-type]
        for text in OPERATORS:
            answer = await client.get("/v1/search", params={"q": text, "limit": 100})
            assert answer.status_code in (200, 400), answer.text
            if answer.status_code == 200:
                found = {item["id"] for item in answer.json()["items"]}
                assert not found & hidden
                assert len(found) < len(shop.found) or text.strip() == ""
        for asked in FIELDS:
            answer = await client.get(f"/v1/search?{asked}")
            assert answer.status_code in (200, 400), (asked, answer.text)
            if asked.startswith("filter.") and answer.status_code == 200:
                assert answer.json()["items"] == [], "a filter reaches attributes alone"


NAMES = [
    "lamp:doc:x",
    "*",
    "lamp\r\nGET x",
    "{tag}",
    "stock_level:v3:doc:lamp",
    "../../x",
    "lamp\x00",
    "live",
    "log",
    "%2e%2e",
]


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_is_part_of_one_key_and_reaches_no_other(
    query: httpx.AsyncClient, shelves: Shelves, name: str
) -> None:
    await shelves.put(products.TREE, "all", products.CategoryTree([]))
    for path in ("stock", "products/by-sku", "products/by-slug", "products/by-ean"):
        answer = await query.get(f"/v1/{path}/{quote(name, safe='')}")
        assert answer.status_code in (400, 404), answer.text
    many = await query.get("/v1/stock", params={"sku": [name]})
    assert many.json().get("unknown", [name]) == [name]


async def test_a_correlation_id_of_a_client_breaks_no_line_and_no_header(api: httpx.AsyncClient) -> None:
    for given in (b"a\tb", b"x" * 65, b"{}", b'"', b"\xff", b"a b", b"<x>", b"${jndi:ldap://x}"):
        answer = await api.get("/health/live", headers={b"X-Correlation-Id": given})
        assert answer.headers["X-Correlation-Id"].encode("latin-1") != given
    assert correlation.accepted(b"a\r\nSet-Cookie: x") != "a\r\nSet-Cookie: x"
    assert correlation.accepted(b"trace-1\n") != "trace-1\n"


def test_a_log_line_is_one_line_whatever_stands_in_it() -> None:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("test"))
    hostile = 'x\r\n{"at":"now","level":"info","event":"forged"}\u2028\u2029\x1b[31m'
    record = logging.LogRecord("n", logging.INFO, "p", 1, hostile, None, None)
    record.fields = {hostile: hostile}
    handler.emit(record)
    [line] = stream.getvalue().rstrip("\n").split("\n")
    assert json.loads(line)["event"] == hostile
    assert "\r" not in line
    assert "\x1b" not in line


ADDRESS = msgspec.convert(BUYER["address"], AddressInput)
HOSTILE_MAILS = [
    "a@x.example\r\nBcc: b@x.example",
    "a@x.example\nX: y",
    "a@x.example, b@x.example",
    "<a@x.example>",
    '"a b"@x.example',
    "a@x.example;b@x.example",
    "a@x.example\x00",
    "a@[127.0.0.1]",
    "a@x\u2028.example",
]


@pytest.mark.parametrize("mail", HOSTILE_MAILS)
def test_a_mail_address_carries_no_second_recipient_and_no_header(mail: str) -> None:
    with pytest.raises(BrokenMail):
        contact(mail, ADDRESS)


@pytest.mark.parametrize("mail", HOSTILE_MAILS)
def test_whom_gift_cards_are_for_is_one_recipient_and_no_header(mail: str) -> None:
    with pytest.raises(BrokenAddress):
        contact("a@x.example", msgspec.structs.replace(ADDRESS, gift_card_mail=mail))


@pytest.mark.parametrize("field", ["name", "line1", "line2", "city", "region", "postal_code"])
@pytest.mark.parametrize("text", ["a\r\nBcc: b@x.example", "a\nb", "a\x00b", "a\x1b[2J", "a\u2028b", "a\u202eb"])
def test_no_field_of_an_address_holds_a_line_end_or_a_control(field: str, text: str) -> None:
    with pytest.raises(BrokenAddress):
        contact("a@x.example", msgspec.structs.replace(ADDRESS, **{field: text}))


async def test_markup_in_a_name_is_a_name_in_the_mail(
    api: httpx.AsyncClient, shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    hostile = '<script>alert(1)</script> & "Co" Subject: x'
    guest = Guest(api, (await api.post("/v1/carts", json={"currency": "EUR"})).json())
    await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": "lamp", "quantity": 1})
    body = {"mail": "a@x.example", "address": {**BUYER["address"], "name": hostile}}  # type: ignore[dict-item]
    quoted = await guest.post(f"/v1/carts/{guest.id}/quotes", body)
    placed = await guest.post("/v1/orders", {"quote_id": quoted.json()["id"]}, **{"Idempotency-Key": "k"})
    fields = ("id", "number", "state", "totals", "payment", "expires_at")
    order = msgspec.convert({field: placed.json()[field] for field in fields}, shop.order_type, strict=False)
    await shop.pay(order)
    await shop.complete(order)
    await react(shop)
    await send(shop, server)
    [mail] = received.mails
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "&lt;script&gt;" in html.get_content()
    assert mail["Subject"] == f"Your order {order.number} is confirmed"
    assert mail.get_all("To") == ["a@x.example"]
    assert mail["Bcc"] is None

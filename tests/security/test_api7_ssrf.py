"""OWASP API7: no address that a client gives is ever asked for anything, and none of ours is made from a client's."""

import ast
import asyncio
from pathlib import Path

import httpx
import pytest

from shared.settings import Settings
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_over_http import BUYER, Guest
from tests.integration.write_api.conftest import Issue
from tests.security.servers import hang, listening

ROOT = Path(__file__).parents[2]
CLIENTS = {"aiohttp", "httpx", "requests", "urllib", "urllib3", "http", "aiosmtplib", "stripe", "elasticsearch",
           "elastic_transport", "socket", "ftplib", "smtplib"}  # fmt: skip

# Who speaks to another machine by something else than Postgres and Redis: each to an address out of the settings.
MAY_CALL = {
    "write_side/payments/gateway.py",
    "write_side/payments/bounded_client.py",
    "write_side/payments/asking.py",  # what every question to Stripe goes through
    "write_side/payments/refunding.py",
    "write_side/payments/intents.py",  # reads what Stripe's SDK brought; the gateway asks
    "write_side/fulfilment/booking/gateway.py",
    "write_side/notifications/gateway.py",
    "write_side/taxes/service.py",  # to the address in the settings
    "write_side/taxes/vat_checks.py",  # to the address in the settings
    "write_side/webhooks/gateway.py",  # the one that asks addresses which staff gave: tests/integration/webhooks
    "read_side/search/index.py",
    "read_side/search/wire.py",  # its own connections, to the Elasticsearch of the settings
    "read_side/app.py",
    "projector/elasticsearch_sink.py",
    "projector/indices.py",  # is handed the sink's client
    "projector/merging.py",  # is handed a client of the sink's kind
    "projector/observations.py",  # is handed the sink's client, too
    "projector/rebuild.py",  # is handed the sink's client
    "projector/bulk.py",
    "projector/raw_hits.py",  # reads what the sinks' Elasticsearch answered
    "projector/price_slots/filling.py",  # to the sinks' Elasticsearch
    "projector/price_slots/pricer.py",  # tells the filling's errors apart
    "shared/http/handover.py",  # listens where nobody knocks
    "shared/http/serve.py",  # looks whether its own port is free
    "shared/http/health.py",  # tells the errors of sockets apart
}


def clients_of(source: str) -> set[str]:
    """The client libraries that a file imports; parsing an address is no call."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    harmless = {"urllib.parse", "http.HTTPStatus", "http"}
    return {name for name in found - harmless if name.partition(".")[0] in CLIENTS}


def test_only_the_gateways_can_call_anybody() -> None:
    assert clients_of("import httpx") == {"httpx"}
    calling = {
        str(path.relative_to(ROOT))
        for side in ("write_side", "read_side", "projector", "shared")
        for path in (ROOT / side).rglob("*.py")
        if clients_of(path.read_text())
    }
    assert calling - MAY_CALL == set()


async def test_addresses_in_a_clients_words_are_never_asked(api: httpx.AsyncClient, shop: Shop, staff: Issue) -> None:
    async with listening(hang) as bait:
        url = f"{bait.url}/picture.png"
        product = {
            "name": f"Lamp {url}",
            "variants": [{"sku": "bait", "name": url}],
            "brand": url,
            "description": f"<img src={url}>",
            "attributes": {"link": url},
            "images": [{"url": url, "alt": url}],
            "external_ref": url,
        }
        made = await api.post("/v1/products", headers=await staff("catalog:write"), json=product)
        assert made.status_code == 201, made.text
        guest = Guest(api, (await api.post("/v1/carts", json={"currency": "EUR"})).json())
        await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": "lamp", "quantity": 1})
        address = {**BUYER["address"], "name": url, "line1": url}  # type: ignore[dict-item]
        quote = await guest.post(f"/v1/carts/{guest.id}/quotes", {"mail": "a@x.example", "address": address})
        headers = {"Idempotency-Key": "k", "Host": f"127.0.0.1:{bait.port}", "X-Forwarded-Host": url, "Referer": url}
        order = await guest.post("/v1/orders", {"quote_id": quote.json()["id"]}, **headers, Origin=bait.url)
        assert order.status_code == 201
        assert str(bait.port) not in order.text, "the link to an order is made from our own address alone"
        token = {"Order-Token": order.json()["order_token"], "X-Callback": url}
        await api.post(f"/v1/payments/{order.json()['payment']['id']}/session", headers=token)
        await shop.work()
        await asyncio.sleep(0)
        assert bait.connections == 0


SCHEMES = [
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "//x.example/a",
    "ftp://x.example",
    "gopher://x",
    "https://x.example/\r\nX: y",
    'https://x.example/"onerror=',
    "http:/\\x.example",
    " https://x.example",
]


@pytest.mark.parametrize("url", SCHEMES)
async def test_an_image_is_named_by_a_web_address_and_nothing_else(
    api: httpx.AsyncClient, staff: Issue, url: str
) -> None:
    product = {"name": "n", "variants": [{"sku": "s"}], "images": [{"url": url}]}
    answer = await api.post("/v1/products", headers=await staff("catalog:write"), json=product)
    assert answer.status_code == 422


def test_the_addresses_that_are_asked_come_from_the_settings() -> None:
    named = {name for name in Settings.__struct_fields__ if name.endswith(("_url", "_base"))}
    named.remove("image_base_url")  # goes before images' paths in answers, and is never asked
    assert named == {"database_url", "redis_url", "elasticsearch_url", "keyring_url", "stripe_api_base", "carrier_url",
                     "smtp_url", "streams_url", "public_read_url", "public_shop_url", "tax_service_url",
                     "vat_check_url"}  # fmt: skip

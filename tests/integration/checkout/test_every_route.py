"""Each success that the command API's document declares, seen once on real servers and held to its schema."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from doorbuster.simulators.signing import signature
from shared.ids import uuid7
from shared.settings import Settings
from tests.fixtures.asgi import HeldClient, client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.routes_of_goods import (
    bulk_edits,
    files,
    gift_cards,
    goods,
    product_types,
    promotions,
    sales,
    search_rules,
)
from tests.integration.checkout.routes_of_operators import history, projections, webhooks
from tests.integration.checkout.routes_of_orders import guest, held, shipped_and_refunded, sold_out
from tests.integration.checkout.routes_of_people import accounts, persons
from tests.integration.checkout.shop import Shop
from write_side import access
from write_side.access import SCOPES
from write_side.app import create_app
from write_side.notifications.gateway import MailServer

Json = dict[str, Any]


@pytest.fixture
async def api(shop: Shop, shop_settings: Settings, tmp_path: Path) -> AsyncIterator[HeldClient]:
    """A client of the command API; who it is changes from request to request."""
    ledger = str(tmp_path / "erasures.jsonl")
    settings = structs.replace(shop_settings, erasure_ledger=ledger, carrier_webhook_secret="whsec")
    async with client_of(create_app(settings)) as client:
        yield client


async def test_every_success_is_answered_as_declared(
    api: HeldClient, shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    token = msgspec.json.decode((await access.issue_token(shop.pool, "test", list(SCOPES), None, CAUSE)).body)["token"]
    staff = {"Authorization": f"Bearer {token}"}

    async def ask(method: str, path: str, body: Json | None = None, **headers: str) -> Json:
        sent = {"Idempotency-Key": str(uuid7())} | {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await api.request(method, path, json=body, headers=staff | sent)
        assert answer.is_success, answer.text
        return dict(answer.json())

    await goods(ask)
    await guest(ask, shop)
    await shipped_and_refunded(ask, shop)
    await held(ask, shop)
    made = await ask("POST", "/v1/tokens", {"name": "n", "scopes": ["orders:read"]})
    await ask("GET", "/v1/tokens")
    await ask("DELETE", f"/v1/tokens/{made['id']}")
    await ask("GET", "/v1/audit")
    await sold_out(ask, shop)
    body, stripes = shop.signed({"id": "evt_1", "type": "charge.updated", "data": {"object": {"object": "charge"}}})
    await api.post("/v1/webhooks/stripe", content=body, headers={"Stripe-Signature": stripes})
    scan = {"id": "s", "tracking_number": "1", "status": "collected", "at": "2026-11-27T10:00:00Z"}
    body = msgspec.json.encode(scan)
    signed = {"Carrier-Signature": signature(body, "whsec", int(time.time()))}
    await api.post("/v1/webhooks/carrier", content=body, headers=signed)
    await ask("GET", "/v1/events")
    await webhooks(ask)
    await promotions(ask)
    await gift_cards(ask)
    await sales(ask, shop)
    await search_rules(ask)
    await product_types(ask)
    await bulk_edits(ask, shop)
    await files(api, staff, shop)
    await history(ask, shop)
    await projections(ask, shop)
    await persons(ask)
    await accounts(ask, *inbox, shop)
    for path in ("/health/live", "/health/ready"):
        await api.get(path)
    assert api.conformance.unseen_successes() == set()

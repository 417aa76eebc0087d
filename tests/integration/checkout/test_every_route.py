"""Each success that the command API's document declares, seen once on real servers and held to its schema."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import structs

from doorbuster.simulators.signing import signature
from shared.ids import uuid7
from shared.settings import Settings
from shared.tickets import Ticket
from tests.fixtures.asgi import HeldClient, client_of
from tests.fixtures.write_side import CAUSE, TEXTS, new_call
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_fraud import suspicious
from tests.integration.checkout.test_over_http import BUYER
from tests.integration.projections.test_parked_keys import park
from write_side import access
from write_side.access import SCOPES
from write_side.accounts.letters import sending as letters
from write_side.app import create_app
from write_side.imports.pace import Pace
from write_side.imports.runs.carrying import carry_on
from write_side.imports.uploads.carrying import carry_on as import_file
from write_side.notifications.gateway import MailServer
from write_side.orders import OrderState
from write_side.payments import open_providers
from write_side.refunds import learning as refunds
from write_side.returns import handlers as returns
from write_side.returns.domain import NewReturn

Json = dict[str, Any]
LAMP = {"name": "Lamp", "variants": [{"sku": "LAMP", "ean": "4006381333931"}], "attributes": {"watts": 9.5}}


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

    await _staff(ask)
    await _guest(ask, shop)
    await _shipped_and_refunded(ask, shop)
    await _held(ask, shop)
    made = await ask("POST", "/v1/tokens", {"name": "n", "scopes": ["orders:read"]})
    await ask("GET", "/v1/tokens")
    await ask("DELETE", f"/v1/tokens/{made['id']}")
    await ask("GET", "/v1/audit")
    await _sold_out(ask, shop)
    body, stripes = shop.signed({"id": "evt_1", "type": "charge.updated", "data": {"object": {"object": "charge"}}})
    await api.post("/v1/webhooks/stripe", content=body, headers={"Stripe-Signature": stripes})
    scan = {"id": "s", "tracking_number": "1", "status": "collected", "at": "2026-11-27T10:00:00Z"}
    body = msgspec.json.encode(scan)
    signed = {"Carrier-Signature": signature(body, "whsec", int(time.time()))}
    await api.post("/v1/webhooks/carrier", content=body, headers=signed)
    await ask("GET", "/v1/events")
    await _webhooks(ask)
    await _promotions(ask)
    await _gift_cards(ask)
    await _sales(ask, shop)
    await _search_rules(ask)
    await _product_types(ask)
    await _bulk_edits(ask, shop)
    await _files(api, staff, shop)
    await _history(ask, shop)
    await _projections(ask, shop)
    await _persons(ask)
    await _accounts(ask, *inbox, shop)
    for path in ("/health/live", "/health/ready"):
        await api.get(path)
    assert api.conformance.unseen_successes() == set()


async def _sold_out(ask: Any, shop: Shop) -> None:
    await shop.stock("ebook", 1)
    await shop.order(ebook=1)
    await ask("POST", "/v1/restock-requests", {"sku": "ebook", "mail": "ada@example.org"})
    await ask("POST", "/v1/orders/links", {"number": "7F3K-29QM", "mail": "ada@example.org"})


async def _accounts(ask: Any, received: Inbox, server: MailServer, shop: Shop) -> None:
    async def link() -> str:
        await letters.send_due(shop.pool, shop.keyring, server, TEXTS, shop.settings)
        texts = [mail.get_content() for mail in received.mails if not mail.is_multipart()]
        return str([token for text in texts for token in re.findall(r"#token=([\w-]+)", text)][-1])

    who = {"mail": "ada@example.org", "password": "correct horse battery"}
    await ask("POST", "/v1/accounts", who)
    session = await ask("POST", "/v1/accounts/confirmations", {"token": await link(), "password": who["password"]})
    address = f"/v1/accounts/{session['account_id']}"
    await ask("POST", "/v1/accounts/lookups", {"mail": who["mail"]})
    await ask("GET", address)
    await ask("PUT", f"{address}/groups", {"groups": ["wholesale"]})
    await ask("POST", "/v1/accounts/password-resets", {"mail": who["mail"]})
    new = {"token": await link(), "password": "another horse battery"}
    await ask("POST", "/v1/accounts/password-resets/complete", new)
    session = await ask("POST", "/v1/sessions", who | {"password": new["password"]})
    signed_in = {"Authorization": f"Bearer {session['token']}"}
    await ask("GET", "/v1/sessions/current", **signed_in)
    await ask("GET", "/v1/account", **signed_in)
    home = {"name": "Ada", "line1": "Hill Road 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}
    entry = await ask("POST", "/v1/account/addresses", {"address": home}, **signed_in)
    address = f"/v1/account/addresses/{entry['id']}"
    await ask("PUT", address, {"address": home | {"city": "Hamburg"}}, **signed_in)
    await ask("PUT", f"{address}/default", **signed_in)
    await ask("PUT", "/v1/account/locale", {"locale": "de"}, **signed_in)
    await ask("DELETE", address, **signed_in)
    cart = await ask("POST", "/v1/account/cart", {"currency": "EUR"}, **signed_in)
    guests = await ask("POST", "/v1/carts", {"currency": "EUR"})
    secret = {"Cart_Secret": guests["secret"]}
    taken = {"from_cart_id": guests["id"]}
    await ask("POST", f"/v1/account/carts/{cart['id']}/take-over", taken, **signed_in, **secret)
    await _invoices(ask, shop, session["account_id"], cart, signed_in)
    order = await _ordered(ask)
    token = {"Order_Token": order["order_token"]}
    await ask("POST", f"/v1/account/orders/{order['id']}/claim", **signed_in, **token)
    await ask("POST", "/v1/account/orders/claims", **signed_in)
    await ask("PUT", "/v1/account/password", {"current": new["password"], "password": who["password"]}, **signed_in)
    await ask("DELETE", "/v1/sessions/current", **signed_in)
    session = await ask("POST", "/v1/sessions", who)
    await ask("DELETE", "/v1/sessions", Authorization=f"Bearer {session['token']}")


async def _invoices(ask: Any, shop: Shop, account_id: str, cart: Json, signed_in: dict[str, str]) -> None:
    await ask("PUT", f"/v1/accounts/{account_id}/groups", {"groups": ["business"]})
    credit = f"/v1/accounts/{account_id}/credit"
    await ask("PUT", credit, {"limit_minor": 100_000, "currency": "EUR"})
    await ask("GET", credit)
    address, secret = f"/v1/carts/{cart['id']}", {"Cart_Secret": cart["secret"]}
    await ask("PUT", f"{address}/lines/LAMP", {"quantity": 1}, **secret)
    quote = await ask("POST", f"{address}/quotes", BUYER | {"payment_method": "invoice"}, **secret, **signed_in)
    await ask("POST", "/v1/orders", {"quote_id": quote["id"]}, **secret)
    while await shop.work():
        pass
    [invoice] = (await ask("GET", "/v1/invoices"))["invoices"]
    await ask("GET", f"/v1/invoices/{invoice['id']}")
    await ask("POST", f"/v1/invoices/{invoice['id']}/paid", {"reference": "BANK-17"})
    await ask("POST", f"/v1/orders/{invoice['order_id']}/refunds", {"reason": "goodwill", "amount_minor": 100})
    [note] = (await ask("GET", "/v1/credit-notes"))["credit_notes"]
    await ask("GET", f"/v1/credit-notes/{note['id']}")


async def _transfers(ask: Any) -> None:
    one = [{"sku": "LAMP", "quantity": 1}]
    planned = {"from_warehouse": "BER", "to_warehouse": "HAM", "lines": one, "reference": "T-17"}
    addresses = []
    for _ in range(3):
        addresses.append(f"/v1/transfers/{(await ask('POST', '/v1/transfers', planned))['id']}")
        await ask("POST", f"{addresses[-1]}/dispatch")
    await ask("POST", f"{addresses[0]}/receipts", {"lines": one})
    lost = {"differences": [{**one[0], "why": "lost"}], "note": "claimed from the carrier"}
    await ask("POST", f"{addresses[1]}/close", lost)
    await ask("POST", f"{addresses[2]}/cancel", {"reason": "the truck broke down"})
    await ask("GET", "/v1/transfers?state=received")
    await ask("GET", addresses[0])


async def _staff(ask: Any) -> None:
    category = await ask("POST", "/v1/categories", {"name": "Light"})
    await ask("PUT", f"/v1/categories/{category['id']}", {"name": "Lights"}, If_Match='"1"')
    await ask("GET", f"/v1/categories/{category['id']}")
    product = await ask("POST", "/v1/products", LAMP | {"category_id": category["id"]})
    address = f"/v1/products/{product['id']}"
    await ask("PUT", address, LAMP | {"brand": "Lumen"}, If_Match="*")
    await ask("PATCH", address, {"status": "active"})
    await ask("GET", address)
    await ask("PUT", "/v1/prices/LAMP/JPY", {"amount_minor": 2000})
    await ask("DELETE", "/v1/prices/LAMP/JPY")
    await ask("PUT", "/v1/prices/LAMP/EUR", {"amount_minor": 1999})
    await ask("PUT", "/v1/prices/LAMP/EUR", {"amount_minor": 1499, "starts_at": "2100-01-01T00:00:00Z"})
    await ask("GET", "/v1/prices/LAMP")
    await ask("POST", "/v1/prices/LAMP/EUR/take-back", {"starts_at": "2100-01-01T00:00:00Z"})
    await _price_lists(ask)
    vat = {"name": "VAT", "rates": {"standard": 190_000, "reduced": 70_000}}
    await ask("PUT", "/v1/destinations/DE", {"taxes": [vat]})
    await ask("GET", "/v1/destinations")
    parcel = {"code": "standard", "name": "Parcel", "prices": {"EUR": [{"price_minor": 490}]}}
    zone = {"name": "Germany", "places": [{"country": "DE"}], "methods": [parcel]}
    await ask("PUT", "/v1/shipping-zones/germany", zone)
    await ask("GET", "/v1/shipping-zones")
    await _stock(ask)


async def _stock(ask: Any) -> None:
    await ask("POST", "/v1/warehouses", {"code": "BER", "name": "Berlin", "country": "DE"})
    place = {"sku": "LAMP", "warehouse": "BER"}
    await ask("PUT", "/v1/warehouses/BER/manager", {"mail": "stock-ber@shop.example"})
    south = {"latitude": 48.1, "longitude": 11.6, "serves": [{"country": "DE", "postcodes": ["8"]}, {"country": "AT"}]}
    await ask("PUT", "/v1/warehouses/BER/location", south)
    assert (await ask("PUT", "/v1/warehouses/BER", {"name": "Berlin South", "priority": 2}))["priority"] == 2
    await ask("POST", "/v1/stock-items", place)
    await ask("POST", "/v1/stock/receipts", {**place, "quantity": 10, "reason": "delivery"})
    await ask("POST", "/v1/stock/adjustments", {**place, "change": -1, "reason": "broken"})
    await ask("POST", "/v1/stock/counts", {**place, "counted": 8, "expected": 9, "reason": "inventory"})
    await ask("POST", "/v1/stock/thresholds", {**place, "low_at": 7})
    await ask("POST", "/v1/warehouses", {"code": "HAM", "name": "Hamburg", "country": "DE"})
    await ask("POST", "/v1/stock-items", {"sku": "LAMP", "warehouse": "HAM"})
    moved = {"sku": "LAMP", "from_warehouse": "BER", "to_warehouse": "HAM", "quantity": 1, "reason": "nearer"}
    await ask("POST", "/v1/stock/transfers", moved)
    await _transfers(ask)
    await ask("PUT", "/v1/purchase-limits/LAMP", {"most_per_order": 5, "most_per_customer": 10, "window_days": 30})
    await ask("GET", "/v1/purchase-limits/LAMP")
    await ask("POST", "/v1/products", {"name": "Set of lamps", "variants": [{"sku": "LAMPS"}]})
    await ask("PUT", "/v1/bundles/LAMPS", {"components": [{"sku": "LAMP", "quantity": 3}]})
    await ask("GET", "/v1/bundles/LAMPS")
    await ask("DELETE", "/v1/bundles/LAMPS")
    lines = [{"sku": "LAMP", "quantity": 1}]
    held = await ask("POST", "/v1/reservations", {"reservation_id": str(uuid7()), "lines": lines})
    await ask("POST", f"/v1/reservations/{held['reservation_id']}/release", {"reason": "changed their mind"})


async def _price_lists(ask: Any) -> None:
    wholesale = {"name": "Wholesale", "currency": "EUR", "groups": ["wholesale"]}
    made = await ask("POST", "/v1/price-lists", wholesale)
    address = f"/v1/price-lists/{made['id']}"
    await ask("GET", "/v1/price-lists")
    await ask("GET", address)
    await ask("PUT", address, wholesale | {"priority": 10}, If_Match='"1"')
    tiers = [{"amount_minor": 1899}, {"from_quantity": 10, "amount_minor": 1799}]
    await ask("PUT", f"{address}/prices", {"prices": [{"sku": "LAMP", "tiers": tiers}]})
    await ask("GET", f"{address}/prices")
    await ask("POST", f"{address}/end")


async def _webhooks(ask: Any) -> None:
    wanted = {"url": "https://erp.example/hooks", "types": ["orders.*"]}
    made = await ask("POST", "/v1/webhook-endpoints", wanted)
    address = f"/v1/webhook-endpoints/{made['endpoint']['id']}"
    await ask("GET", "/v1/webhook-endpoints")
    await ask("GET", address)
    await ask("PUT", address, wanted | {"types": []}, If_Match='"1"')
    await ask("POST", f"{address}/secret", {"overlap_seconds": 60})
    await ask("POST", f"{address}/disable")
    await ask("POST", f"{address}/enable", {"skip": True})
    start = (await ask("GET", address))["queued_up_to"]
    await ask("POST", f"{address}/redeliveries", {"after": start, "until": start})
    await ask("GET", f"{address}/deliveries?state=due")
    await ask("DELETE", address)


async def _gift_cards(ask: Any) -> None:
    made = await ask("POST", "/v1/gift-cards", {"amount_minor": 5000, "currency": "EUR"})
    address = f"/v1/gift-cards/{made['gift_card']['id']}"
    await ask("POST", "/v1/gift-cards/balance", {"code": made["code"]})
    await ask("GET", "/v1/gift-cards")
    await ask("GET", address)
    await ask("POST", f"{address}/block")


async def _promotions(ask: Any) -> None:
    sale = {"name": "Sale", "off": {"kind": "percentage", "basis_points": 1000}, "code": "TEN"}
    made = await ask("POST", "/v1/promotions", sale)
    address = f"/v1/promotions/{made['id']}"
    await ask("GET", "/v1/promotions")
    await ask("GET", address)
    await ask("PUT", address, sale | {"most": 5}, If_Match='"1"')
    await ask("POST", f"{address}/end")


async def _sales(ask: Any, shop: Shop) -> None:
    sale = {"name": "Doors", "skus": ["LAMP"], "starts_at": "2026-01-01T00:00:00Z", "per_minute": 60}
    made = await ask("POST", "/v1/sales", sale)
    address = f"/v1/sales/{made['id']}"
    await ask("GET", "/v1/sales")
    await ask("GET", address)
    await ask("PUT", address, sale | {"per_minute": 1}, If_Match='"1"')
    now = (await ask("GET", address))["gate"]["passed"] - 1
    cart = await ask("POST", "/v1/carts", {"currency": "EUR"})
    ticket = Ticket(UUID(made["id"]), now, 0).signed(shop.settings.link_secret)
    await ask("POST", f"/v1/carts/{cart['id']}/passes", {"ticket": ticket}, Cart_Secret=cart["secret"])
    await ask("POST", f"{address}/end")


async def _search_rules(ask: Any) -> None:
    made = await ask("POST", "/v1/search-rules", {"kind": "synonyms", "words": ["laptop", "notebook"]})
    address = f"/v1/search-rules/{made['id']}"
    assert (await ask("GET", "/v1/search-rules"))["rules"] == [await ask("GET", address)]
    boost = {"kind": "boost", "field": "brand", "value": "Nox", "strength": 3}
    assert (await ask("PUT", address, boost, If_Match='"1"'))["version"] == 2
    assert (await ask("DELETE", address))["state"] == "removed"
    assert (await ask("GET", "/v1/search-rules"))["rules"] == []


async def _product_types(ask: Any) -> None:
    weight = {"name": "weight", "kind": "number", "unit": "g", "required": True}
    made = await ask("POST", "/v1/product-types", {"name": "Lamp", "attributes": [weight]})
    address = f"/v1/product-types/{made['id']}"
    assert (await ask("GET", "/v1/product-types"))["types"] == [await ask("GET", address)]
    assert (await ask("PUT", address, {"name": "Light", "attributes": [weight]}, If_Match='"1"'))["version"] == 2
    assert (await ask("DELETE", address))["state"] == "removed"


async def _bulk_edits(ask: Any, shop: Shop) -> None:
    operation = {"kind": "attribute_set", "name": "season", "value": "winter"}
    edit = await ask("POST", "/v1/bulk-edits", {"selection": {"skus": ["LAMP"]}, "operation": operation})
    pace = Pace()
    while await carry_on(shop.pool, pace):
        pass
    address = f"/v1/imports/{edit['id']}"
    assert (await ask("GET", address))["counts"] == {"products": 1, "edited": 1, "events": 1}
    [outcome] = (await ask("GET", f"{address}/outcomes"))["outcomes"]
    assert outcome["changes"] == [{"place": "/attributes/season", "after": "winter"}]
    undoing = await ask("POST", f"{address}/undo", {"dry_run": True})
    assert [run["id"] for run in (await ask("GET", "/v1/imports"))["imports"]] == [undoing["id"], edit["id"]]


async def _files(api: HeldClient, staff: dict[str, str], shop: Shop) -> None:
    content = b"product_id,product_name,price\nCHAIR,Chair,4900\nSTOOL,Stool,free\n"
    sent = await api.post("/v1/imports?dry_run=true", headers=staff, content=content)
    assert sent.status_code == 202, sent.text
    assert await import_file(shop.pool, 1_000_000)
    rejects = await api.get(f"/v1/imports/{sent.json()['id']}/rejects", headers=staff)
    assert "STOOL" in rejects.text
    assert "LAMP" in (await api.get("/v1/exports/catalog", headers=staff)).text


async def _guest(ask: Any, shop: Shop) -> None:
    first = await _ordered(ask)
    pay = {"Order_Token": first["order_token"]}
    await ask("POST", f"/v1/payments/{first['payment']['id']}/session", **pay)
    await ask("POST", f"/v1/payments/{first['payment']['id']}/complete", **pay)
    await ask("POST", f"/v1/orders/{first['id']}/cancel", **pay)
    second = await _ordered(ask)
    await ask("POST", f"/v1/payments/{second['payment']['id']}/session", Order_Token=second["order_token"])
    await shop.outage("error500")  # so that nobody can confirm that nothing will be charged
    closing = await ask("POST", f"/v1/orders/{second['id']}/cancel", Order_Token=second["order_token"])
    assert closing["state"] == "closing"
    await shop.outage("off")


async def _shipped_and_refunded(ask: Any, shop: Shop) -> None:
    order = msgspec.convert(await _ordered(ask), OrderState)
    await shop.pay(order)
    await shop.complete(order)
    await ask("POST", f"/v1/orders/{order.id}/releases", {"reason": "goodwill", "amount_minor": 100})
    await shop.work()
    home = {"name": "Ada", "line1": "Hill Road 2", "city": "Berlin", "postal_code": "10115", "country": "DE"}
    await ask("PUT", f"/v1/orders/{order.id}/address", {"address": home})
    other = msgspec.convert(await _ordered(ask), OrderState)
    await shop.pay(other)
    await shop.complete(other)
    await shop.work()
    await ask("POST", f"/v1/orders/{other.id}/edits", {"lines": [{"sku": "LAMP", "quantity": 0}]})
    await ask("POST", f"/v1/orders/{order.id}/additions/preview", {"lines": [{"sku": "LAMP", "quantity": 1}]})
    await ask("POST", f"/v1/orders/{order.id}/additions", {"lines": [{"sku": "LAMP", "quantity": 1}]})
    await ask("GET", f"/v1/orders/{order.id}/additions")
    [pick] = (await ask("POST", f"/v1/orders/{order.id}/picks"))["picks"]
    await ask("GET", "/v1/picks?warehouse=BER")
    await ask("POST", f"/v1/picks/{pick['id']}/start")
    await ask("POST", f"/v1/picks/{pick['id']}/finish", {})
    packed = {"carrier": "DHL", "tracking_number": "1", "pick_id": pick["id"]}
    parcel = await ask("POST", f"/v1/orders/{order.id}/parcels", packed)
    await ask("POST", f"/v1/parcels/{parcel['id']}/delivered")
    await _returned(ask, shop, order)
    await _exchanged(ask, shop)
    await ask("POST", f"/v1/orders/{order.id}/refunds", {"reason": "goodwill", "amount_minor": 1})


async def _returned(ask: Any, shop: Shop, order: OrderState) -> None:
    wanted = {"reason": "damaged", "lines": [{"sku": "LAMP", "quantity": 1}]}
    first = await ask("POST", f"/v1/orders/{order.id}/returns", wanted)
    await ask("POST", f"/v1/orders/{order.id}/returns/{first['id']}/cancel")

    async def by_customer() -> str:
        settings, new = structs.replace(shop.settings, return_approval="by_hand"), msgspec.convert(wanted, NewReturn)
        await returns.request_return(shop.pool, order.id, new, "customer", settings, CAUSE, new_call())
        [each] = (await ask("GET", "/v1/returns?state=requested"))["returns"]
        return f"/v1/returns/{each['id']}"

    await ask("POST", f"{await by_customer()}/reject", {"reason": "used"})
    address = await by_customer()
    await ask("POST", f"{address}/approve", {})
    received = {"warehouse": "BER", "units": [{"sku": "LAMP", "quantity": 1}]}
    await ask("POST", f"{address}/receive", received)
    refund = (await shop.refunds(order))[-1]
    await refunds.give_up(shop.pool, refund, "card_closed", CAUSE)
    await ask("POST", f"{address}/refunds")


async def _exchanged(ask: Any, shop: Shop) -> None:
    order = await shop.captured(LAMP=1)
    await ask("POST", f"/v1/orders/{order.id}/parcels", {"carrier": "DHL", "tracking_number": "2"})
    lamp = [{"sku": "LAMP", "quantity": 1}]
    wanted = {"reason": "damaged", "lines": lamp, "instead": lamp}
    each = await ask("POST", f"/v1/orders/{order.id}/returns", wanted)
    await ask("POST", f"/v1/returns/{each['id']}/replacement")
    await ask("GET", f"/v1/orders/{order.id}/returns/{each['id']}/replacement")


async def _held(ask: Any, shop: Shop) -> None:
    settings = structs.replace(shop.settings, fraud_checks="enforce")
    async with open_providers(settings) as providers:
        await shop.stock("lamp", 1)
        order = await suspicious(Shop(shop.pool, shop.keyring, providers, settings))
    await ask("GET", "/v1/fraud/reviews")
    await ask("GET", f"/v1/orders/{order.id}/fraud")
    await ask("POST", f"/v1/orders/{order.id}/fraud/decision", {"decision": "refused"})


async def _projections(ask: Any, shop: Shop) -> None:
    await park(shop.settings.database_url)
    await ask("GET", "/v1/projections/parked")
    address = "/v1/projections/parked/stock_level:v1/product:1"
    await ask("GET", address)
    await ask("POST", f"{address}/retry")
    await ask("POST", f"{address}/skip", {"position": 1, "reason": "odd"})
    await ask("GET", "/v1/projections/skipped")
    unskip = "/v1/projections/skipped/stock_level:v1/product:1/unskip"
    await ask("POST", unskip, {"position": 1, "reason": "even"})


async def _history(ask: Any, shop: Shop) -> None:
    item = "/v1/history/stock_item/LAMP@BER"
    await ask("GET", f"{item}?version=1")
    await ask("GET", f"{item}/events")
    await ask("GET", f"{item}/changes?from_version=0&to_version=2")
    await ask("GET", f"{item}/explanation?figure=/on_hand")
    await ask("GET", f"/v1/charged-prices/{(await _ordered(ask))['number']}/LAMP")
    await shop.pool.execute("INSERT INTO position_timeline VALUES (clock_timestamp(), 0)")
    now = await shop.pool.fetchval("SELECT clock_timestamp()")
    await ask("GET", f"/v1/positions?at={now.isoformat().replace('+00:00', 'Z')}")


async def _persons(ask: Any) -> None:
    cart = await ask("POST", "/v1/carts", {"currency": "EUR"})
    address, secret = f"/v1/carts/{cart['id']}", {"Cart_Secret": cart["secret"]}
    await ask("POST", f"{address}/lines", {"sku": "LAMP", "quantity": 1}, **secret)
    await ask("POST", f"{address}/quotes", BUYER | {"mail": "gone@example.org"}, **secret)
    await ask("POST", "/v1/exports", {"mail": "gone@example.org"})
    await ask("POST", "/v1/erasures", {"mail": "gone@example.org"})


async def _ordered(ask: Any) -> Json:
    cart = await ask("POST", "/v1/carts", {"currency": "EUR"})
    address, secret = f"/v1/carts/{cart['id']}", {"Cart_Secret": cart["secret"]}
    await ask("POST", f"{address}/lines", {"sku": "LAMP", "quantity": 2}, **secret)
    await ask("DELETE", f"{address}/lines/LAMP", **secret)
    await ask("PUT", f"{address}/lines/LAMP", {"quantity": 1}, **secret)
    await ask("GET", address, **secret)
    await ask("POST", f"{address}/shipping-options", {"country": "DE"}, **secret)
    quote = await ask("POST", f"{address}/quotes", BUYER, **secret)
    order: Json = await ask("POST", "/v1/orders", {"quote_id": quote["id"]}, **secret)
    return order

"""What the catalog, stock, prices and all that sells them are asked over HTTP, each way of success once."""

from typing import Any
from uuid import UUID

from shared.ids import uuid7
from shared.tickets import Ticket
from tests.fixtures.asgi import HeldClient
from tests.integration.checkout.shop import Shop
from write_side.imports.pace import Pace
from write_side.imports.runs.carrying import carry_on
from write_side.imports.uploads.carrying import carry_on as import_file

LAMP = {"name": "Lamp", "variants": [{"sku": "LAMP", "ean": "4006381333931"}], "attributes": {"watts": 9.5}}


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


async def goods(ask: Any) -> None:
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
    await ask("GET", "/v1/stock/LAMP/shelves")
    await ask("POST", "/v1/stock/shelf-counts", {**place, "counted": 8, "expected": 8, "reason": "inventory"})
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


async def gift_cards(ask: Any) -> None:
    made = await ask("POST", "/v1/gift-cards", {"amount_minor": 5000, "currency": "EUR"})
    address = f"/v1/gift-cards/{made['gift_card']['id']}"
    await ask("POST", "/v1/gift-cards/balance", {"code": made["code"]})
    await ask("GET", "/v1/gift-cards")
    await ask("GET", address)
    await ask("POST", f"{address}/block")


async def promotions(ask: Any) -> None:
    sale = {"name": "Sale", "off": {"kind": "percentage", "basis_points": 1000}, "code": "TEN"}
    made = await ask("POST", "/v1/promotions", sale)
    address = f"/v1/promotions/{made['id']}"
    await ask("GET", "/v1/promotions")
    await ask("GET", address)
    await ask("PUT", address, sale | {"most": 5}, If_Match='"1"')
    await ask("POST", f"{address}/end")


async def sales(ask: Any, shop: Shop) -> None:
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


async def search_rules(ask: Any) -> None:
    made = await ask("POST", "/v1/search-rules", {"kind": "synonyms", "words": ["laptop", "notebook"]})
    address = f"/v1/search-rules/{made['id']}"
    assert (await ask("GET", "/v1/search-rules"))["rules"] == [await ask("GET", address)]
    boost = {"kind": "boost", "field": "brand", "value": "Nox", "strength": 3}
    assert (await ask("PUT", address, boost, If_Match='"1"'))["version"] == 2
    assert (await ask("DELETE", address))["state"] == "removed"
    assert (await ask("GET", "/v1/search-rules"))["rules"] == []


async def product_types(ask: Any) -> None:
    weight = {"name": "weight", "kind": "number", "unit": "g", "required": True}
    made = await ask("POST", "/v1/product-types", {"name": "Lamp", "attributes": [weight]})
    address = f"/v1/product-types/{made['id']}"
    assert (await ask("GET", "/v1/product-types"))["types"] == [await ask("GET", address)]
    assert (await ask("PUT", address, {"name": "Light", "attributes": [weight]}, If_Match='"1"'))["version"] == 2
    assert (await ask("DELETE", address))["state"] == "removed"


async def bulk_edits(ask: Any, shop: Shop) -> None:
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


async def files(api: HeldClient, staff: dict[str, str], shop: Shop) -> None:
    content = b"product_id,product_name,price\nCHAIR,Chair,4900\nSTOOL,Stool,free\n"
    sent = await api.post("/v1/imports?dry_run=true", headers=staff, content=content)
    assert sent.status_code == 202, sent.text
    assert await import_file(shop.pool, 1_000_000)
    rejects = await api.get(f"/v1/imports/{sent.json()['id']}/rejects", headers=staff)
    assert "STOOL" in rejects.text
    assert "LAMP" in (await api.get("/v1/exports/catalog", headers=staff)).text

"""What orders are asked over HTTP, from the cart to what comes back, each way of success once."""

from typing import Any

import msgspec
from msgspec import structs

from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_fraud import suspicious
from tests.integration.checkout.test_over_http import BUYER
from write_side.orders import OrderState
from write_side.payments import open_providers
from write_side.refunds import learning as refunds
from write_side.returns import handlers as returns
from write_side.returns.domain import NewReturn

Json = dict[str, Any]


async def sold_out(ask: Any, shop: Shop) -> None:
    await shop.stock("ebook", 1)
    await shop.order(ebook=1)
    await ask("POST", "/v1/restock-requests", {"sku": "ebook", "mail": "ada@example.org"})
    await ask("POST", "/v1/orders/links", {"number": "7F3K-29QM", "mail": "ada@example.org"})


async def guest(ask: Any, shop: Shop) -> None:
    first = await ordered(ask)
    pay = {"Order_Token": first["order_token"]}
    await ask("POST", f"/v1/payments/{first['payment']['id']}/session", **pay)
    await ask("POST", f"/v1/payments/{first['payment']['id']}/complete", **pay)
    await ask("POST", f"/v1/orders/{first['id']}/cancel", **pay)
    second = await ordered(ask)
    await ask("POST", f"/v1/payments/{second['payment']['id']}/session", Order_Token=second["order_token"])
    await shop.outage("error500")  # so that nobody can confirm that nothing will be charged
    closing = await ask("POST", f"/v1/orders/{second['id']}/cancel", Order_Token=second["order_token"])
    assert closing["state"] == "closing"
    await shop.outage("off")


async def shipped_and_refunded(ask: Any, shop: Shop) -> None:
    order = msgspec.convert(await ordered(ask), OrderState)
    await shop.pay(order)
    await shop.complete(order)
    await ask("POST", f"/v1/orders/{order.id}/releases", {"reason": "goodwill", "amount_minor": 100})
    await shop.work()
    home = {"name": "Ada", "line1": "Hill Road 2", "city": "Berlin", "postal_code": "10115", "country": "DE"}
    await ask("PUT", f"/v1/orders/{order.id}/address", {"address": home})
    other = msgspec.convert(await ordered(ask), OrderState)
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
    await _dropped(ask, shop)


async def _dropped(ask: Any, shop: Shop) -> None:
    order = await shop.captured(LAMP=1)
    total = order.totals.total.amount_minor
    await ask("POST", f"/v1/orders/{order.id}/refunds", {"reason": "goodwill", "amount_minor": total})
    await ask("POST", f"/v1/orders/{order.id}/drops", {"lines": [{"sku": "LAMP", "quantity": 1}]})


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


async def held(ask: Any, shop: Shop) -> None:
    settings = structs.replace(shop.settings, fraud_checks="enforce")
    async with open_providers(settings) as providers:
        await shop.stock("lamp", 1)
        order = await suspicious(Shop(shop.pool, shop.keyring, providers, settings))
    await ask("GET", "/v1/fraud/reviews")
    await ask("GET", f"/v1/orders/{order.id}/fraud")
    await ask("POST", f"/v1/orders/{order.id}/fraud/decision", {"decision": "refused"})


async def ordered(ask: Any) -> Json:
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

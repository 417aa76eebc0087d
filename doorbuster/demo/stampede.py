"""Two hundred buyers at once for fifty units of one SKU: exactly fifty orders."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from doorbuster.demo.shop import Json, Refused, Shop
from doorbuster.demo.steps import Steps, promise
from shared.ids import uuid7

BUYERS = 200
UNITS = 50
TRIES = 10

T = TypeVar("T")


async def offer(shop: Shop, bearer: str, units: int, *, searchable: bool = True) -> str:
    """A new product with so many units in stock, by the staff's commands, once it can be seen; answers its SKU."""
    sku, staff = f"DOORBUSTER-{uuid7().hex[-8:].upper()}", {"Authorization": f"Bearer {bearer}"}
    facts = {
        "name": "Doorbuster television 55 inch",
        "brand": "Halbmond",
        "description": "The one on the front page.",
        "product_type": "Television",
        "status": "active",
        "variants": [{"sku": sku}],
    }
    await shop.command("POST", "/v1/products", facts, **staff)
    await shop.command("PUT", f"/v1/prices/{sku}/EUR", {"amount_minor": 19900}, **staff)
    code = f"D{uuid7().hex[-8:].upper()}"
    await shop.command("POST", "/v1/warehouses", {"code": code, "name": "Demo", "country": "DE"}, **staff)
    item = {"sku": sku, "warehouse": code, "on_hand": units}
    _, position = await shop.command("POST", "/v1/stock-items", item, **staff)
    shown = await shop.query(f"/v1/stock/{sku}", position)
    promise(shown["availability"] != "out", f"{sku} is shown as {shown['availability']}")
    if not searchable:
        return sku
    found = await shop.query(f"/v1/search?q={sku}&limit=1&facets=", position)
    promise([item["sku"] for item in found["items"]] == [sku], f"a search for {sku} finds {found['items']}")
    return sku


async def rush(shop: Shop, steps: Steps, bearer: str) -> None:
    """All of them want one; the rows decide."""
    with steps.step("offer") as told:
        sku = await offer(shop, bearer, UNITS)
        told.found = f"{UNITS} units of {sku}"
    with steps.step("carts and quotes") as told:
        quotes = await asyncio.gather(*(_prepared(shop, sku, n) for n in range(BUYERS)))
        told.found = f"{len(quotes)} buyers are at the door"
    with steps.step("all place at once") as told:
        outcomes = await asyncio.gather(*(_placed(shop, quote_id, secret) for quote_id, secret in quotes))
        orders = [outcome for outcome in outcomes if not isinstance(outcome, str)]
        refusals = Counter(outcome for outcome in outcomes if isinstance(outcome, str))
        told.found = f"{len(orders)} orders, {dict(refusals)}"
    promise(len(orders) == UNITS, f"{len(orders)} orders for {UNITS} units")
    promise(refusals == {"out_of_stock": BUYERS - UNITS}, f"the others were told {dict(refusals)}")
    with steps.step("all pay"):
        await asyncio.gather(*(_paid(shop, order) for order in orders))
    with steps.step("what is left") as told:
        after = await _until_out(shop, sku, bearer)
        told.found = f"on hand {after['on_hand']}, reserved {after['reserved']}"
        promise((after["on_hand"], after["reserved"]) == (0, 0), "fifty sold, nothing left, nothing held")


async def _prepared(shop: Shop, sku: str, number: int) -> tuple[str, str]:
    cart_id, secret = await _let_in(lambda: shop.cart(sku, 1, "EUR"))
    quote = await _let_in(lambda: shop.quote(cart_id, secret, f"buyer-{number}@shop.example"))
    return quote["id"], secret


async def _let_in(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer of a shop that may say a few times that it is full."""
    for _ in range(TRIES):
        try:
            return await ask()
        except Refused as refused:
            if refused.code != "busy":
                raise
            await asyncio.sleep(refused.retry_after * random.uniform(0.5, 1.5))  # not all of them at once
    return await ask()


async def _placed(shop: Shop, quote_id: str, secret: str) -> Json | str:
    try:
        order, _ = await shop.place(quote_id, secret)
    except Refused as refused:
        return refused.code
    return order


async def _paid(shop: Shop, order: Json) -> None:
    promise(await shop.pay(order) == "requires_capture", "a good card was not authorized")
    await shop.until_order(order, "payment_state", "captured", seconds=60)


async def _until_out(shop: Shop, sku: str, bearer: str) -> Json:
    for _ in range(200):
        level = await shop.query(f"/v1/staff/stock/{sku}", Authorization=f"Bearer {bearer}")
        if level["on_hand"] == 0:
            break
        await asyncio.sleep(0.05)
    return level

"""One guest's way through the shop, and the same with a card that is declined."""

import re
from typing import Any

from doorbuster.demo.shop import CARD, DECLINED_CARD, Json, Shop
from doorbuster.demo.steps import Broken, Steps, promise
from shared.ids import uuid7
from shared.money import display

CURRENCY = "EUR"


def shown(money: Json) -> str:
    """An amount for people."""
    return display(money["amount_minor"], money["currency"])


async def find_something(shop: Shop) -> tuple[str, Json]:
    """Words to search for that this catalog knows: the type of something in stock."""
    listed = await shop.query("/v1/search?available=true&price_min=1000&limit=1&facets=")
    promise(bool(listed["items"]), "nothing is in stock")
    return listed["items"][0]["product_type"] or listed["items"][0]["name"], listed


async def buy(shop: Shop, steps: Steps) -> Json:
    """Search → product → cart → quote → place → pay → confirmed → mail → status. Answers the order."""
    mail = f"guest-{uuid7().hex[-8:]}@shop.example"
    words, _ = await find_something(shop)
    with steps.step("search") as told:
        page = await shop.query(f"/v1/search?available=true&price_min=1000&q={words}")
        promise(bool(page["items"]), f"a search for {words} finds nothing")
        product = page["items"][0]
        told.found = f"“{words}”: {page['total']['value']} found, {len(page['facets'])} facets"
    with steps.step("product") as told:
        variant = (await shop.query(f"/v1/products/{product['id']}"))["variants"][0]
        told.found = f"{product['name'][:50]}, {shown(product['price'])}, {variant['availability']}"
    order, quote = await _order(shop, steps, variant["sku"], mail)
    with steps.step("pay") as told:
        told.found = await shop.pay(order, CARD)
        promise(told.found == "requires_capture", f"the card was not authorized: {told.found}")
    with steps.step("confirmed") as told:
        await shop.complete(order)
        status = await shop.until_order(order, "state", "confirmed")
        promise(status["total"] == quote["totals"]["total"], "what was quoted is what is charged")
        told.found = f"order {status['number']}, {shown(status['total'])}"
    with steps.step("captured"):
        await shop.until_order(order, "payment_state", "captured")
    with steps.step("mail") as told:
        letter = await shop.mail_to(mail)
        told.found = letter["subject"]
    with steps.step("status by its link") as told:
        status = await shop.follow(_link_in(letter))
        promise(status["number"] == order["number"], "the link in the mail opens the order")
        told.found = " → ".join(step["what"] for step in status["history"])
    return order


async def be_declined(shop: Shop, steps: Steps) -> None:
    """The card is declined; the order waits, another card pays it."""
    listed = await shop.query("/v1/search?available=true&price_min=1000&sort=price_desc&limit=1&facets=")
    variant = (await shop.query(f"/v1/products/{listed['items'][0]['id']}"))["variants"][0]
    order, _ = await _order(shop, steps, variant["sku"], f"guest-{uuid7().hex[-8:]}@shop.example")
    with steps.step("declined card") as told:
        told.found = await shop.pay(order, DECLINED_CARD)
        promise(told.found == "card_declined", f"the card was not declined: {told.found}")
    with steps.step("the order waits") as told:
        status = await shop.until_order(order, "payment_state", "declined")
        promise(status["state"] == "pending_payment", f"the order is {status['state']}")
        told.found = f"order {status['number']} is {status['state']}, its payment {status['payment_state']}"
    with steps.step("another card pays"):
        promise(await shop.pay(order, CARD) == "requires_capture", "the second card was not authorized")
        await shop.until_order(order, "payment_state", "captured")


async def _order(shop: Shop, steps: Steps, sku: str, mail: str) -> tuple[Json, Json]:
    with steps.step("cart"):
        cart_id, secret = await shop.cart(sku, 1, CURRENCY)
    with steps.step("quote") as told:
        quote = await shop.quote(cart_id, secret, mail)
        told.found = _sum(quote["totals"])
    with steps.step("place") as told:
        order, position = await shop.place(quote["id"], secret)
        told.found = f"order {order['number']}, {order['state']}"
    with steps.step("read your write") as told:
        told.found = (await shop.order(order, position))["state"]
    return order, quote


def _sum(totals: dict[str, Any]) -> str:
    parts = (f"{shown(totals[name])} {name}" for name in ("lines", "shipping", "tax"))
    return f"{' + '.join(parts)} = {shown(totals['total'])}"


def _link_in(letter: Json) -> str:
    found = re.search(r"https?://\S+/v1/orders/\S+", letter["text"])
    if found is None:
        raise Broken("the mail holds no link to the order")
    return found[0].rstrip(".,>)")

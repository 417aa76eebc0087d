"""Buying: a cart, an offer, an order, a payment, and coming back to see what became of it."""

import random
from typing import NamedTuple
from uuid import uuid4

from loadtests.answers import Answer, Json
from loadtests.journeys.browsing import Browsing
from loadtests.journeys.client import Client
from loadtests.journeys.paying import Paying

CURRENCY = "EUR"
TRIES = 4  # so often somebody who fills a cart, or pays for it, asks a shop that says it is busy
REPEATS = 0.1  # so often a shopper presses the button twice
CITIES = ("Berlin", "Hamburg", "Leipzig", "Bremen")


class Cart(NamedTuple):
    """A cart and what opens it."""

    id: str
    secret: str


class Buying:
    """Each method is one interaction; False says that there was nothing to do it with. Orders made join `orders`."""

    def __init__(self, client: Client, browsing: Browsing, orders: list[Json]) -> None:
        self._client, self._browsing = client, browsing
        self._paying = Paying(client)
        self._cart: Cart | None = None
        self._quote: Json | None = None
        self._orders = orders
        self.bought = False  # whether the last order was paid, as far as this shopper knows

    def add_to_cart(self) -> bool:
        """What was looked at goes into the cart, unless its page says that it is out."""
        sku = self._wanted()
        cart = self._cart or self.open_cart()
        if sku is None or cart is None:
            return False
        line = {"sku": sku, "quantity": random.choices([1, 2, 3], [80, 15, 5])[0]}
        path = f"/v1/carts/{cart.id}/lines"
        added = self._client.command("cart: add", path, line, tries=TRIES, Cart_Secret=cart.secret)
        return added.fine  # nobody goes to the till with nothing

    def show_cart(self) -> bool:
        """The cart, while mail and address are typed in. (Guests don't register: this is where they would.)"""
        if self._cart is None:
            return False
        self._client.look("cart", f"/v1/carts/{self._cart.id}", Cart_Secret=self._cart.secret)
        return True

    def quote(self) -> bool:
        """An offer for the cart: tax, shipping, total."""
        if self._cart is None:
            return False
        body = {"mail": f"{uuid4().hex[:12]}@shopper.example", "address": _address()}
        path = f"/v1/carts/{self._cart.id}/quotes"
        answer = self._client.command("quote", path, body, tries=TRIES, Cart_Secret=self._cart.secret)
        self._quote = answer.body if answer.fine else None
        if answer.refusal:
            self._cart = None  # what lies in it is not for sale any more
        return True

    def buy(self) -> bool:
        """Take up the offer and pay, or be told that somebody else was faster."""
        if self._cart is None or self._quote is None:
            return False
        cart, offer, self._cart, self._quote, self.bought = self._cart, self._quote, None, None, False
        body, key = {"quote_id": offer["id"]}, str(uuid4())
        placed = self._client.command("place order", "/v1/orders", body, key=key, tries=TRIES, Cart_Secret=cart.secret)
        if placed.fine:
            self._client.came("order placed")
            self._client.orders.append(placed.body["id"])
            self._check(placed, offer)
            if random.random() < REPEATS:
                self._place_again(placed, body, key, cart)
            self._orders.append(placed.body)
            self._look(placed)
            self.bought = self._paying.pay(placed.body)
        return True

    def follow_link(self) -> bool:
        """Back by the link that the shop gave."""
        if not self._orders:
            return False
        self._client.query("order by its link", random.choice(self._orders)["status_url"])
        return True

    def order_status(self) -> bool:
        """The order's page, opened by its token."""
        if not self._orders:
            return False
        order = random.choice(self._orders)
        self._client.query("order status", f"/v1/orders/{order['id']}", Order_Token=order["order_token"])
        return True

    def _look(self, placed: Answer) -> None:
        """Read one's own write: the order's page must know the order that was just placed."""
        order = placed.body
        headers = {"Order_Token": order["order_token"], "Position": placed.position}
        shown = self._client.query("order just placed", f"/v1/orders/{order['id']}", **headers)
        if shown.fine and shown.body["number"] != order["number"]:
            self._client.wrong("order just placed", "another order's page")

    def _check(self, placed: Answer, offer: Json) -> None:
        if placed.body["totals"] != offer["totals"]:
            self._client.wrong("place order", "the order does not cost what was offered")

    def _place_again(self, placed: Answer, body: Json, key: str, cart: Cart) -> None:
        again = self._client.command("place order again", "/v1/orders", body, key=key, Cart_Secret=cart.secret)
        if again.fine and again.body["id"] != placed.body["id"]:
            self._client.wrong("place order again", "one key made two orders")

    def open_cart(self) -> Cart | None:
        """An empty cart, which takes the place of the one that was filled."""
        opened = self._client.command("cart: open", "/v1/carts", {"currency": CURRENCY}, tries=TRIES)
        self._cart = Cart(opened.body["id"], opened.body["secret"]) if opened.fine else None
        return self._cart

    def _wanted(self) -> str | None:
        """A SKU of the page looked at that can be had in our currency; most shoppers believe what the page says."""
        page = self._browsing.page or {"variants": []}
        priced = [v for v in page["variants"] if any(price["currency"] == CURRENCY for price in v["prices"])]
        there = [variant for variant in priced if variant["availability"] != "out" or random.random() < 0.1]
        return str(random.choice(there)["sku"]) if there else None


def _address() -> Json:
    return {
        "name": f"Shopper {random.randrange(10_000)}",
        "line1": f"{random.randrange(1, 200)} High Street",
        "city": random.choice(CITIES),
        "postal_code": f"{random.randrange(10_000, 99_999)}",
        "country": "DE",
    }

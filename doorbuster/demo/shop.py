"""A web client of the shop: both APIs, the payment provider's browser side, the mail page. Nothing but HTTP."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx

from doorbuster.demo.steps import Broken
from shared.ids import uuid7

Json = dict[str, Any]
CARD = "pm_card_visa"
DECLINED_CARD = "pm_card_visa_chargeDeclined"
ADDRESS = {"name": "Ada Guest", "line1": "1 Demo Street", "city": "Berlin", "postal_code": "10115", "country": "DE"}


class Refused(Exception):
    """A problem that the shop answered."""

    def __init__(self, status: int, problem: Json, retry_after: float = 0.0) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status, self.code, self.problem = status, str(problem.get("code")), problem
        self.retry_after = retry_after  # seconds


class Shop:
    """Addresses from the environment of `doorbuster up`; a context manager that closes its connections."""

    def __init__(
        self, environment: Mapping[str, str], publishable_key: str = "pk_test_simulator", *, connections: int = 64
    ) -> None:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._http = httpx.AsyncClient(timeout=30, limits=limits)
        self.write = environment["WRITE_API_URL"]
        self.read = environment["READ_API_URL"]
        self._stripe = environment["STRIPE_API_BASE"]
        self._mails = environment["MAILS_URL"]
        self._publishable_key = publishable_key

    async def __aenter__(self) -> "Shop":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def command(self, method: str, path: str, body: Json | None = None, **headers: str) -> tuple[Json, str]:
        """A command and the Position it answers; raises `Refused`."""
        sent = {"Idempotency-Key": str(uuid7())} | {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self._http.request(method, self.write + path, json=body, headers=sent)
        return _json(answer), answer.headers.get("Position", "")

    async def query(self, path: str, position: str = "", *, seconds: float = 120, **headers: str) -> Json:
        """A query; with a position it waits (again and again) until the answer holds what that command wrote."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        deadline = time.monotonic() + seconds
        while True:
            given = sent | ({"Position": position} if position else {})
            answer = await self._http.get(self.read + path, headers=given)
            not_there_yet = answer.status_code == 503 or "Stale" in answer.headers
            if not (position and not_there_yet and time.monotonic() < deadline):
                return _json(answer)
            await asyncio.sleep(0.05)

    async def cart(self, sku: str, quantity: int, currency: str) -> tuple[str, str]:
        """A cart with one line; its id and its secret."""
        cart, _ = await self.command("POST", "/v1/carts", {"currency": currency})
        line = {"sku": sku, "quantity": quantity}
        await self.command("POST", f"/v1/carts/{cart['id']}/lines", line, Cart_Secret=cart["secret"])
        return cart["id"], cart["secret"]

    async def quote(self, cart_id: str, secret: str, mail: str) -> Json:
        """An offer for a cart."""
        body = {"mail": mail, "address": ADDRESS}
        quote, _ = await self.command("POST", f"/v1/carts/{cart_id}/quotes", body, Cart_Secret=secret)
        return quote

    async def place(self, quote_id: str, secret: str) -> tuple[Json, str]:
        """The order of a quote, and the position to read it at."""
        return await self.command("POST", "/v1/orders", {"quote_id": quote_id}, Cart_Secret=secret)

    async def pay(self, order: Json, card: str = CARD) -> str:
        """Pay in the browser: the session's client secret goes to the provider, with a test card. The intent's status,
        or the code of the refusal."""
        payment = f"/v1/payments/{order['payment']['id']}"
        session, _ = await self.command("POST", f"{payment}/session", Order_Token=order["order_token"])
        form = {
            "client_secret": session["client_secret"],
            "payment_method": card,
            "key": session["publishable_key"],
            "return_url": "https://shop.example/paid",
        }
        url = f"{self._stripe}/v1/payment_intents/{session['intent_id']}/confirm"
        answer = (await self._http.post(url, data=form)).json()
        return str(answer["error"]["code"] if "error" in answer else answer["status"])

    async def complete(self, order: Json) -> Json:
        """Tell the shop that the browser is done, instead of waiting for the provider's webhook."""
        path = f"/v1/payments/{order['payment']['id']}/complete"
        state, _ = await self.command("POST", path, Order_Token=order["order_token"])
        return state

    async def order(self, order: Json, position: str = "") -> Json:
        """The status of an order, opened by its token."""
        return await self.query(f"/v1/orders/{order['id']}", position, Order_Token=order["order_token"])

    async def until_order(self, order: Json, field: str, value: str, seconds: float = 30) -> Json:
        """The status once a field has a value; raises `Broken`."""
        deadline = time.monotonic() + seconds
        while (status := await self._order_or_nothing(order)).get(field) != value:
            if time.monotonic() > deadline:
                said = f"{field} is {status.get(field)}, not {value}, after {seconds:.0f} s"
                raise Broken(f"order {order['number']}: {said}")
            await asyncio.sleep(0.02)
        return status

    async def _order_or_nothing(self, order: Json) -> Json:
        """The status, empty while the query API asks to come again."""
        try:
            return await self.order(order)
        except Refused as refused:
            if refused.status != 503:
                raise
            return {}

    async def mail_to(self, address: str, seconds: float = 30) -> Json:
        """The first mail to an address; raises `Broken` if none comes."""
        deadline = time.monotonic() + seconds
        while True:
            listed = (await self._http.get(f"{self._mails}/mails", params={"to": address})).json()
            found = listed["mails"] if isinstance(listed, dict) else listed
            if found:
                return dict((await self._http.get(f"{self._mails}/mails/{found[0]['number']}")).json())
            if time.monotonic() > deadline:
                raise Broken(f"no mail to {address} within {seconds:.0f} s")
            await asyncio.sleep(0.05)

    async def follow(self, link: str) -> Json:
        """What a link in a mail shows."""
        return _json(await self._http.get(link))


def _json(answer: httpx.Response) -> Json:
    body: Json = answer.json()
    if answer.is_error:
        raise Refused(answer.status_code, body, float(answer.headers.get("Retry-After", 0)))
    return body

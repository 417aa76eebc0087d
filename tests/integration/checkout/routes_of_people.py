"""What accounts, their invoices and persons are asked over HTTP, each way of success once."""

import re
from typing import Any

from tests.fixtures.write_side import TEXTS
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.routes_of_orders import ordered
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_over_http import BUYER
from write_side.accounts.letters import sending as letters
from write_side.notifications.gateway import MailServer

Json = dict[str, Any]


async def accounts(ask: Any, received: Inbox, server: MailServer, shop: Shop) -> None:
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
    order = await ordered(ask)
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


async def persons(ask: Any) -> None:
    cart = await ask("POST", "/v1/carts", {"currency": "EUR"})
    address, secret = f"/v1/carts/{cart['id']}", {"Cart_Secret": cart["secret"]}
    await ask("POST", f"{address}/lines", {"sku": "LAMP", "quantity": 1}, **secret)
    await ask("POST", f"{address}/quotes", BUYER | {"mail": "gone@example.org"}, **secret)
    await ask("POST", "/v1/exports", {"mail": "gone@example.org"})
    await ask("POST", "/v1/erasures", {"mail": "gone@example.org"})

"""A link ends some time after its order has, at the command API as at the query API, and a fresh one comes by mail to
whoever placed the order."""

import re
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec import structs

from shared.ids import uuid7
from shared.links import FRESH_DAYS, order_token, signed_until
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import MAIL, Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_mails import send
from write_side.app import create_app
from write_side.notifications import fresh_links
from write_side.notifications.gateway import MailServer
from write_side.orders.closing import cancel_order
from write_side.orders.handlers import OrderState

AT_ONCE = 0.0  # days: the link ends as its order does


@pytest.fixture
async def api(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a command API at which links end with their orders."""
    await shop.stock("lamp", 10)
    async with client_of(create_app(structs.replace(shop.settings, order_link_days=AT_ONCE))) as client:
        yield client


async def over(shop: Shop) -> OrderState:
    """An order that was cancelled before anybody paid."""
    order = await shop.order(lamp=1)
    await cancel_order(shop.pool, shop.providers, order.id, CAUSE)
    assert (await shop.now(order)).state == "cancelled"
    return order


async def asked(api: httpx.AsyncClient, order: OrderState, token: str) -> list[tuple[int, str]]:
    """What an order's token opens: its cancellation, its payment, and what was added to it."""
    headers = {"Order-Token": token, "Idempotency-Key": str(uuid7())}
    answers = [
        await api.post(f"/v1/orders/{order.id}/cancel", headers=headers),
        await api.post(f"/v1/payments/{order.payment.id}/session", headers=headers),
        await api.get(f"/v1/orders/{order.id}/additions", headers=headers),
    ]
    return [(each.status_code, each.json().get("code", "")) for each in answers]


def first_token(shop: Shop, order: OrderState) -> str:
    return order_token(shop.settings.link_secret, order.id)


async def test_it_opens_nothing_once_it_has_ended_and_what_it_is_for_until_then(
    shop: Shop, api: httpx.AsyncClient
) -> None:
    running, order = await shop.order(lamp=1), await over(shop)
    assert await asked(api, running, first_token(shop, running)) == [(200, ""), *[(403, "order_token_ended")] * 2]
    assert await asked(api, order, first_token(shop, order)) == [(403, "order_token_ended")] * 3
    async with client_of(create_app(shop.settings)) as generous:
        assert await asked(generous, order, first_token(shop, order)) == [(200, ""), (409, "order_closed"), (200, "")]


async def wished(api: httpx.AsyncClient, number: str, mail: str) -> httpx.Response:
    body: Any = {"number": number, "mail": mail}
    return await api.post("/v1/orders/links", json=body)


async def mailed(shop: Shop, received: Inbox, server: MailServer) -> list[str]:
    """The tokens in the mails that the worker sends for what was wished."""
    settings = structs.replace(shop.settings, order_link_days=AT_ONCE)
    while await fresh_links.work_off(shop.pool, settings.mail_from):
        pass
    await send(Shop(shop.pool, shop.keyring, shop.providers, settings), server)
    texts = [part.get_content() for mail in received.mails if (part := mail.get_body(("plain",)))]
    return [token for text in texts for token in re.findall(r"\?token=(\S+)", text)]


async def test_a_fresh_one_comes_to_whoever_placed_the_order_and_opens_it_again(
    shop: Shop, api: httpx.AsyncClient, inbox: tuple[Inbox, MailServer]
) -> None:
    order = await over(shop)
    answer = await wished(api, f" {order.number.lower()} ", MAIL.upper())
    assert (answer.status_code, answer.json()) == (202, {"state": "look_into_your_mail"})
    [token] = await mailed(shop, *inbox)
    [mail] = inbox[0].mails
    assert (mail["To"], str(mail["Subject"])) == (MAIL, f"Your link to order {order.number}")
    until = signed_until(shop.settings.link_secret, token, order.id)
    assert until is not None
    assert until > time.time() + (FRESH_DAYS - 1) * 86_400
    assert await asked(api, order, token) == [(200, ""), (409, "order_closed"), (200, "")]
    await wished(api, order.number, MAIL)
    assert len(await mailed(shop, *inbox)) == 2, "who has lost it asks again"
    await nothing_is_wrong(shop)


async def test_nobody_learns_what_fits_and_nobody_else_gets_a_mail(
    shop: Shop, api: httpx.AsyncClient, inbox: tuple[Inbox, MailServer]
) -> None:
    order = await over(shop)
    other = await shop.quote(await shop.basket(lamp=1), "bob@example.org")
    assert other.id
    spelled = MAIL.replace("@", "+1@")
    pairs = [(order.number, "bob@example.org"), (order.number, "nobody@example.org"), (order.number, spelled),
             ("2222-2222", MAIL), (order.number, MAIL)]  # fmt: skip
    answers = [await wished(api, *pair) for pair in pairs]
    assert {(each.status_code, each.content) for each in answers} == {(202, answers[0].content)}
    assert len(await mailed(shop, *inbox)) == 1
    assert await shop.pool.fetchval("SELECT count(*) FROM order_link_wish") == 0


async def test_a_mailbox_is_not_filled_by_it(shop: Shop, api: httpx.AsyncClient) -> None:
    order = await over(shop)
    found = [await wished(api, order.number, MAIL) for _ in range(6)]
    assert [each.status_code for each in found] == [202] * 5 + [429]
    assert (found[-1].json()["code"], int(found[-1].headers["retry-after"]) > 0) == ("too_many_attempts", True)
    assert (await wished(api, "x", "no address")).json()["code"] == "broken_mail"

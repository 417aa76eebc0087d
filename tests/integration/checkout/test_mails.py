"""Mails: written down before they are sent, sent once, repeated at most once, to a real SMTP server."""

import asyncio

import msgspec

from shared.links import opens_order
from tests.fixtures.reacting import react_to_all
from tests.fixtures.write_side import TEXTS
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import MAIL, Shop
from write_side.notifications import store
from write_side.notifications.gateway import MailServer
from write_side.notifications.handlers import send_due
from write_side.notifications.reactions import reactions as mail_reactions
from write_side.orders.handlers import OrderState


async def confirmed(shop: Shop) -> OrderState:
    await shop.stock("lamp", 10, price=1999)
    order = await shop.order(lamp=2)
    await shop.pay(order)
    await shop.complete(order)
    return order


async def react(shop: Shop) -> None:
    """As if the relay had got to the end of the log."""
    await react_to_all(shop.pool, *mail_reactions(shop.settings.mail_from))


async def send(shop: Shop, server: MailServer) -> int:
    return await send_due(shop.pool, shop.keyring, server, TEXTS, shop.settings)


async def due_now(shop: Shop) -> None:
    await shop.pool.execute("UPDATE mail SET next_attempt_at = clock_timestamp() WHERE next_attempt_at IS NOT NULL")


async def ledger(shop: Shop) -> list[str]:
    async with shop.pool.acquire() as conn:
        return [mail.state for mail in await store.all_mails(conn)]


async def test_a_confirmed_order_is_told_once_in_plain_text_and_html(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    order = await confirmed(shop)
    await react(shop)
    await react(shop)
    assert await send(shop, server) == 1
    assert await send(shop, server) == 0
    [mail] = received.mails
    assert mail["To"] == MAIL
    assert order.number in str(mail["Subject"])
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    for part in (plain.get_content(), html.get_content()):
        for said in ("Ada Lovelace", "2 × Lamp", "€39.98", "€53.41", order.number):
            assert said in part
    link = next(word for word in plain.get_content().split() if "/v1/orders/" in word)
    assert opens_order(shop.settings.link_secret, link.partition("token=")[2], order.id)
    assert await ledger(shop) == ["sent"]
    assert (await shop.history(order))[-2:] == ["mail_queued", "mail_sent"]


async def test_workers_that_react_and_send_at_once_send_one_mail(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await confirmed(shop)
    await asyncio.gather(*(react(shop) for _ in range(4)))
    await asyncio.gather(*(send(shop, server) for _ in range(4)))
    assert len(received.mails) == 1


async def test_a_mail_that_one_worker_is_about_to_send_no_other_takes_up(shop: Shop) -> None:
    await confirmed(shop)
    await react(shop)
    async with shop.pool.acquire() as one, shop.pool.acquire() as other, one.transaction():
        assert len(await store.claim_due(one, 10)) == 1
        assert await store.claim_due(other, 10) == []


async def test_a_sender_who_was_killed_costs_one_repeat_with_the_same_id_and_no_more(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await confirmed(shop)
    await react(shop)
    async with shop.pool.acquire() as conn:
        [claimed] = await store.claim_due(conn, 1)
        await store.begin(conn, claimed.mail.id)  # sent, and killed before it was written down
    assert await send(shop, server) == 0
    await due_now(shop)
    async with shop.pool.acquire() as conn:
        [claimed] = await store.claim_due(conn, 1)  # the repeat, and killed again
        await store.begin(conn, claimed.mail.id)
    assert claimed.doubts == 1
    await due_now(shop)
    await send(shop, server)
    assert received.mails == []
    await due_now(shop)
    assert await send(shop, server) == 0
    assert await ledger(shop) == ["queued"]


async def test_a_sender_who_was_stopped_before_the_mail_server_had_it_costs_nothing(
    shop: Shop, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await confirmed(shop)
    await react(shop)
    for _ in range(3):
        async with shop.pool.acquire() as conn:
            [claimed] = await store.claim_due(conn, 1)  # claimed, and stopped while it looked for keys or connected
        assert claimed.doubts == 0
        await due_now(shop)
    await send(shop, server)
    assert len(received.mails) == 1
    assert await ledger(shop) == ["sent"]


async def test_a_mail_in_doubt_is_repeated_once(shop: Shop, inbox: tuple[Inbox, MailServer]) -> None:
    received, server = inbox
    await confirmed(shop)
    await react(shop)
    async with shop.pool.acquire() as conn:
        [claimed] = await store.claim_due(conn, 1)
        await store.begin(conn, claimed.mail.id)
    await due_now(shop)
    await send(shop, server)
    assert [mail["Message-ID"] for mail in received.mails] == [claimed.mail.message_id]
    assert await ledger(shop) == ["sent"]


async def test_a_server_that_is_busy_or_away_is_tried_again(shop: Shop, inbox: tuple[Inbox, MailServer]) -> None:
    received, server = inbox
    await confirmed(shop)
    await react(shop)
    received.says = "451 later"
    await send(shop, server)
    assert await send(shop, server) == 0
    await due_now(shop)
    assert await send(shop, MailServer("smtp://127.0.0.1:9")) == 1
    received.says = "250 OK"
    await due_now(shop)
    await send(shop, server)
    assert len(received.mails) == 1


async def test_a_recipient_refused_for_good_is_written_down(shop: Shop, inbox: tuple[Inbox, MailServer]) -> None:
    received, server = inbox
    order = await confirmed(shop)
    await react(shop)
    received.says = "550 no such user"
    await send(shop, server)
    assert await ledger(shop) == ["refused"]
    payload = await shop.pool.fetchval(
        "SELECT payload FROM event_log WHERE type = 'notifications.mail_refused.v1' AND partition_key = $1",
        f"order:{order.id}",
    )
    assert msgspec.json.decode(payload)["code"] == 550

"""Mails of accounts: each goes out once, also when the mail server is slow and several workers send."""

import asyncio
import re
from collections import Counter
from datetime import timedelta

import pytest

from tests.fixtures.write_side import TEXTS
from tests.integration.accounts.conftest import Customers
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from write_side.accounts.letters import sending, store
from write_side.notifications import addressed
from write_side.notifications.gateway import MailServer

MAILS = [f"reader-{n}@example.org" for n in range(8)]
CLAIM = 2.0  # seconds, here
A_MAIL = 0.4 * CLAIM  # as long as one may take of a claim: 12 s of 30


@pytest.fixture
async def asked(customers: Customers) -> Customers:
    """Eight have signed up, and nothing was sent yet."""
    for n, mail in enumerate(MAILS):
        await customers.sign_up(mail, client=f"203.0.113.{n}")
    return customers


async def send(shop: Shop, server: MailServer) -> int:
    return await sending.send_due(shop.pool, shop.keyring, server, TEXTS, shop.settings)


async def worker(shop: Shop, server: MailServer) -> None:
    """Until nothing waits to be sent any more."""
    while await shop.pool.fetchval("SELECT count(*) FROM account_letter WHERE next_attempt_at IS NOT NULL"):
        await send(shop, server)
        await asyncio.sleep(0.05)


async def test_workers_at_a_slow_mail_server_send_each_letter_once_and_every_link_opens(
    asked: Customers, shop: Shop, inbox: tuple[Inbox, MailServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    received, server = inbox
    received.seconds = A_MAIL
    monkeypatch.setattr(store, "CLAIM", timedelta(seconds=CLAIM))
    await asyncio.gather(*(worker(shop, server) for _ in range(2)))
    assert Counter(str(mail["To"]) for mail in received.mails) == dict.fromkeys(MAILS, 1)
    for mail in received.mails:
        [token] = re.findall(r"#token=([\w-]+)", mail.get_content())
        assert (await asked.confirm(token)).token


async def test_a_letter_that_cant_be_written_keeps_no_other_waiting(
    asked: Customers, shop: Shop, inbox: tuple[Inbox, MailServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    received, server = inbox
    def failing(to: str, *rest: str) -> object:
        if to == MAILS[0]:
            raise ValueError("no such letter")
        return addressed(to, *rest)

    monkeypatch.setattr("write_side.accounts.letters.sending.addressed", failing)
    assert await send(shop, server) == len(MAILS)
    assert sorted(str(mail["To"]) for mail in received.mails) == MAILS[1:]
    monkeypatch.undo()
    await asyncio.sleep(1.1)  # put off for a moment
    assert await send(shop, server) == 1
    assert str(received.mails[-1]["To"]) == MAILS[0]

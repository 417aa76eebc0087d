"""Customers who sign up and in, through the handlers, on real Postgres, a real keyring and a real mail server."""

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage

import msgspec
import pytest

from tests.fixtures.write_side import CAUSE, TEXTS
from tests.integration.checkout.conftest import inbox, inbox_type, shop, shop_settings, stripe_url
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import MAIL, Shop
from write_side.accounts import SignedIn, changing_passwords, sessions, signed_in, signing_up
from write_side.accounts.desk import Desk, NewSession, open_desk
from write_side.accounts.letters import sending
from write_side.notifications.gateway import MailServer

__all__ = ["inbox", "inbox_type", "shop", "shop_settings", "stripe_url"]

PASSWORD = "correct horse battery"
HOME = "203.0.113.7"
_session = msgspec.json.Decoder(NewSession)


class Customers:
    """The desk of accounts, and what tests do at it."""

    def __init__(self, shop: Shop, desk: Desk, received: Inbox, server: MailServer) -> None:
        self.shop, self.desk, self.pool = shop, desk, shop.pool
        self._received, self._server = received, server

    async def sign_up(
        self, mail: str = MAIL, password: str = PASSWORD, client: str = HOME, locale: str = ""
    ) -> bytes:
        """What is answered."""
        return (await signing_up.sign_up(self.desk, mail, password, client, CAUSE, locale)).body

    async def ask_for_reset(self, mail: str = MAIL, client: str = HOME) -> bytes:
        """What is answered."""
        return (await changing_passwords.ask_for_reset(self.desk, mail, client)).body

    async def mails(self) -> list[EmailMessage]:
        """Send what is due; all mails that came so far."""
        while await sending.send_due(self.pool, self.desk.keyring, self._server, TEXTS, self.shop.settings):
            pass
        return self._received.mails

    async def subjects(self) -> list[str]:
        """Of all mails that came so far."""
        return [str(mail["Subject"]) for mail in await self.mails()]

    async def link(self) -> str:
        """The token in the newest mail that has one."""
        await self.subjects()
        texts = [mail.get_content() for mail in self._received.mails]
        found = [token for text in texts for token in re.findall(r"#token=([\w-]+)", text)]
        return str(found[-1])

    async def confirm(self, token: str, password: str = PASSWORD) -> NewSession:
        """Follow the link of a confirmation."""
        return _session.decode((await signing_up.confirm(self.desk, token, password, HOME, CAUSE)).body)

    async def reset(self, token: str, password: str) -> NewSession:
        """Follow the link of a reset."""
        return _session.decode((await changing_passwords.reset(self.desk, token, password, HOME, CAUSE)).body)

    async def sign_in(self, password: str = PASSWORD, mail: str = MAIL, client: str = HOME) -> NewSession:
        """A session by mail and password."""
        return _session.decode((await sessions.sign_in(self.desk, mail, password, client, CAUSE)).body)

    async def customer(self, mail: str = MAIL) -> NewSession:
        """Somebody who has signed up and confirmed the mail address."""
        await self.sign_up(mail)
        return await self.confirm(await self.link())

    async def who(self, session: NewSession) -> SignedIn | None:
        """Who a session stands for now."""
        return await signed_in(self.pool, f"Bearer {session.token}")

    async def history(self, kind: str = "account") -> list[str]:
        """What happened to aggregates of a kind, in the order of the log."""
        rows = await self.pool.fetch(
            "SELECT type FROM event_log WHERE aggregate_type = $1 ORDER BY position", kind
        )
        return [row["type"].split(".")[1] for row in rows]


@pytest.fixture
async def customers(shop: Shop, inbox: tuple[Inbox, MailServer]) -> AsyncIterator[Customers]:
    """Nobody has an account yet."""
    async with open_desk(shop.pool, shop.keyring, shop.settings.attempts_per_client) as desk:
        yield Customers(shop, desk, *inbox)

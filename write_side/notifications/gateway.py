"""SMTP: the only file that knows it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import aiosmtplib

TIMEOUT = 4.0  # seconds for each step of the conversation, and for all of connecting
LONGEST = 8.0  # for all that follows; with connecting no more than a worker that stops waits for


class NotSent(Exception):
    """It certainly did not go out, and may later: the server can't be reached, or said so for now."""


class Refused(Exception):
    """The server refused the mail for good."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


class Unclear(Exception):
    """The connection broke while the mail was under way."""


class MailServer:
    """Sends mails through SMTP_URL: smtp://[user:password@]host[:port], or smtps:// for TLS from the start."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "smtps"
        self._host = parts.hostname or "127.0.0.1"
        self.port = parts.port or (465 if self._tls else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection that takes a mail for `hand_over`; raises `NotSent` where there is none."""
        client = aiosmtplib.SMTP(
            hostname=self._host, port=self.port, use_tls=self._tls, username=self._user, password=self._password,
            timeout=TIMEOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(TIMEOUT):
                await client.connect()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            client.close()
            raise NotSent from error
        try:
            yield client
        finally:
            client.close()

    async def hand_over(self, client: aiosmtplib.SMTP, message: EmailMessage) -> None:
        """Returns once the server has taken it; raises `NotSent`, `Refused`, `Unclear`."""
        try:
            async with asyncio.timeout(LONGEST):
                await self._hand_over(client, message)
        except TimeoutError as error:
            raise Unclear from error

    async def ping(self) -> None:
        """Says hello and goodbye; raises while the server is down."""
        client = aiosmtplib.SMTP(hostname=self._host, port=self.port, use_tls=self._tls, timeout=TIMEOUT)
        try:
            await client.connect()
            await client.quit()
        finally:
            client.close()

    async def _hand_over(self, client: aiosmtplib.SMTP, message: EmailMessage) -> None:
        try:
            await client.send_message(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _said(max(refusal.code for refusal in error.recipients)) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _said(error.code) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unclear from error


def _said(code: int) -> NotSent | Refused:
    return Refused(code) if code >= 500 else NotSent()

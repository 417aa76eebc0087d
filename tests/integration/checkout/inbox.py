"""A mail server of the tests' own."""

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any


class Inbox:
    """What the mail server was given, and what it says to a mail, and after how long."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.says = "250 OK"
        self.seconds = 0.0  # that it takes for a mail

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # aiosmtpd's name
        await asyncio.sleep(self.seconds)
        if self.says.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        return self.says

"""A mail server of the tests' own."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any


class Inbox:
    """What the mail server was given, and what it says to a mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.says = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # aiosmtpd's name
        if self.says.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        return self.says

"""Mails to customers: nobody asks anything of them, they react. Others with something to send share the way out, and
what mails say in each language."""

from write_side.notifications.domain import addressed, message_id
from write_side.notifications.gateway import MailServer, NotSent, Refused, Unclear
from write_side.notifications.text_files import read_mail_texts
from write_side.notifications.texts import BrokenMailTexts, MailTexts, Voice
from write_side.notifications.trying import tried

__all__ = [
    "BrokenMailTexts", "MailServer", "MailTexts", "NotSent", "Refused", "Unclear", "Voice", "addressed", "message_id",
    "read_mail_texts", "tried",
]  # fmt: skip

"""Mails to customers: nobody asks anything of them, they react. Others with something to send share the way out."""

from write_side.notifications.domain import addressed, message_id
from write_side.notifications.gateway import MailServer, NotSent, Refused, Unclear

__all__ = ["MailServer", "NotSent", "Refused", "Unclear", "addressed", "message_id"]

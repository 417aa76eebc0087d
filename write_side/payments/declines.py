"""What a decline means, pure: which of Stripe's many codes are one reason of ours, and when it is tried again.

By Stripe's tables of decline and advice codes. A reason never tells the customer that a card was reported lost, stolen
or used for fraud: Stripe asks to show these as a plain decline; the exact code stands in the log.
"""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

Reason = Literal[
    "insufficient_funds",
    "try_again_later",
    "processing_error",
    "authentication_required",  # the customer has to prove who they are
    "authentication_failed",
    "incorrect_details",  # number, expiry, security code, postal code
    "expired_card",
    "not_supported",  # this card, currency, amount or kind of purchase
    "limit_exceeded",
    "card_declined",  # whatever else
]
PASSING: frozenset[Reason] = frozenset(("insufficient_funds", "try_again_later", "processing_error"))
RETRIES = 3
WINDOW = timedelta(minutes=10)
PAUSES = (timedelta(seconds=20), timedelta(seconds=100), timedelta(seconds=300))  # before each retry; 7 minutes in all

_REASONS: dict[str, Reason] = {
    "insufficient_funds": "insufficient_funds",
    "withdrawal_count_limit_exceeded": "limit_exceeded",
    "card_velocity_exceeded": "limit_exceeded",
    "try_again_later": "try_again_later",
    "issuer_not_available": "try_again_later",
    "reenter_transaction": "try_again_later",
    "approve_with_id": "try_again_later",
    "processing_error": "processing_error",
    "authentication_required": "authentication_required",
    "authentication_not_handled": "authentication_required",
    "online_or_offline_pin_required": "authentication_required",
    "offline_pin_required": "authentication_required",
    "payment_intent_authentication_failure": "authentication_failed",
    "expired_card": "expired_card",
    "card_not_supported": "not_supported",
    "currency_not_supported": "not_supported",
    "invalid_amount": "not_supported",
    "not_permitted": "not_supported",
    "service_not_allowed": "not_supported",
    "transaction_not_allowed": "not_supported",
    "incorrect_number": "incorrect_details",
    "invalid_number": "incorrect_details",
    "incorrect_cvc": "incorrect_details",
    "invalid_cvc": "incorrect_details",
    "incorrect_zip": "incorrect_details",
    "incorrect_address": "incorrect_details",
    "incorrect_pin": "incorrect_details",
    "invalid_pin": "incorrect_details",
    "invalid_expiry_month": "incorrect_details",
    "invalid_expiry_year": "incorrect_details",
    "invalid_account": "incorrect_details",
}
_UNSAID = frozenset(("generic_decline", "do_not_honor", "no_action_taken", "call_issuer"))  # the bank gives no reason


class Decline(Struct, frozen=True):
    """One refused try; `id` tells it from the next one. `advice` is Stripe's word on trying again."""

    id: str
    code: str
    decline_code: str | None
    advice: str | None = None
    method_id: str | None = None  # what was to be paid with
    method_type: str | None = None

    @property
    def charge(self) -> str | None:
        """The charge that was refused; None if it didn't come to one, and another such try may have the same id."""
        return None if self.id == self.code else self.id


def reason_of(decline: Decline) -> Reason:
    """Our word for it. A bank that gives no reason, but the advice to come again, means just that."""
    exact = decline.decline_code or decline.code
    if exact in _UNSAID and decline.advice == "try_again_later":
        return "try_again_later"
    return _REASONS.get(exact, "card_declined")


def may_pass(decline: Decline) -> bool:
    """Whether the same card may say yes in a few minutes; never against the bank's advice."""
    advised = decline.advice in (None, "try_again_later")
    return advised and decline.method_type == "card" and reason_of(decline) in PASSING


def next_try(decline: Decline, retries: int, until: datetime | None, now: datetime) -> datetime | None:
    """When to try again, None for never: at most three times, each later than the last, the last within ten minutes of
    the first decline of this kind (`until`, None if this is the first)."""
    if retries >= RETRIES or not may_pass(decline):
        return None
    at = now + PAUSES[retries]
    return at if at <= (until or now + WINDOW) else None

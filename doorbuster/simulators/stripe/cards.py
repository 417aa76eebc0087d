"""Stripe's test cards, and how each one behaves. A card is recognized later by brand and last four digits,
which are unique among them, so that no number needs to be stored."""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Struct

from .errors import StripeError, missing
from .objects import NO_ADDRESS, NO_BILLING, Json, Moment, PaymentMethod


class Decline(Struct, frozen=True):
    """Why the bank says no."""

    code: str
    message: str
    decline_code: str | None = None
    advice: str = "try_again_later"


class Card(Struct, frozen=True):
    """One test card: `tokens` are its names after `pm_card_` and `tok_`."""

    number: str
    tokens: tuple[str, ...]
    brand: str = "visa"
    decline: Decline | None = None
    authenticate: bool = False
    dispute: str | None = None  # the reason of the chargeback that follows each capture
    slow_refund: bool = False  # refunds wait until the controls settle them; else they succeed, and may still fail


def _declined(decline_code: str, message: str = "Your card was declined.", advice: str = "do_not_try_again") -> Decline:
    return Decline("card_declined", message, decline_code, advice)


GENERIC = _declined("generic_decline", advice="try_again_later")
FUNDS = _declined("insufficient_funds", "Your card has insufficient funds.", "try_again_later")
NOT_AUTHENTICATED = Decline(
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "authentication_required",
)
PASSING = {  # declines of a bank in trouble
    "insufficient_funds": FUNDS,
    "try_again_later": _declined("try_again_later", advice="try_again_later"),
    "issuer_not_available": _declined("issuer_not_available", advice="try_again_later"),
    "processing_error": Decline("processing_error", "An error occurred while processing your card. Try again later."),
}
LIVE_CARD = _declined(
    "test_mode_live_card", "Your card was declined. Your request was in test mode, but used a non test card."
)

CARDS = (
    Card("4242424242424242", ("visa", "us")),
    Card("4000056655665556", ("visa_debit",)),
    Card("5555555555554444", ("mastercard",), "mastercard"),
    Card("5200828282828210", ("mastercard_debit",), "mastercard"),
    Card("378282246310005", ("amex",), "amex"),
    Card("6011111111111117", ("discover",), "discover"),
    Card("3566002020360505", ("jcb",), "jcb"),
    Card("4000002760000016", ("de",)),
    Card("4000000000000077", ("bypassPending",)),
    Card("4000000000000002", ("chargeDeclined", "visa_chargeDeclined"), decline=GENERIC),
    Card(
        "4000000000009995",
        ("chargeDeclinedInsufficientFunds", "visa_chargeDeclinedInsufficientFunds"),
        decline=FUNDS,
    ),
    Card("4000000000009987", ("chargeDeclinedLostCard", "visa_chargeDeclinedLostCard"), decline=_declined("lost_card")),
    Card(
        "4000000000009979",
        ("chargeDeclinedStolenCard", "visa_chargeDeclinedStolenCard"),
        decline=_declined("stolen_card"),
    ),
    Card(
        "4000000000000069",
        ("chargeDeclinedExpiredCard", "visa_chargeDeclinedExpiredCard"),
        decline=Decline("expired_card", "Your card has expired.", advice="do_not_try_again"),
    ),
    Card(
        "4000000000000127",
        ("chargeDeclinedIncorrectCvc", "visa_chargeDeclinedIncorrectCvc"),
        decline=Decline("incorrect_cvc", "Your card's security code is incorrect."),
    ),
    Card(
        "4000000000000119",
        ("chargeDeclinedProcessingError", "visa_chargeDeclinedProcessingError"),
        decline=Decline("processing_error", "An error occurred while processing your card. Try again in a little bit."),
    ),
    Card(
        "4000000000006975",
        ("chargeDeclinedVelocityLimitExceeded", "visa_chargeDeclinedVelocityLimitExceeded"),
        decline=_declined("card_velocity_exceeded"),
    ),
    Card("4000000000000341", ("chargeCustomerFail",), decline=GENERIC),
    Card("4100000000000019", ("riskLevelHighest", "chargeDeclinedFraudulent"), decline=_declined("fraudulent")),
    Card("4000002760003184", ("authenticationRequired",), authenticate=True),
    Card("4000002500003155", ("authenticationRequiredOnSetup",), authenticate=True),
    Card("4000000000003220", ("threeDSecure2Required",), authenticate=True),
    Card("4000000000003063", ("threeDSecureRequired",), authenticate=True),
    Card("4000008400001629", ("threeDSecureRequiredChargeDeclined",), decline=GENERIC, authenticate=True),
    Card(
        "4000008260003178",
        ("authenticationRequiredChargeDeclinedInsufficientFunds",),
        decline=FUNDS,
        authenticate=True,
    ),
    Card("4000000000007726", ("pendingRefund",), slow_refund=True),
    Card("4000000000005126", ("refundFail",)),
    Card("4000000000000259", ("createDispute",), dispute="fraudulent"),
    Card("4000000000002685", ("createDisputeProductNotReceived",), dispute="product_not_received"),
)
BY_TOKEN = {token: card for card in CARDS for token in card.tokens}
BY_NUMBER = {card.number: card for card in CARDS}
BY_FACE = {(card.brand, card.number[-4:]): card for card in CARDS}


def card_of(method: PaymentMethod) -> Card:
    """The test card behind a stored payment method."""
    assert isinstance(method.card, dict)
    return BY_FACE[method.card["brand"], method.card["last4"]]


def from_token(name: str, at: Moment) -> PaymentMethod:
    """A fresh payment method for `pm_card_visa`, `tok_visa`, `pm_usBankAccount_success` and their kin."""
    if name.startswith("pm_usBankAccount"):
        bank = {"bank_name": "STRIPE TEST BANK", "last4": "6789", "routing_number": "110000000"}
        return PaymentMethod(id=at.new_id("pm_1"), created=at.now, type="us_bank_account", us_bank_account=bank)
    card = BY_TOKEN.get(name.removeprefix("pm_card_").removeprefix("tok_"))
    if card is None or not name.startswith(("pm_card_", "tok_")):
        raise missing("PaymentMethod", name, "payment_method", status=400)
    expiry = datetime.fromtimestamp(at.now, UTC).year + 1
    return _method(card, 12, expiry, at, NO_BILLING)


def from_data(data: Json, at: Moment) -> PaymentMethod:
    """A fresh payment method from `payment_method_data`: a token, or the number of a test card."""
    if data["type"] == "us_bank_account":
        return from_token("pm_usBankAccount_success", at)
    card = data.get("card") or {}
    if card.get("token"):
        return from_token(card["token"], at)
    known = _by_number(card)
    _refuse_bad_expiry(card, at)
    given: Json = data.get("billing_details") or {}
    address = {**NO_ADDRESS, **given["address"]} if isinstance(given.get("address"), dict) else NO_ADDRESS
    return _method(known, card["exp_month"], card["exp_year"], at, {**NO_BILLING, **given, "address": address})


def _by_number(card: Json) -> Card:
    for name in ("number", "exp_month", "exp_year"):
        if card.get(name) is None:
            param = f"payment_method_data[card][{name}]"
            raise StripeError(f"Missing required param: {param}.", code="parameter_missing", param=param)
    number = str(card["number"]).replace(" ", "").replace("-", "")
    if not number.isdigit() or not _luhn(number):
        raise _refused("Your card number is incorrect.", "incorrect_number", "number")
    known = BY_NUMBER.get(number)
    if known is None:
        raise _refused(LIVE_CARD.message, LIVE_CARD.code, None, LIVE_CARD.decline_code)
    return known


def _refuse_bad_expiry(card: Json, at: Moment) -> None:
    today = datetime.fromtimestamp(at.now, UTC)
    if not 1 <= card["exp_month"] <= 12:
        raise _refused("Your card's expiration month is invalid.", "invalid_expiry_month", "exp_month")
    if (card["exp_year"], card["exp_month"]) < (today.year, today.month):
        raise _refused("Your card's expiration year is invalid.", "invalid_expiry_year", "exp_year")
    if (cvc := card.get("cvc")) is not None and not (str(cvc).isdigit() and len(cvc) in (3, 4)):
        raise _refused("Your card's security code is invalid.", "invalid_cvc", "cvc")


def _refused(message: str, code: str, param: str | None, decline_code: str | None = None) -> StripeError:
    return StripeError(
        message, status=402, type="card_error", code=code, param=param, decline_code=decline_code, kept=True
    )


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[::2]) % 10 == -sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2]) % 10


def _method(card: Card, month: int, year: int, at: Moment, billing: Json) -> PaymentMethod:
    return PaymentMethod(id=at.new_id("pm_1"), created=at.now, card=_face(card, month, year), billing_details=billing)


@lru_cache(1000)
def _face(card: Card, month: int, year: int) -> Json:
    """What is shown of a card; one dict for all its uses, which saves a kilobyte per payment."""
    # One card has one fingerprint wherever it is used: what limits per card are counted by.
    fingerprint = hashlib.sha256(f"simulator {card.number}".encode()).hexdigest()[:16]
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": card.brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": fingerprint,
        "funding": "debit" if any("debit" in token for token in card.tokens) else "credit",
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }

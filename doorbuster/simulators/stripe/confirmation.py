"""Confirming a PaymentIntent: the bank's answer, 3-D Secure, and methods that take days. Pure, like `intents`."""

from typing import Any

from msgspec.structs import replace

from .cards import NOT_AUTHENTICATED, PASSING, Decline, card_of
from .errors import DOCS, StripeError, invalid
from .intents import unexpected
from .objects import Change, Charge, Intent, Json, Moment, PaymentMethod, Told

APPROVED: Json = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "risk_score": 12,
    "seller_message": "Payment complete.",
    "type": "authorized",
}
PENDING: Json = {**APPROVED, "network_status": "not_sent_to_network", "seller_message": None}
AUTHENTICATION_FAILED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)


def confirm(intent: Intent, method: PaymentMethod | None, params: dict[str, Any], at: Moment) -> Change:
    """Try to pay. A declined card gives a Change with its error: the attempt leaves a failed charge behind."""
    _refuse_unconfirmable(intent, method)
    assert method is not None
    _refuse_without_return_url(intent, params)
    if method.type not in intent.payment_method_types:
        raise invalid(
            f"The PaymentMethod provided ({method.type}) is not allowed for this PaymentIntent. "
            f"Its payment_method_types are: {', '.join(intent.payment_method_types)}.",
            "payment_method",
        )
    details = {name: params[name] for name in ("receipt_email", "shipping", "setup_future_usage") if name in params}
    intent = replace(intent, payment_method=method.id, last_payment_error=None, next_action=None, **details)
    change = _attempt(intent, method, params, at)
    change.objects.insert(0, method)
    return change


def _attempt(intent: Intent, method: PaymentMethod, params: dict[str, Any], at: Moment) -> Change:
    if method.type != "card":
        return _start_processing(intent, method, at)
    card = card_of(method)
    if card.authenticate and (params.get("off_session") or params.get("error_on_requires_action")):
        return _decline(intent, method, NOT_AUTHENTICATED, at)
    if card.authenticate:
        return _require_action(intent, params, at)
    return _answered(intent, method, at)


def _answered(intent: Intent, method: PaymentMethod, at: Moment) -> Change:
    """The bank's word: the card's own, or that of a bank in trouble."""
    own, passing = card_of(method).decline, at.trouble(intent.id)
    if own is None and passing is None:
        return _approve(intent, method, at)
    return _decline(intent, method, own or PASSING[passing or ""], at)


def _refuse_unconfirmable(intent: Intent, method: PaymentMethod | None) -> None:
    if intent.status == "succeeded":
        raise unexpected(intent, "You cannot confirm this PaymentIntent because it has already succeeded.")
    if intent.status in ("canceled", "requires_capture", "processing"):
        raise unexpected(
            intent,
            f"You cannot confirm this PaymentIntent because it has a status of {intent.status}. Only a PaymentIntent "
            "with one of the following statuses may be confirmed: requires_confirmation, requires_action.",
        )
    if method is None:
        raise unexpected(
            intent,
            "You cannot confirm this PaymentIntent because it's missing a payment method. Update the PaymentIntent "
            "with a payment method and confirm it again, or confirm it with a payment method.",
        )


def _refuse_without_return_url(intent: Intent, params: dict[str, Any]) -> None:
    automatic = intent.automatic_payment_methods
    redirects = automatic is not None and automatic["allow_redirects"] == "always"
    if redirects and not params.get("return_url") and not params.get("use_stripe_sdk"):
        raise StripeError(
            "This PaymentIntent accepts payment methods enabled in your Dashboard. Because some of them might redirect "
            "your customer off of your page, you must provide a `return_url`, or create it with "
            "`automatic_payment_methods[allow_redirects]` set to `never`.",
            kept=True,
            payment_intent=intent,
        )


def _require_action(intent: Intent, params: dict[str, Any], at: Moment) -> Change:
    url = f"{at.public_url}/simulator/3ds/{intent.id}"
    action: Json = {
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": params.get("return_url"), "url": url},
    }
    if params.get("use_stripe_sdk") and not params.get("return_url"):
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": url}}
    intent = replace(intent, status="requires_action", next_action=action)
    return Change(intent, [intent], [("payment_intent.requires_action", intent)])


def authenticate(intent: Intent, method: PaymentMethod, authorized: bool, at: Moment) -> Change:
    """The shopper's answer to 3-D Secure: goes on to the bank, or back to choosing a payment method."""
    if intent.status != "requires_action":
        raise unexpected(intent, f"There is nothing to authenticate: the status is {intent.status}.")
    intent = replace(intent, next_action=None)
    if authorized:
        change = _answered(intent, method, at)
        change.error = None  # the shopper's bank page reports no error: the intent does
        return change
    code = "payment_intent_authentication_failure"
    error = _error_of("invalid_request_error", code, AUTHENTICATION_FAILED, method)
    intent = replace(intent, status="requires_payment_method", payment_method=None, last_payment_error=error)
    return Change(intent, [intent], [("payment_intent.payment_failed", intent)])


def _approve(intent: Intent, method: PaymentMethod, at: Moment) -> Change:
    charge = _charge(intent, method, at, status="succeeded", paid=True, outcome=APPROVED)
    if intent.capture_method != "manual":
        return _captured(intent, charge, at)
    held = replace(intent, status="requires_capture", amount_capturable=intent.amount, latest_charge=charge.id)
    events: list[Told] = [("charge.succeeded", charge), ("payment_intent.amount_capturable_updated", held)]
    return Change(held, [charge, held], events)


def _captured(intent: Intent, charge: Charge, at: Moment) -> Change:
    charge = replace(charge, captured=True, amount_captured=charge.amount, balance_transaction=at.new_id("txn_3"))
    intent = replace(
        intent, status="succeeded", amount_received=charge.amount, latest_charge=charge.id, processing=None
    )
    return Change(intent, [charge, intent], [("charge.succeeded", charge), ("payment_intent.succeeded", intent)])


def _decline(intent: Intent, method: PaymentMethod, why: Decline, at: Moment) -> Change:
    outcome = {
        **APPROVED,
        "advice_code": why.advice,
        "network_decline_code": "01",
        "network_status": "declined_by_network",
        "reason": why.decline_code or why.code,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }
    charge = _charge(
        intent,
        method,
        at,
        status="failed",
        paid=False,
        outcome=outcome,
        failure_code=why.code,
        failure_message=why.message,
    )
    extra = {"advice_code": why.advice, "charge": charge.id, "decline_code": why.decline_code}
    details = _error_of("card_error", why.code, why.message, method, **extra)
    intent = replace(
        intent,
        status="requires_payment_method",
        payment_method=None,
        latest_charge=charge.id,
        last_payment_error=details,
    )
    error = StripeError(
        why.message,
        status=402,
        type="card_error",
        code=why.code,
        param="cvc" if why.code == "incorrect_cvc" else None,
        kept=True,
        payment_intent=intent,
        payment_method=method,
        **extra,
    )
    events: list[Told] = [("charge.failed", charge), ("payment_intent.payment_failed", intent)]
    return Change(intent, [charge, intent], events, error)


def _start_processing(intent: Intent, method: PaymentMethod, at: Moment) -> Change:
    if intent.capture_method == "manual":
        raise invalid(f"The payment method type {method.type} does not support manual capture.", "capture_method")
    charge = _charge(intent, method, at, status="pending", paid=False, outcome=PENDING)
    intent = replace(intent, status="processing", latest_charge=charge.id)
    return Change(intent, [charge, intent], [("charge.pending", charge), ("payment_intent.processing", intent)])


def settle(intent: Intent, charge: Charge, method: PaymentMethod, succeeded: bool, at: Moment) -> Change:
    """The bank's late answer to a payment that is `processing`; its pending charge becomes the outcome."""
    if intent.status != "processing":
        raise unexpected(intent, f"There is nothing to settle: the status is {intent.status}.")
    if succeeded:
        charge = replace(charge, status="succeeded", paid=True, outcome=APPROVED)
        return _captured(intent, charge, at)
    message = "The bank refused the payment."
    code = "payment_method_provider_decline"
    charge = replace(charge, status="failed", failure_code=code, failure_message=message)
    error = _error_of("card_error", code, message, method, charge=charge.id)
    intent = replace(intent, status="requires_payment_method", payment_method=None, last_payment_error=error)
    return Change(intent, [charge, intent], [("charge.failed", charge), ("payment_intent.payment_failed", intent)])


def _charge(intent: Intent, method: PaymentMethod, at: Moment, **outcome: Any) -> Charge:
    if isinstance(method.card, dict):
        card = {
            **method.card,
            "amount_authorized": intent.amount,
            "network": method.card["brand"],
            "three_d_secure": None,
        }
        details: Json = {"type": "card", "card": card}
    else:
        details = {"type": method.type, method.type: method.us_bank_account}
    return Charge(
        id=at.new_id("ch_3"),
        amount=intent.amount,
        billing_details=method.billing_details,
        captured=False,
        created=at.now,
        currency=intent.currency,
        customer=intent.customer,
        description=intent.description,
        metadata=intent.metadata,
        payment_intent=intent.id,
        payment_method=method.id,
        payment_method_details=details,
        receipt_email=intent.receipt_email,
        shipping=intent.shipping,
        **outcome,
    )


def _error_of(type: str, code: str, message: str, method: PaymentMethod, **extra: Any) -> Json:
    shown = {"code": code, "doc_url": DOCS + code.replace("_", "-"), "message": message, "type": type}
    return {**{name: value for name, value in extra.items() if value is not None}, **shown, "payment_method": method}

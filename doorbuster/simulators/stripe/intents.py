"""The life of a PaymentIntent, but for confirming it: pure decisions, state and parameters in, a Change out."""

from typing import Any

from msgspec.structs import replace

from .errors import StripeError, invalid
from .objects import Change, Charge, Intent, Moment, PaymentMethod, Refund, Status
from .params import merged

# The least Stripe accepts, in minor units; other currencies it takes are held to DEFAULT_LEAST here.
LEAST = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip
DEFAULT_LEAST = 50
PLAYED = ("card", "link", "us_bank_account")  # the payment method types; nothing plays the wallet behind link
# fmt: off
ALSO_TAKEN = frozenset((
    "ars", "bhd", "bob", "clp", "cny", "cop", "crc", "dop", "egp", "gel", "idr", "ils", "isk", "jod", "kes", "krw",
    "kwd", "kzt", "mad", "ngn", "omr", "pen", "php", "pkr", "pyg", "qar", "rsd", "sar", "try", "twd", "tzs", "uah",
    "ugx", "uyu", "vnd", "xaf", "xof", "zar",
))
# fmt: on
BEFORE_CHARGE: tuple[Status, ...] = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE: tuple[Status, ...] = (*BEFORE_CHARGE, "processing", "requires_capture")
PLAIN_FIELDS = (
    "description",
    "receipt_email",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "setup_future_usage",
    "allowed_payment_method_types",
    "excluded_payment_method_types",
    "customer",
    "payment_method_options",
)


def unexpected(intent: Intent, message: str, param: str | None = None) -> StripeError:
    """`payment_intent_unexpected_state`, with the intent as it is."""
    code = "payment_intent_unexpected_state"
    return StripeError(message, code=code, param=param, kept=True, payment_intent=intent)


def create(params: dict[str, Any], method: PaymentMethod | None, at: Moment) -> Change:
    """A new intent, not confirmed; `method` is what `payment_method` or `payment_method_data` named."""
    currency = checked_currency(params["currency"])
    refuse_too_small(params["amount"], currency)
    automatic, types = _methods_accepted(params)
    identifier = at.new_id("pi_3")
    intent = Intent(
        id=identifier,
        amount=params["amount"],
        automatic_payment_methods=automatic,
        capture_method=params.get("capture_method", "automatic_async"),
        client_secret=at.new_id(f"{identifier}_secret_"),
        confirmation_method=params.get("confirmation_method", "automatic"),
        created=at.now,
        currency=currency,
        metadata=merged({}, params.get("metadata", {})),
        payment_method=method.id if method else None,
        payment_method_types=types,
        status="requires_confirmation" if method else "requires_payment_method",
    )
    intent = replace(intent, **{name: params[name] for name in PLAIN_FIELDS if name in params})
    return Change(intent, [*([method] if method else []), intent], [("payment_intent.created", intent)])


def checked_currency(currency: str | None) -> str:
    """The currency in lower case, if Stripe takes it."""
    lowered = (currency or "").lower()
    if lowered not in LEAST and lowered not in ALSO_TAKEN:
        raise StripeError(f"Invalid currency: {lowered}.", param="currency", kept=True)
    return lowered


def refuse_too_small(amount: int, currency: str) -> None:
    """`amount_too_small` below Stripe's minimum for the currency."""
    least = LEAST.get(currency, DEFAULT_LEAST)
    if amount < least:
        message = f"Amount must be at least {least} in the smallest unit of {currency}."
        raise StripeError(message, code="amount_too_small", param="amount", kept=True)


def _methods_accepted(params: dict[str, Any]) -> tuple[dict[str, Any] | None, list[str]]:
    """`automatic_payment_methods` as it will stand, and the types that come of it."""
    automatic, allowed = params.get("automatic_payment_methods"), params.get("allowed_payment_method_types")
    excluded = params.get("excluded_payment_method_types", [])
    if allowed and (automatic or excluded):
        both = "allowed_payment_method_types, automatic_payment_methods, excluded_payment_method_types"
        raise invalid(f"You may only specify one of these parameters: {both}.", "allowed_payment_method_types")
    if allowed:
        automatic, types = None, [each for each in allowed if each in PLAYED]
    elif automatic and not automatic["enabled"]:
        automatic, types = None, ["card"]
    else:
        # Saying nothing means automatic methods, redirects included.
        automatic, types = {"allow_redirects": "always", "enabled": True, **(automatic or {})}, ["card", "link"]
    types = [each for each in types if each not in excluded]
    if not types:
        raise StripeError("No payment method types are left for this PaymentIntent.", kept=True)
    return automatic, types


def update(intent: Intent, params: dict[str, Any], method: PaymentMethod | None) -> Change:
    """Change an intent. Amount, currency and payment method only before there is a charge; the rest at any time."""
    for name in ("amount", "currency", "payment_method", "payment_method_data", "allowed_payment_method_types"):
        if name in params and intent.status not in BEFORE_CHARGE:
            allowed = ", ".join(BEFORE_CHARGE)
            raise unexpected(
                intent,
                f"This PaymentIntent's {name} could not be updated because it has a status of {intent.status}. "
                f"You may only update it in one of the following statuses: {allowed}.",
                name,
            )
    changed = {name: params[name] for name in (*PLAIN_FIELDS, "amount") if name in params}
    if "currency" in params:
        changed["currency"] = checked_currency(params["currency"])
    refuse_too_small(changed.get("amount", intent.amount), changed.get("currency", intent.currency))
    if "allowed_payment_method_types" in params or "excluded_payment_method_types" in params:
        changed["automatic_payment_methods"], changed["payment_method_types"] = _methods_accepted(params)
    if "metadata" in params:
        changed["metadata"] = merged(intent.metadata, params["metadata"])
    if method:
        changed |= {"payment_method": method.id, "status": "requires_confirmation", "next_action": None}
    intent = replace(intent, **changed)
    return Change(intent, [*([method] if method else []), intent], [])


def capture(intent: Intent, charge: Charge | None, params: dict[str, Any], at: Moment) -> Change:
    """Take the money that was authorized, all or part of it; the rest is released to the shopper."""
    if intent.status != "requires_capture" or charge is None:
        state = "has already been captured" if intent.amount_received else f"has a status of {intent.status}"
        raise unexpected(
            intent,
            f"This PaymentIntent could not be captured because it {state}. "
            "Only a PaymentIntent with one of the following statuses may be captured: requires_capture.",
        )
    amount = params.get("amount_to_capture", intent.amount_capturable)
    if amount > intent.amount_capturable:
        message = f"You asked to capture {amount}, which is more than the {intent.amount_capturable} you can capture."
        raise StripeError(message, code="amount_too_large", param="amount_to_capture", kept=True)
    released = charge.amount - amount
    charge = replace(
        charge, amount_captured=amount, amount_refunded=released, captured=True, balance_transaction=at.new_id("txn_3")
    )
    metadata = merged(intent.metadata, params.get("metadata", {}))
    intent = replace(intent, status="succeeded", amount_capturable=0, amount_received=amount, metadata=metadata)
    return Change(intent, [charge, intent], [("charge.captured", charge), ("payment_intent.succeeded", intent)])


def cancel(intent: Intent, charge: Charge | None, reason: str | None, at: Moment) -> Change:
    """End an intent for good. An authorization is released, which Stripe tells as a refund of the charge."""
    if intent.status not in CANCELABLE:
        raise unexpected(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent.status}. "
            f"Only a PaymentIntent with one of the following statuses may be canceled: {', '.join(CANCELABLE)}.",
        )
    held = charge if intent.status == "requires_capture" else None
    released = _release(held, at) if held else Change(intent, [], [])
    intent = replace(
        intent,
        status="canceled",
        canceled_at=at.now,
        cancellation_reason=reason,
        amount_capturable=0,
        next_action=None,
        processing=None,
    )
    return Change(intent, [*released.objects, intent], [*released.events, ("payment_intent.canceled", intent)])


def _release(charge: Charge, at: Moment) -> Change:
    refund = Refund(
        id=at.new_id("re_3"),
        amount=charge.amount,
        charge=charge.id,
        created=at.now,
        currency=charge.currency,
        payment_intent=charge.payment_intent,
    )
    charge = replace(charge, amount_refunded=charge.amount, refunded=True)
    return Change(charge, [refund, charge], [("charge.refunded", charge)])

"""Which parameters each operation takes. What Stripe has and this simulator doesn't play is refused by name."""

from typing import Any

from .errors import invalid
from .params import (
    LARGEST_AMOUNT,
    Spec,
    anything,
    array_of,
    boolean,
    choice,
    hash_of,
    integer,
    metadata,
    text,
    unsupported,
)


def no_longer_supported(name: str, value: Any) -> Any:
    """Gone since API 2026-09-30: `allowed_payment_method_types` took its place."""
    raise invalid(f"{name} is no longer supported.", name, "payment_method_types_no_longer_supported")


EXPAND: Spec = {"expand": array_of(text())}
AMOUNT = integer(1, LARGEST_AMOUNT)
CARD: Spec = {"number": text(), "exp_month": integer(), "exp_year": integer(), "cvc": text(), "token": text()}
STRIPE_JS = ("guid", "muid", "sid", "payment_user_agent", "time_on_page", "referrer", "client_attribution_metadata")
METHOD: Spec = {
    "type": choice("card", "us_bank_account"),
    "card": hash_of(CARD),
    "us_bank_account": anything,
    "billing_details": anything,
    "metadata": metadata,
    "allow_redisplay": anything,
    **dict.fromkeys(STRIPE_JS, anything),  # what Stripe's browser library adds by itself
}
METHOD_DATA = hash_of(METHOD, "type")
ELSEWHERE: Spec = {"payment_method_types": no_longer_supported} | dict.fromkeys(
    (
        "application_fee_amount",
        "on_behalf_of",
        "transfer_data",
        "transfer_group",
        "mandate",
        "mandate_data",
        "confirmation_token",
        "payment_method_configuration",
    ),
    unsupported,
)
INTENT: Spec = {
    "amount": AMOUNT,
    "currency": text(3),
    "customer": text(),
    "description": text(1000),
    "metadata": metadata,
    "payment_method": text(),
    "payment_method_data": METHOD_DATA,
    "payment_method_options": anything,
    "allowed_payment_method_types": array_of(text(100)),
    "excluded_payment_method_types": array_of(text(100)),
    "receipt_email": text(800),
    "setup_future_usage": choice("on_session", "off_session"),
    "shipping": anything,
    "statement_descriptor": text(22),
    "statement_descriptor_suffix": text(22),
    **ELSEWHERE,
    **EXPAND,
}
CONFIRMING: Spec = {
    "return_url": text(),
    "use_stripe_sdk": boolean,
    "off_session": boolean,
    "error_on_requires_action": boolean,
    "radar_options": anything,
}
CREATE_INTENT: Spec = {
    **INTENT,
    **CONFIRMING,
    "automatic_payment_methods": hash_of({"enabled": boolean, "allow_redirects": choice("always", "never")}, "enabled"),
    "capture_method": choice("automatic", "automatic_async", "manual"),
    "confirmation_method": choice("automatic", "manual"),
    "confirm": boolean,
}
CONFIRM_INTENT: Spec = {
    **CONFIRMING,
    **EXPAND,
    **ELSEWHERE,
    "payment_method": text(),
    "payment_method_data": METHOD_DATA,
    "payment_method_options": anything,
    "receipt_email": text(800),
    "setup_future_usage": choice("on_session", "off_session"),
    "shipping": anything,
    "client_secret": text(),
    "expected_payment_method_type": anything,
    "client_attribution_metadata": anything,
}
CAPTURE_INTENT: Spec = {
    "amount_to_capture": AMOUNT,
    "metadata": metadata,
    "statement_descriptor": anything,
    "statement_descriptor_suffix": anything,
    "final_capture": unsupported,
    **ELSEWHERE,
    **EXPAND,
}
CANCEL_INTENT: Spec = {
    "cancellation_reason": choice("duplicate", "fraudulent", "requested_by_customer", "abandoned"),
    **EXPAND,
}
CREATE_REFUND: Spec = {
    "payment_intent": text(),
    "charge": text(),
    "amount": AMOUNT,
    "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
    "metadata": metadata,
    **EXPAND,
}
CREATE_METHOD: Spec = {**METHOD, **EXPAND}

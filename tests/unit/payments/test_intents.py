"""What is read of an intent is the same whichever of the SDK's doors its answer came through."""

from typing import Any

import msgspec
import stripe

from write_side.payments.intents import shown_by, shown_in

INTENT: dict[str, Any] = {
    "id": "pi_1",
    "object": "payment_intent",
    "status": "requires_payment_method",
    "amount": 2654,
    "currency": "chf",
    "amount_capturable": 0,
    "amount_received": 0,
    "client_secret": "pi_1_secret_1",
    "latest_charge": None,
    "last_payment_error": None,
    "metadata": {
        "payment_id": "01900000-0000-7000-8000-000000000001",
        "order_id": "01900000-0000-7000-8000-000000000002",
    },
    "automatic_payment_methods": {"enabled": True},
}


def test_an_answer_read_itself_says_what_the_sdks_object_says() -> None:
    answer = stripe.StripeResponse(msgspec.json.encode(INTENT).decode(), 200, {})
    seen = shown_in(answer)
    assert seen == shown_by(stripe.PaymentIntent.construct_from(INTENT, "sk_test"))
    assert (seen.intent_id, seen.currency, seen.client_secret) == ("pi_1", "CHF", "pi_1_secret_1")

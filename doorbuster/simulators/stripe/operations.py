"""The operations of Stripe's API that are played here: each finds what it is about and asks a pure decision."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from . import cards, confirmation, intents, refunds, specs
from .errors import StripeError, invalid, missing
from .ledger import Ledger
from .lists import PAGE, page
from .objects import Change, Charge, Intent, Moment, PaymentMethod
from .params import Spec, array_of, choice, text


class Call(Struct, frozen=True):
    """One request, checked: its typed parameters and what may be known of its caller."""

    ledger: Ledger
    at: Moment
    params: dict[str, Any]
    id: str = ""
    publishable: bool = False


class Operation(Struct, frozen=True):
    """A route of the API. `publishable`: the shopper's browser may call it."""

    method: str
    path: str
    run: Callable[[Call], Any]
    spec: Spec
    required: tuple[str, ...] = ()
    publishable: bool = False


# What a browser may see of an intent.
SHOWN = (
    "id", "amount", "amount_details", "automatic_payment_methods", "canceled_at", "cancellation_reason",
    "capture_method", "client_secret", "confirmation_method", "created", "currency", "description",
    "last_payment_error", "livemode", "next_action", "payment_method", "payment_method_types", "processing",
    "receipt_email", "setup_future_usage", "shipping", "source", "status",
)  # fmt: skip


def shown(intent: Intent) -> dict[str, Any]:
    """An intent as the holder of its client secret sees it: no metadata, no charge."""
    fields = asdict(intent)
    return {"object": "payment_intent"} | {name: fields[name] for name in SHOWN}


def _intent(call: Call) -> Intent:
    intent = call.ledger.intents.get(call.id)
    if intent is None:
        raise missing("payment_intent", call.id, "intent")
    secret = call.params.get("client_secret")
    if secret is None and call.publishable:
        raise invalid("Missing required param: client_secret.", "client_secret", "parameter_missing")
    if secret is not None and secret != intent.client_secret:
        message = "The client_secret provided does not match the client_secret associated with the PaymentIntent."
        raise StripeError(message, code="payment_intent_invalid_parameter", param="client_secret")
    return intent


def _method(call: Call, current: str | None = None) -> PaymentMethod | None:
    """The payment method that the parameters name, a test token becoming a fresh one; else the current one."""
    if data := call.params.get("payment_method_data"):
        return cards.from_data(data, call.at)
    name = call.params.get("payment_method") or current
    if name is None:
        return None
    return call.ledger.methods.get(name) or cards.from_token(name, call.at)


def create_intent(call: Call) -> Change:
    """Create, and confirm at once when asked."""
    change = intents.create(call.params, _method(call), call.at)
    if not call.params.get("confirm"):
        return change
    assert isinstance(change.answer, Intent)
    method = next((each for each in change.objects if isinstance(each, PaymentMethod)), None)
    confirmed = confirmation.confirm(change.answer, method, call.params, call.at)
    confirmed.objects[:0], confirmed.events[:0] = change.objects, change.events
    return disputed(confirmed, call)


def retrieve_intent(call: Call) -> Any:
    """One intent; a browser sees less of it."""
    intent = _intent(call)
    return shown(intent) if call.publishable else intent


def update_intent(call: Call) -> Change:
    """Change what may still change."""
    return intents.update(_intent(call), call.params, _method(call))


def confirm_intent(call: Call) -> Change:
    """Try to pay."""
    intent = _intent(call)
    change = confirmation.confirm(intent, _method(call, intent.payment_method), call.params, call.at)
    return disputed(change, call)


def capture_intent(call: Call) -> Change:
    """Take the money, and let the bank dispute it when the card is of that kind."""
    intent = _intent(call)
    return disputed(intents.capture(intent, call.ledger.charge_of(intent), call.params, call.at), call)


def disputed(change: Change, call: Call) -> Change:
    """The change, with the chargeback that follows at once when the card captured is of that kind."""
    for charge in [each for each in change.objects if isinstance(each, Charge) and each.captured]:
        face = charge.payment_method_details.get("card")
        reason = face and cards.BY_FACE[face["brand"], face["last4"]].dispute
        if reason:
            opened = refunds.dispute(charge, reason, call.at)
            change.objects += opened.objects
            change.events += opened.events
    return change


def cancel_intent(call: Call) -> Change:
    """End it."""
    intent = _intent(call)
    reason = call.params.get("cancellation_reason")
    return intents.cancel(intent, call.ledger.charge_of(intent), reason, call.at)


def create_method(call: Call) -> Change:
    """A payment method of its own."""
    method = cards.from_data(call.params, call.at)
    return Change(method, [method], [])


def create_refund(call: Call) -> Change:
    """Give money back."""
    charge = _refundable(call)
    method = call.ledger.methods[charge.payment_method]
    slow = method.type == "card" and cards.card_of(method).slow_refund
    return refunds.refund(charge, call.params, call.at, slow=slow)


def _refundable(call: Call) -> Charge:
    charge_id, intent_id = call.params.get("charge"), call.params.get("payment_intent")
    if not charge_id and not intent_id:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    if intent_id:
        intent = call.ledger.intents.get(intent_id)
        if intent is None:
            raise missing("payment_intent", intent_id, "payment_intent")
        if not intent.amount_received or not intent.latest_charge:
            raise intents.unexpected(
                intent, f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
            )
        charge_id = intent.latest_charge
    charge = call.ledger.charges.get(str(charge_id))
    if charge is None:
        raise missing("charge", str(charge_id), "charge")
    return charge


def _retrieve(shelf: str, kind: str) -> Callable[[Call], Any]:
    def run(call: Call) -> Any:
        found = getattr(call.ledger, shelf).get(call.id)
        if found is None:
            raise missing(kind, call.id, "id")
        return found

    return run


def _list(shelf: str, path: str, *filters: str) -> Callable[[Call], Any]:
    def run(call: Call) -> Any:
        asked = {name: call.params[name] for name in filters if call.params.get(name)}

        def wanted(each: Any) -> bool:
            return all(getattr(each, name) == value for name, value in asked.items())

        return page(getattr(call.ledger, shelf), path, call.params, wanted)

    return run


def list_events(call: Call) -> Any:
    """Events, newest first, of one `type` (`charge.*` too), of several `types`, or undelivered ones."""
    types = set(call.params.get("types") or filter(None, [call.params.get("type")]))
    delivered = call.params.get("delivery_success")

    def wanted(event: Any) -> bool:
        prefixes = {each[:-1] for each in types if each.endswith("*")}
        named = not types or event.type in types or any(event.type.startswith(prefix) for prefix in prefixes)
        waiting = event.id in call.ledger.undelivered or event.id in call.ledger.failed
        return named and (delivered is None or waiting == (delivered == "false"))

    return page(call.ledger.events, "/v1/events", call.params, wanted)


EVENT_PAGE: Spec = {
    **PAGE,
    "type": text(),
    "types": array_of(text()),
    "delivery_success": choice("true", "false"),
}
BY_INTENT: Spec = {**PAGE, "payment_intent": text()}
BY_CHARGE: Spec = {**BY_INTENT, "charge": text()}
INTENTS, ONE = "/v1/payment_intents", "/v1/payment_intents/{id}"

OPERATIONS = (
    Operation("POST", INTENTS, create_intent, specs.CREATE_INTENT, ("amount", "currency")),
    Operation("GET", INTENTS, _list("intents", INTENTS, "customer"), PAGE),
    Operation("GET", ONE, retrieve_intent, {"client_secret": text(), **specs.EXPAND}, publishable=True),
    Operation("POST", ONE, update_intent, specs.INTENT),
    Operation("POST", f"{ONE}/confirm", confirm_intent, specs.CONFIRM_INTENT, publishable=True),
    Operation("POST", f"{ONE}/capture", capture_intent, specs.CAPTURE_INTENT),
    Operation("POST", f"{ONE}/cancel", cancel_intent, specs.CANCEL_INTENT),
    Operation("POST", "/v1/payment_methods", create_method, specs.CREATE_METHOD, ("type",), publishable=True),
    Operation("GET", "/v1/payment_methods/{id}", _retrieve("methods", "PaymentMethod"), specs.EXPAND),
    Operation("POST", "/v1/refunds", create_refund, specs.CREATE_REFUND),
    Operation("GET", "/v1/refunds", _list("refunds", "/v1/refunds", "payment_intent", "charge"), BY_CHARGE),
    Operation("GET", "/v1/refunds/{id}", _retrieve("refunds", "refund"), specs.EXPAND),
    Operation("GET", "/v1/charges", _list("charges", "/v1/charges", "payment_intent"), BY_INTENT),
    Operation("GET", "/v1/charges/{id}", _retrieve("charges", "charge"), specs.EXPAND),
    Operation("GET", "/v1/disputes", _list("disputes", "/v1/disputes", "payment_intent", "charge"), BY_CHARGE),
    Operation("GET", "/v1/disputes/{id}", _retrieve("disputes", "dispute"), specs.EXPAND),
    Operation("GET", "/v1/events", list_events, EVENT_PAGE),
    Operation("GET", "/v1/events/{id}", _retrieve("events", "event"), specs.EXPAND),
)

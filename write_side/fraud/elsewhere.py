"""A paid order is wanted elsewhere, pure: what of that is assessed, and how.

It is judged as the try to pay would have been, had it gone there from the beginning. What stays at its door is not
looked at, nor what goes back to where it went before.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from shared.events.fraud import AddressAssessed, Marks
from shared.settings import FraudChecks
from write_side.errors import Refusal
from write_side.fraud.domain import Attempt, Attempted, Check, is_refused
from write_side.fraud.rules import Assessment

MOST_REFUSED = 3  # of one order: whoever goes on is looking for a door that passes


class AddressNotAccepted(Refusal):
    """It does not go there unless the shop says so: ask it. Why is told to staff alone."""

    code = "address_not_accepted"

    def __init__(self, thought: Sequence[AddressAssessed] = ()) -> None:
        super().__init__("it is not sent there unless the shop says so: please ask it")
        self.thought = thought  # to be kept by whoever answers: nothing is of the transaction that refuses


class Wish(Struct, frozen=True):
    """Where a paid order is to go instead; marks are keyed hashes, the country is ISO 3166-1 alpha-2."""

    address: str
    door: str
    door_before: str  # where it goes until then
    disposable_mail: bool
    country: str


def asked(checks: Iterable[Check], wish: Wish) -> list[tuple[Check, Attempted]]:
    """What is to go to another door than until now, with the try by which it was paid; not what was paid unassessed."""
    paid = [(check, each) for check in checks if (each := _paid_try(check)) is not None]
    return [(check, each) for check, each in paid if _door_left(each, wish) != wish.door]


def _paid_try(check: Check) -> Attempted | None:
    return next((each for each in reversed(check.attempts) if each.outcome == "authorized"), None)


def _door_left(paid: Attempted, wish: Wish) -> str:
    """Where it goes until then. What was added to an order was once paid without a door of its own."""
    return paid.door or wish.door_before


def went_there(checks: Iterable[Check], wish: Wish) -> bool:
    """Whether these orders, which go together, go back to where they went before."""
    return any(each.door_left == wish.door for check in checks for each in check.addresses)


def check_tries(check: Check) -> None:
    """Refuses `address_not_accepted` once it was said often enough."""
    if not may_try(check):
        raise AddressNotAccepted


def may_try(check: Check) -> bool:
    """Whether another door may be tried."""
    return sum(is_refused(each) for each in check.addresses) < MOST_REFUSED


def as_if(paid: Attempted, wish: Wish, now: datetime) -> Attempt:
    """The try to pay, had the goods gone there."""
    marks = Marks(paid.card, wish.address, paid.device, paid.network, wish.door)
    return Attempt(
        paid.payment_id, paid.order_id, paid.person_id, now, "authorized", "", paid.amount_minor, paid.currency,
        paid.codes, marks, wish.country, paid.card_country, paid.cvc_check, paid.postal_check, wish.disposable_mail,
        paid.counted_as,
    )  # fmt: skip


def but_itself(paid: Attempted, earlier: Sequence[Attempted]) -> list[Attempted]:
    """What a try is compared with: not with itself, to where it went until now."""
    return [each for each in earlier if (each.payment_id, each.outcome) != (paid.payment_id, "authorized")]


def answer(
    attempt: Attempt, paid: Attempted, wish: Wish, found: Assessment, mode: FraudChecks, *, by_staff: bool = False
) -> AddressAssessed:
    """What was thought of the try, as if it had gone there, and whether that has an effect."""
    return AddressAssessed(
        attempt.payment_id, attempt.order_id, attempt.at, attempt.marks, _door_left(paid, wish), found.points,
        found.reasons, found.verdict, mode == "enforce", by_staff,
    )  # fmt: skip


def unopposed(paid: Attempted, wish: Wish, now: datetime, mode: FraudChecks, *, by_staff: bool) -> AddressAssessed:
    """It goes there, whatever one might think: staff want it, or it goes back."""
    return answer(as_if(paid, wish, now), paid, wish, Assessment("accept", 0, []), mode, by_staff=by_staff)


def not_accepted(thought: Sequence[AddressAssessed]) -> list[AddressAssessed]:
    """Those by which it stays where it is."""
    return [each for each in thought if is_refused(each)]

"""The rules, in the order in which they are told. Each one names what it saw and how much that weighs.

No rule looks into the future or into a black box: whoever is held or refused can be told why, in figures. One reason
alone seldom stops anybody; two or three do. What the points mean is in docs/fraud.md.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from shared.events.fraud import Reason
from write_side.fraud.domain import Attempt, Seen, Verdict

REVIEW_FROM = 50
REFUSE_FROM = 100

# By these a bank says that whoever pays is not the holder, or that the card is no good: no second try mends that.
HARD_DECLINES = frozenset((
    "fraudulent", "incorrect_number", "invalid_account", "invalid_number", "lost_card", "merchant_blacklist",
    "pickup_card", "restricted_card", "security_violation", "stolen_card",
))  # fmt: skip


class Assessment(NamedTuple):
    """What is thought of a try."""

    verdict: Verdict
    points: int
    reasons: list[Reason]


class Rule(NamedTuple):
    """Points for what is more than usual; `found` answers None, or points and the figures in words."""

    name: str
    found: Callable[[Attempt, Seen], tuple[int, str] | None]


def assess(attempt: Attempt, seen: Seen) -> Assessment:
    """The verdict on a try, and each reason. Only what is authorized can be held or refused: the rest is declined."""
    reasons = [
        Reason(rule.name, *found) for rule in RULES if (found := rule.found(attempt, seen)) is not None
    ]
    points = sum(reason.points for reason in reasons)
    return Assessment(_verdict(attempt, points), points, reasons)


def _verdict(attempt: Attempt, points: int) -> Verdict:
    if attempt.outcome == "declined" or points < REVIEW_FROM:
        return "accept"
    return "review" if points < REFUSE_FROM else "refuse"


Steps = Sequence[tuple[int, int]]  # from so many on, so many points


def _steps(number: int, steps: Steps) -> int:
    """The points of the highest step that is reached."""
    return max((points for least, points in steps if number >= least), default=0)


def _most(told: str, *seen: tuple[int, Steps, str]) -> tuple[int, str] | None:
    """Of (number, steps, where) the weightiest, in words."""
    points, number, where = max((_steps(number, steps), number, where) for number, steps, where in seen)
    return (points, f"{told.format(number)} {where}") if points else None


def _declines(_: Attempt, seen: Seen) -> tuple[int, str] | None:
    return _most(
        "{} tries declined within an hour",
        (seen.card.declines_hour, ((3, 30), (5, 60)), "with this card"),
        (seen.person.declines_hour, ((3, 25), (5, 60)), "by this mail"),
        (seen.device.declines_hour, ((3, 30), (5, 70)), "on this device"),
        (seen.address.declines_hour, ((4, 30), (6, 60)), "for this address"),
        (seen.network.declines_hour, ((8, 40), (15, 70)), "from this network"),
    )


def _hard_declines(_: Attempt, seen: Seen) -> tuple[int, str] | None:
    return _most(
        "{} tries refused by a bank as not the holder's",
        (seen.hard_declines_of_payment, ((1, 60),), "for this order"),
        (seen.person.hard_declines_day, ((1, 50),), "by this mail in a day"),
        (seen.device.hard_declines_day, ((1, 50),), "on this device in a day"),
        (seen.card.hard_declines_day, ((1, 60),), "with this card in a day"),
        (seen.address.hard_declines_day, ((1, 40),), "for this address"),
        (seen.network.hard_declines_day, ((3, 40),), "from this network"),
    )


def _cards(_: Attempt, seen: Seen) -> tuple[int, str] | None:
    return _most(
        "{} different cards within a day",
        (seen.person.cards_day, ((3, 50), (5, 100)), "by this mail"),
        (seen.device.cards_day, ((3, 50), (5, 100)), "on this device"),
        (seen.address.cards_day, ((4, 50), (6, 100)), "for this address"),
        (seen.network.cards_day, ((10, 50), (20, 80)), "from this network"),
    )


def _persons(_: Attempt, seen: Seen) -> tuple[int, str] | None:
    return _most(
        "{} different mails within a week",
        (seen.card.persons_week, ((3, 60), (5, 100)), "with this card"),
        (seen.device.persons_week, ((3, 50), (5, 100)), "on this device"),
        (seen.address.persons_week, ((4, 50), (7, 100)), "at this address"),
    )


def _orders(_: Attempt, seen: Seen) -> tuple[int, str] | None:
    return _most(
        "{} other orders within a day",
        (seen.card.orders_day, ((4, 30), (6, 50), (10, 100)), "with this card"),
        (seen.device.orders_day, ((4, 30), (6, 50), (10, 100)), "on this device"),
        (seen.address.orders_day, ((4, 30), (6, 50), (10, 100)), "to this address"),
        (seen.network.orders_day, ((15, 30), (30, 60)), "from this network"),
    )


def _codes(_: Attempt, seen: Seen) -> tuple[int, str] | None:
    return _most(
        "{} other mails have used the same code",
        (seen.card.code_persons, ((1, 60),), "with this card"),
        (seen.device.code_persons, ((1, 50),), "on this device"),
        (seen.address.code_persons, ((2, 50),), "at this address"),
    )


def _refunds(_: Attempt, seen: Seen) -> tuple[int, str] | None:
    found = []
    for near, where in ((seen.person, "by this mail"), (seen.card, "with this card"), (seen.device, "on this device"),
                        (seen.address, "at this address")):  # fmt: skip
        often = near.paid and near.refunded / near.paid >= 0.5
        found.append((near.refunded if often else 0, ((3, 50), (5, 100)), where))
    return _most("money went back from {} of the orders of half a year", *found)


def _card_checks(attempt: Attempt, _: Seen) -> tuple[int, str] | None:
    if attempt.cvc_check == "fail":
        return 60, "the security code is wrong"
    return (20, "the postal code is not the card holder's") if attempt.postal_check == "fail" else None


def _abroad(attempt: Attempt, seen: Seen) -> tuple[int, str] | None:
    if not attempt.card_country or attempt.card_country == attempt.country or seen.known.card:
        return None
    return 25, f"a card of {attempt.card_country}, goods to {attempt.country}"


def _mail(attempt: Attempt, _: Seen) -> tuple[int, str] | None:
    return (30, "a mail address for one time") if attempt.disposable_mail else None


DEAR_MINOR = 100_000


def _amount(attempt: Attempt, seen: Seen) -> tuple[int, str] | None:
    if not seen.known.paid:
        return (20, "a dear first order") if attempt.amount_minor >= DEAR_MINOR else None
    usual = seen.known.highest_minor
    dear = attempt.amount_minor >= max(4 * usual, DEAR_MINOR // 4)
    return (20, f"{attempt.amount_minor / usual:.0f} times the dearest order so far") if usual and dear else None


def _taken_over(attempt: Attempt, seen: Seen) -> tuple[int, str] | None:
    """A person who is known, and nothing of them but the mail."""
    known = seen.known
    if not known.paid or known.address:
        return None
    strange = [name for name, is_known in (("card", known.card), ("device", known.device)) if not is_known]
    marked = attempt.marks
    if len(strange) < 2 or not (marked.card and marked.device):
        return None
    return 50, "a known mail with an unknown address, card and device"


RULES = (
    Rule("declines", _declines),
    Rule("hard_declines", _hard_declines),
    Rule("cards", _cards),
    Rule("persons", _persons),
    Rule("orders", _orders),
    Rule("codes", _codes),
    Rule("refunds", _refunds),
    Rule("card_checks", _card_checks),
    Rule("abroad", _abroad),
    Rule("disposable_mail", _mail),
    Rule("amount", _amount),
    Rule("taken_over", _taken_over),
)

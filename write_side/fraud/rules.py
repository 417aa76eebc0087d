"""The rules, in the order in which they are told. Each one names what it saw and how much that weighs.

No rule looks into the future or into a black box: whoever is held or refused can be told why, in figures. A rule that
holds by itself names several things at once; one thing alone, as it happens to anybody, only adds to others. What the
points mean is in docs/fraud.md, how they were chosen in docs/fraud-suite.md.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from shared.events.fraud import Reason
from write_side.fraud.domain import Attempt, Verdict
from write_side.fraud.seen import Near, Seen

REVIEW_FROM = 50
REFUSE_FROM = 100

# By these a bank says that whoever pays is not the holder, or that the card is no good: no second try mends that.
HARD_DECLINES = frozenset((
    "fraudulent", "incorrect_number", "invalid_account", "invalid_number", "lost_card", "merchant_blacklist",
    "pickup_card", "restricted_card", "security_violation", "stolen_card",
))  # fmt: skip

Found = tuple[int, str] | None  # points, and what was seen in words


class Assessment(NamedTuple):
    """What is thought of a try."""

    verdict: Verdict
    points: int
    reasons: list[Reason]


class Rule(NamedTuple):
    """Points for what is more than usual; `found` answers None, or points and the figures in words."""

    name: str
    found: Callable[[Attempt, Seen], Found]


def assess(attempt: Attempt, seen: Seen) -> Assessment:
    """The verdict on a try, and each reason. Only what is authorized can be held or refused: the rest is declined."""
    reasons = [Reason(rule.name, *found) for rule in RULES if (found := rule.found(attempt, seen)) is not None]
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


def _most(told: str, *seen: tuple[int, Steps, str]) -> Found:
    """Of (number, steps, where) the weightiest, in words."""
    points, number, where = max((_steps(number, steps), number, where) for number, steps, where in seen)
    return (points, f"{told.format(number)} {where}") if points else None


def _declines(_: Attempt, seen: Seen) -> Found:
    return _most(
        "{} tries declined within a day",
        (seen.card.declines_day, ((3, 30), (4, 50), (6, 70)), "with this card"),
        (seen.person.declines_day, ((3, 30), (4, 50), (6, 70)), "by this mailbox"),
        (seen.device.declines_day, ((3, 30), (4, 50), (6, 70)), "on this device"),
        (seen.door.declines_day, ((4, 50), (6, 70)), "for this door"),
        (seen.network.declines_day, ((10, 30), (20, 60)), "from this network"),
    )


def _hard_declines(_: Attempt, seen: Seen) -> Found:
    """Once happens to whoever mistypes a number or was told to use a new card."""
    return _most(
        "{} tries refused by a bank as not the holder's",
        (seen.hard_declines_of_payment, ((1, 10), (4, 50)), "for this order"),
        (seen.person.hard_declines_day, ((1, 10), (4, 50)), "by this mailbox in a day"),
        (seen.device.hard_declines_day, ((1, 10), (4, 50)), "on this device in a day"),
        (seen.card.hard_declines_day, ((1, 10), (4, 50)), "with this card in a day"),
        (seen.door.hard_declines_day, ((4, 50),), "for this door in a day"),
        (seen.network.hard_declines_day, ((6, 30),), "from this network in a day"),
    )


def _cards(_: Attempt, seen: Seen) -> Found:
    """A household shares a device and has two cards; a dormitory shares a door and a network, and has a hundred."""
    return _most(
        "{} different cards within a day",
        (seen.person.cards_day, ((3, 50), (5, 100)), "by this mailbox"),
        (seen.device.cards_day, ((3, 50), (5, 100)), "on this device"),
    )


def _new_card(attempt: Attempt, seen: Seen) -> Found:
    known = seen.known.card or seen.person.orders > 3 or not attempt.marks.card  # none on invoice
    if known or seen.device.cards_day < 2 or not seen.device.orders_day:
        return None
    return 50, "another card on a device that ordered within a day"


def _persons(_: Attempt, seen: Seen) -> Found:
    return _most(
        "{} different",
        (seen.card.persons_week, ((3, 60), (5, 100)), "mailboxes within a week with this card"),
        (seen.device.persons_week, ((3, 50), (5, 100)), "mailboxes within a week on this device"),
        (seen.person.spellings_day, ((3, 50), (5, 100)), "mails within a day for one mailbox, or typed by one account"),
    )


def _lent_card(_: Attempt, seen: Seen) -> Found:
    """A family shares a card and a door."""
    if seen.card.persons_month < 2 or seen.card.doors_month < 2:
        return None
    many, doors = seen.card.persons_month, seen.card.doors_month
    return 50, f"{many} mailboxes with one card, goods to {doors} doors within a month"


DEAR_AMONG_STRANGERS_MINOR, DEAR_TO_ONE_DOOR_MINOR = 10_000, 15_000
KEPT = 3  # so many orders that nobody sent back tell that those behind a door are customers


def _strangers(attempt: Attempt, seen: Seen) -> Found:
    """A drop: again and again somebody else, of whom nothing was seen before, has goods brought to one door."""
    if seen.known.paid or _is_trusted(seen.door):
        return None
    door, unlike = seen.door, _is_unlike(seen)
    dear = unlike and attempt.amount_minor >= DEAR_AMONG_STRANGERS_MINOR
    much = attempt.amount_minor >= DEAR_TO_ONE_DOOR_MINOR
    return _most(
        "{} different mailboxes at one door",
        (door.persons_week if unlike else 0, ((4, 50), (7, 100)), "within a week, with nothing else in common"),
        (door.persons_month if dear else 0, ((2, 50), (5, 100)), "within a month, nothing else in common, much money"),
        (door.persons_week if much else 0, ((3, 50), (7, 100)), "within a week, much money"),
    )


def _is_unlike(seen: Seen) -> bool:
    """Whether neither card, device nor network was seen with anybody else."""
    return max(each.persons for each in (seen.card, seen.device, seen.network)) <= 1


def _is_trusted(door: Near) -> bool:
    """A kiosk or a block of flats, as one learns: staff let an order to it through, or what went there was kept."""
    return not door.refused and not door.disputed and (door.let_through > 0 or door.kept >= KEPT)


def _orders(_: Attempt, seen: Seen) -> Found:
    return _most(
        "{} other orders within a day",
        (seen.card.orders_day, ((4, 30), (6, 50), (10, 100)), "with this card"),
        (seen.device.orders_day, ((4, 30), (6, 50), (10, 100)), "on this device"),
        (seen.door.orders_day if seen.network.orders_hour > 1 else 0, ((2, 30), (6, 50), (15, 100)), "to this door"),
    )


def _codes(_: Attempt, seen: Seen) -> Found:
    at_once = seen.network.orders_hour > 0
    return _most(
        "{} other mails have used the same code",
        (seen.card.code_persons, ((1, 60),), "with this card"),
        (seen.device.code_persons, ((1, 50),), "on this device"),
        (seen.person.code_persons, ((1, 60),), "of this mailbox"),
        (seen.door.code_persons if at_once else 0, ((1, 50),), "at this door, from a network used within the hour"),
        (seen.door.code_persons, ((2, 30),), "at this door"),
        (
            seen.network.stopped_codes if at_once else 0,
            ((1, 50),),
            "from a network used within the hour, and were held",
        ),
    )


def _refunds(_: Attempt, seen: Seen) -> Found:
    """Two in a row are few, but all; who is only unlucky, or tries on what they buy, keeps the dearer things too."""
    found = []
    places = ((seen.person, "by this mailbox"), (seen.card, "with this card"), (seen.device, "on this device"))
    for near, where in (*places, (seen.door, "at this door")):
        back = near.refunded
        most = 5 * back >= 3 * near.paid and 3 * near.refunded_minor >= 2 * near.paid_minor
        found.append((back if back == near.paid else 0, ((2, 50), (4, 100)), where))
        found.append((back if most else 0, ((3, 50), (6, 100)), where))
    return _most("money went back from {} of the orders of half a year", *found)


def _stopped(_: Attempt, seen: Seen) -> Found:
    """Behind a door live others: it speaks only against a newcomer whose all else is new, as at a drop."""
    newcomer = not seen.known.paid and _is_unlike(seen)
    own = ((seen.person, "of this mailbox"), (seen.card, "with this card"), (seen.device, "on this device"))
    return _most(
        "{} other orders held or refused",
        *((near.stopped, ((1, 50),), where) for near, where in own),
        *((near.lapsed, ((1, 30), (2, 50)), f"{where}, and nobody decided") for near, where in own),
        (seen.door.refused if newcomer else 0, ((1, 50),), "to this door, and it is nobody known"),
    )


def _disputes(_: Attempt, seen: Seen) -> Found:
    """A bank takes the money back and a fee on top; whoever does so for fun does it again."""
    return _most(
        "{} other orders were disputed at the bank",
        (seen.person.disputed, ((1, 50), (2, 100)), "by this mailbox"),
        (seen.card.disputed, ((1, 50), (2, 100)), "with this card"),
        (seen.device.disputed, ((1, 50), (2, 100)), "on this device"),
    )


def _card_checks(attempt: Attempt, _: Seen) -> Found:
    if attempt.cvc_check == "fail":
        return 40, "the security code is wrong"
    return (30, "the postal code is not the card holder's") if attempt.postal_check == "fail" else None


def _abroad(attempt: Attempt, seen: Seen) -> Found:
    if not _is_abroad(attempt) or seen.known.card:
        return None
    return 20, f"a card of {attempt.card_country}, goods to {attempt.country}"


def _is_abroad(attempt: Attempt) -> bool:
    return attempt.card_country not in ("", attempt.country)


SMALL_MINOR = 1_000


def _tested(attempt: Attempt, seen: Seen) -> Found:
    """Whoever tries out whether a stolen card works buys the cheapest thing."""
    if attempt.amount_minor >= SMALL_MINOR or seen.known.paid:
        return None
    if not _is_abroad(attempt) and attempt.postal_check != "fail":
        return None
    return 50, "a first order of next to nothing with somebody else's card, or one from abroad"


def _in_a_hurry(attempt: Attempt, seen: Seen) -> Found:
    """Whoever has a stolen card uses it until it is blocked."""
    known_longer = seen.person.orders > seen.person.orders_day
    if not seen.person.orders_day or known_longer or not _is_abroad(attempt):
        return None
    return 50, "a card from abroad, again on the day of the first order"


def _mail(attempt: Attempt, _: Seen) -> Found:
    return (30, "a mail address for one time") if attempt.disposable_mail else None


DEAR_MINOR = 30_000


def _amount(attempt: Attempt, seen: Seen) -> Found:
    if not seen.known.paid:
        return (30, "a dear first order") if attempt.amount_minor >= DEAR_MINOR else None
    usual = seen.known.highest_minor
    dear = attempt.amount_minor >= max(4 * usual, DEAR_MINOR)
    return (20, f"{attempt.amount_minor / usual:.0f} times the dearest order so far") if usual and dear else None


TAKEN_MINOR, TAKEN_HOME_MINOR = 8_000, 20_000


def _taken_over(attempt: Attempt, seen: Seen) -> Found:
    """A person who is known, and who is somewhere else on another device. Whoever buys a telephone is still at home."""
    known, marked = seen.known, attempt.marks
    if not known.paid or not marked.device or known.device or known.network:
        return None
    if not known.address and attempt.amount_minor >= TAKEN_MINOR:
        return 60, "a known mail with an unknown address, device and network"
    dear = attempt.amount_minor >= max(2 * known.highest_minor, TAKEN_HOME_MINOR)
    return (50, "a known mail with an unknown device and network, and twice the dearest order") if dear else None


RULES = (
    Rule("declines", _declines),
    Rule("hard_declines", _hard_declines),
    Rule("cards", _cards),
    Rule("new_card", _new_card),
    Rule("persons", _persons),
    Rule("lent_card", _lent_card),
    Rule("strangers", _strangers),
    Rule("orders", _orders),
    Rule("codes", _codes),
    Rule("refunds", _refunds),
    Rule("stopped", _stopped),
    Rule("disputes", _disputes),
    Rule("card_checks", _card_checks),
    Rule("abroad", _abroad),
    Rule("tested", _tested),
    Rule("in_a_hurry", _in_a_hurry),
    Rule("disposable_mail", _mail),
    Rule("amount", _amount),
    Rule("taken_over", _taken_over),
)

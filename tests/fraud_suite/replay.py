"""Plays traces through the real checks: the marks, the counting and the rules as they are, try by try in order of time.

All traces of a half share one shop, so networks, exits and codes that good and bad use meet. What the checks are given
is what orders and payments give them (write_side/fraud/assessing.py); instead of Postgres a dictionary finds the tries
before by the same mailbox or with a mark in common, as far back and as many as there. Money goes back some days after
an order was let through, or held if it is a good one, which staff let through.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from msgspec import structs

from shared.events.fraud import Marks, PaymentAssessed
from shared.http.rates import whose
from shared.sealed import canonical_mail, normalized_mail
from tests.fraud_suite import (
    card_testing,
    coupons,
    households,
    refunds,
    resellers,
    shoppers,
    spellings,
    stolen_cards,
    takeovers,
)
from tests.fraud_suite.people import People
from tests.fraud_suite.traces import HALVES, Diary, Half, Trace, Try, Variant
from write_side.fraud.counting import LATELY, seen
from write_side.fraud.domain import Attempt, Attempted, attempted
from write_side.fraud.marks import marker, visit
from write_side.fraud.rules import Assessment, assess
from write_side.fraud.store import MOST

_FILES = (shoppers, households, card_testing, stolen_cards, resellers, coupons, refunds, takeovers)
VARIANTS = [variant for file in _FILES for variant in file.VARIANTS]
STAFF_LOOK_WITHIN = timedelta(days=1)
_SECRET = "a secret of this suite"


class Judged(NamedTuple):
    """A try that the bank took, and what the checks thought of it."""

    trace: Trace
    tried: Try
    found: Assessment

    @property
    def stopped(self) -> bool:
        """Held for a person or refused: the goods do not leave by themselves."""
        return self.found.verdict != "accept"


def traces() -> dict[Half, list[Trace]]:
    """Those of each half, the same in every run."""
    written = [_written(variant, number) for variant in VARIANTS for number in range(variant.traces)]
    return {half: [trace for trace in written if trace.half == half] for half in HALVES}


def spelled() -> list[Trace]:
    """Those of the set beside the halves: one mailbox under many spellings."""
    return [_written(variant, number) for variant in spellings.VARIANTS for number in range(variant.traces)]


def replay_spelled(beside: Iterable[Trace]) -> list[Judged]:
    """What the checks think of the orders of that set, in the shop of those `beside`."""
    own = spelled()
    names = {trace.name for trace in own}
    return [each for each in replay([*beside, *own]) if each.trace.name in names]


def _written(variant: Variant, number: int) -> Trace:
    diary = Diary()
    variant.write(People(f"{variant.kind}/{variant.name}/{number}"), diary)
    return Trace(variant.kind, variant.name, number, diary.tries)


def replay(played: Iterable[Trace]) -> list[Judged]:
    """What the checks think of each order that could be paid, if all these traces happen in one shop."""
    shop = _Shop()
    tries = [(trace, tried) for trace in played for tried in trace.tries]
    tries.sort(key=lambda one: one[1].at)
    judged = [Judged(trace, tried, shop.see(trace, tried)) for trace, tried in tries]
    return [each for each in judged if not each.tried.decline_code]


class _Shop:
    """What a shop remembers of the tries to pay."""

    def __init__(self) -> None:
        self._by: defaultdict[tuple[str, str], list[Attempted]] = defaultdict(list)
        self._money_back: dict[UUID, datetime] = {}
        self._attacks: set[UUID] = set()

    def see(self, trace: Trace, tried: Try) -> Assessment:
        attempt = attempt_of(trace, tried)
        earlier = self._lately(attempt)
        refunded = {each.order_id for each in earlier if self._is_refunded(each.order_id, tried.at)}
        found = assess(attempt, seen(attempt, earlier, refunded))
        self._remember(attempt, found)
        if tried.attack:
            self._attacks.add(attempt.order_id)
        let_through = found.verdict == "accept" or (found.verdict == "review" and not tried.attack)
        if tried.money_back is not None and let_through:
            self._money_back[attempt.order_id] = tried.at + tried.money_back
        return found

    def _lately(self, attempt: Attempt) -> list[Attempted]:
        since = attempt.at - LATELY
        newest = (each for key in _keys(attempt) for each in self._by[key][-MOST:])
        found = {id(each): each for each in newest if each.at > since}.values()
        return [self._decided(each, attempt.at) for each in found]

    def _decided(self, earlier: Attempted, now: datetime) -> Attempted:
        """Staff look at what was held within a day, and know a good one when they see it."""
        if earlier.verdict != "review" or earlier.at > now - STAFF_LOOK_WITHIN:
            return earlier
        return structs.replace(earlier, verdict="refuse" if earlier.order_id in self._attacks else "accept")

    def _is_refunded(self, order_id: UUID, now: datetime) -> bool:
        back = self._money_back.get(order_id)
        return back is not None and back <= now

    def _remember(self, attempt: Attempt, found: Assessment) -> None:
        event = PaymentAssessed(
            attempt.payment_id, attempt.order_id, attempt.at, attempt.person_id, attempt.outcome,
            attempt.decline_code, attempt.amount_minor, attempt.currency, attempt.codes, attempt.marks, found.points,
            found.reasons, found.verdict, True, counted_as=attempt.counted_as,
        )  # fmt: skip
        kept = attempted(event)
        for key in _keys(attempt):
            self._by[key].append(kept)


def _keys(attempt: Attempt) -> list[tuple[str, str]]:
    looked = structs.asdict(structs.replace(attempt.marks, address=""))
    return [("mailbox", str(attempt.customer)), *((kind, mark) for kind, mark in looked.items() if mark)]


def attempt_of(trace: Trace, tried: Try) -> Attempt:
    """A try as the checks see it."""
    buyer, order = tried.buyer, f"{trace.name}#{tried.order}"
    seen_of = visit(_SECRET, buyer.mail, buyer.address, buyer.device, whose(buyer.client))
    marks = Marks(
        marker(_SECRET, "card", buyer.card.fingerprint), seen_of.address, seen_of.device, seen_of.network, seen_of.door,
    )  # fmt: skip
    return Attempt(
        uuid5(NAMESPACE_URL, f"payment of {order}"), uuid5(NAMESPACE_URL, order),
        uuid5(NAMESPACE_URL, normalized_mail(buyer.mail)), tried.at, "declined" if tried.decline_code else "authorized",
        tried.decline_code, tried.amount_minor, "EUR", list(tried.codes), marks, buyer.address.country,
        buyer.card.country, buyer.card.cvc, buyer.card.postal, seen_of.disposable_mail, _counted_as(buyer.mail),
    )  # fmt: skip


def _counted_as(mail: str) -> UUID | None:
    """Who stands for the mailbox; in a shop whoever came first, here whose mail is its canonical form."""
    canonical = canonical_mail(mail)
    return None if canonical == normalized_mail(mail) else uuid5(NAMESPACE_URL, canonical)

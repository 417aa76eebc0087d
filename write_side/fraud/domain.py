"""Fraud checks, pure: what is looked at, what each event makes of a check, and what staff may decide.

The rules themselves stand in rules.py. A try is assessed when the provider has answered it: declined tries count for
later ones, an authorized one is accepted, held for a person, or refused.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct, structs

from shared.events.fraud import (
    AddressAssessed,
    FraudEvent,
    Marks,
    PaymentAssessed,
    PaymentDisputed,
    Reason,
    ReviewDecided,
    ReviewLapsed,
)
from write_side.errors import NotFound, Refusal

Verdict = Literal["accept", "review", "refuse"]
# What became of a verdict: held, and nobody decided; accepted, and cancelled before any money was taken; accepted, and
# no purchase, since it was sent for goods that came back.
Standing = Verdict | Literal["lapsed", "cancelled", "exchanged"]
Decision = Literal["accepted", "refused"]
Review = Literal["none", "open", "accepted", "refused", "lapsed"]
Lapse = Literal["overdue", "order_over"]

NOBODY_LOOKED = "nobody decided within six days"  # how ReviewDecided says it before there was ReviewLapsed


class NoOpenReview(Refusal):
    """Nobody has to decide about this payment, or somebody has."""

    code = "no_open_review"


class UnknownCheck(NotFound):
    """No try to pay this was assessed."""

    code = "unknown_check"


class Attempt(Struct, frozen=True):
    """One try to pay, as it looks the moment the provider has answered. Countries as ISO 3166-1 alpha-2."""

    payment_id: UUID
    order_id: UUID
    person_id: UUID  # one for each normalized mail
    at: datetime
    outcome: Literal["authorized", "declined"]
    decline_code: str  # the provider's word; empty where it was authorized
    amount_minor: int
    currency: str
    codes: list[str]
    marks: Marks
    country: str  # where the goods go
    card_country: str  # empty: not told, or on invoice
    cvc_check: str  # pass, fail, or what else the provider says
    postal_check: str
    disposable_mail: bool
    counted_as: UUID | None = None  # who stands for the mailbox, where that is another one (decision 97)

    @property
    def customer(self) -> UUID:
        """One for each mailbox, however its mail is spelled; of an account's cart the account's own."""
        return self.counted_as or self.person_id


class Visit(Struct, frozen=True):
    """What was seen of whoever asked for a quote; marks are keyed hashes."""

    address: str = ""
    device: str = ""
    network: str = ""
    disposable_mail: bool = False
    door: str = ""


class Attempted(Struct, frozen=True):
    """A try as it is kept: for counting, and to explain a verdict."""

    payment_id: UUID
    order_id: UUID
    at: datetime
    outcome: str
    decline_code: str
    person_id: UUID
    card: str
    address: str
    device: str
    network: str
    door: str
    amount_minor: int
    currency: str
    codes: list[str]
    points: int
    reasons: list[Reason]
    verdict: Standing
    enforced: bool = True  # else nobody was stopped, whatever the verdict
    moved: bool = False  # it goes elsewhere since it was decided about: address and door are those of now
    card_country: str = ""
    cvc_check: str = ""
    postal_check: str = ""
    counted_as: UUID | None = None

    @property
    def customer(self) -> UUID:
        """As of an `Attempt`."""
        return self.counted_as or self.person_id


class Wanted(Struct, frozen=True):
    """Another door that a paid order was wanted at, as it is kept."""

    at: datetime
    address: str
    door: str
    door_left: str
    points: int
    reasons: list[Reason]
    verdict: Verdict
    enforced: bool
    by_staff: bool


def is_refused(wish: AddressAssessed | Wanted) -> bool:
    """Whether it does not go there."""
    return wish.enforced and wish.verdict != "accept"


class Dispute(Struct, frozen=True):
    """A payment that the buyer's bank wants back, as the provider shows it, in its words."""

    id: str
    status: str
    reason: str
    amount_minor: int
    currency: str


LOST_NOTHING = ("won", "warning_closed")  # how a dispute ends that takes no money
# Nothing comes after these. `prevented`: settled with the buyer's bank before it was a chargeback.
SETTLED = (*LOST_NOTHING, "lost", "prevented")
# What comes before what, of one dispute; the bank tells it again, and in any order.
_STEPS = ("warning_needs_response", "warning_under_review", "needs_response", "under_review")


class Check(Struct, frozen=True):
    """What was thought of the tries to pay one order; its id is the payment's."""

    id: UUID
    order_id: UUID
    attempts: list[Attempted]
    review: Review
    version: int
    disputes: list[Dispute] = []  # of its payment, the one that began first at first
    addresses: list[Wanted] = []  # where else it was wanted, the oldest first


def dispute(check: Check | None, payment_id: UUID, order_id: UUID, seen: Dispute) -> PaymentDisputed | None:
    """What is new about a dispute; None if all of it is known, or it is told late: a verdict of the bank stands, and no
    step is gone back."""
    told = [each.status for each in check.disputes if each.id == seen.id] if check else []
    if any(_is_known(status, seen.status) for status in told):
        return None
    return PaymentDisputed(
        payment_id, order_id, seen.id, seen.status, seen.reason, seen.amount_minor, seen.currency
    )  # fmt: skip


def _is_known(status: str, told: str) -> bool:
    if status in (told, *SETTLED):
        return True
    return status in _STEPS and told in _STEPS and _STEPS.index(told) < _STEPS.index(status)


def decide(check: Check | None, decision: Decision, note: str, *, is_over: bool = False) -> ReviewDecided:
    """What a person has decided. Refuses `unknown_check`, `no_open_review`: also once the order `is_over`, or ends."""
    if check is None:
        raise UnknownCheck("no try to pay this was assessed")
    if check.review != "open" or is_over:
        raise NoOpenReview("nobody has to decide about this payment", review=check.review)
    return ReviewDecided(check.id, check.order_id, decision, note)


def lapse(check: Check | None, why: Lapse) -> ReviewLapsed | None:
    """That nobody decides any more about what is held; None if nobody has to."""
    if check is None or check.review != "open":
        return None
    return ReviewLapsed(check.id, check.order_id, why)


def run_out(check: Check | None, *, captured: bool) -> ReviewDecided | ReviewLapsed | None:
    """That the time to decide is over; None if nobody has to. Whoever captured it at the provider has decided there."""
    lapsed = lapse(check, "overdue")
    if lapsed is None or not captured:
        return lapsed
    return ReviewDecided(lapsed.payment_id, lapsed.order_id, "accepted", "captured at the provider")


def evolve(check: Check | None, event: FraudEvent, version: int) -> Check:
    """A check after an event."""
    if isinstance(event, ReviewDecided | ReviewLapsed):
        assert check is not None, "a check begins with PaymentAssessed"
        return structs.replace(check, review=_reviewed(event), version=version)
    before = Check(event.payment_id, event.order_id, [], "none", 0) if check is None else check
    if isinstance(event, AddressAssessed):
        return _moved(before, event, version)
    if isinstance(event, PaymentDisputed):
        said = Dispute(event.dispute_id, event.status, event.reason, event.amount_minor, event.currency)
        others = {each.id: each for each in before.disputes}
        return structs.replace(before, disputes=list({**others, said.id: said}.values()), version=version)
    held = event.enforced and event.verdict == "review"
    return structs.replace(
        before,
        attempts=[*before.attempts, attempted(event)],
        review="open" if held else before.review,
        version=version,
    )


def _reviewed(event: ReviewDecided | ReviewLapsed) -> Review:
    if isinstance(event, ReviewLapsed) or (event.decision, event.note) == ("refused", NOBODY_LOOKED):
        return "lapsed"
    return event.decision


def attempted(event: PaymentAssessed) -> Attempted:
    """What is kept of a try."""
    marks = event.marks
    return Attempted(
        event.payment_id, event.order_id, event.at, event.outcome, event.decline_code, event.person_id, marks.card,
        marks.address, marks.device, marks.network, marks.door, event.amount_minor, event.currency, event.codes,
        event.points, event.reasons, event.verdict, event.enforced, False, event.card_country, event.cvc_check,
        event.postal_check, event.counted_as,
    )  # fmt: skip


def _moved(check: Check, event: AddressAssessed, version: int) -> Check:
    """Later tries find what was paid where it goes now; what was declined stays where it was tried. While a person
    looks at it, they decide about where it goes by then."""
    wanted = Wanted(
        event.at, event.marks.address, event.marks.door, event.door_left, event.points, event.reasons, event.verdict,
        event.enforced, event.by_staff,
    )  # fmt: skip
    check = structs.replace(check, addresses=[*check.addresses, wanted], version=version)
    if is_refused(wanted):
        return check
    now = {"address": wanted.address, "door": wanted.door, "moved": check.review != "open"}
    attempts = [structs.replace(e, **now) if e.outcome == "authorized" else e for e in check.attempts]
    return structs.replace(check, attempts=attempts)

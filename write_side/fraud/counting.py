"""What a try is compared with, counted from the tries before it, pure."""

from collections.abc import Callable, Container, Iterable, Sequence
from datetime import timedelta

from msgspec import structs

from write_side.fraud.domain import Attempt, Attempted, Standing
from write_side.fraud.rules import HARD_DECLINES, REVIEW_FROM
from write_side.fraud.seen import Known, Near, Seen

HOUR, DAY, WEEK, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30)
LATELY = timedelta(days=180)  # nothing older counts
SETTLED = timedelta(days=14)  # who wants money back from an order has said so by then
PAST: tuple[Standing, ...] = ("accept", "cancelled", "exchanged")  # neither held nor refused


def seen(
    attempt: Attempt, earlier: Sequence[Attempted], refunded: Container[object], disputed: Container[object] = (),
    owed: Container[object] = (),
) -> Seen:  # fmt: skip
    """All that a try is compared with.

    `earlier`: tries of the last 180 days that have its mailbox or one of its marks, in any order, its own payment's
    too; `refunded`: ids of those orders from which money went back, `disputed`: of those whose bank took it back,
    `owed`: of those that no money was taken for which a bank might ask back.
    """
    marks = attempt.marks
    of_payment = [each for each in earlier if each.payment_id == attempt.payment_id]
    others = [each for each in earlier if each.payment_id != attempt.payment_id]

    def near(has: Callable[[Attempted], bool], value: object) -> Near:
        return _near(attempt, [each for each in earlier if has(each)], refunded, disputed, owed) if value else Near()

    return Seen(
        person=near(lambda e: _is_own(attempt, e), attempt.customer),
        card=near(lambda e: e.card == marks.card, marks.card),
        device=near(lambda e: e.device == marks.device, marks.device),
        door=near(lambda e: e.door == marks.door, marks.door),
        network=near(lambda e: e.network == marks.network, marks.network),
        known=_known(attempt, [each for each in others if _is_own(attempt, each)]),
        hard_declines_of_payment=sum(each.decline_code in HARD_DECLINES for each in of_payment),
    )


def _is_own(attempt: Attempt, earlier: Attempted) -> bool:
    """Whether it was by the same mailbox, or by the same mail before mailboxes were told."""
    unnamed = earlier.counted_as is None and earlier.person_id == attempt.person_id
    return unnamed or earlier.customer == attempt.customer


def _mailboxes(attempt: Attempt, earlier: Iterable[Attempted]) -> int:
    """How many different ones, its own among them: what it did before mailboxes were told was no stranger's."""
    return len({each.customer for each in earlier if not _is_own(attempt, each)} | {attempt.customer})


def in_the_end(
    earlier: Iterable[Attempted], for_fraud: Container[object], voided: Container[object],
    exchanged: Container[object] = (),
) -> list[Attempted]:  # fmt: skip
    """Tries as they stand now; all three are ids of orders. What staff gave back `for_fraud` is as good as refused;
    what was accepted and `voided`, cancelled before any money was taken, was never paid; what was sent for goods that
    came back (`exchanged`) is no purchase, and makes nobody known: the link of any mail is enough to ask for it."""

    def now(each: Attempted) -> Standing:
        if each.order_id in for_fraud:
            return "refuse"
        if each.verdict == "accept" and each.order_id in voided:
            return "cancelled"
        return "exchanged" if each.verdict == "accept" and each.order_id in exchanged else each.verdict

    return [structs.replace(each, verdict=now(each)) for each in earlier]


def _near(
    attempt: Attempt, lately: Sequence[Attempted], refunded: Container[object], disputed: Container[object],
    owed: Container[object],
) -> Near:  # fmt: skip
    def within(span: timedelta) -> list[Attempted]:
        return [each for each in lately if each.at > attempt.at - span]

    day = within(DAY)
    others = [each for each in lately if each.payment_id != attempt.payment_id and each.outcome == "authorized"]
    stopped = [each for each in others if each.verdict in ("review", "refuse")]
    codes = set(attempt.codes)
    same_code = [each for each in others if codes & set(each.codes) and each.person_id != attempt.person_id]
    return structs.replace(
        _paid(attempt, [each for each in others if each.verdict == "accept"], refunded, owed),
        declines_day=sum(each.outcome == "declined" for each in day),
        hard_declines_day=sum(each.decline_code in HARD_DECLINES for each in day),
        cards_day=len({each.card for each in day if each.card} | ({attempt.marks.card} - {""})),
        persons=_mailboxes(attempt, lately),
        persons_month=_mailboxes(attempt, within(MONTH)),
        persons_week=_mailboxes(attempt, within(WEEK)),
        spellings_day=len({each.person_id for each in day} | {attempt.person_id}),
        doors_month=len({each.door for each in within(MONTH) if each.door} | ({attempt.marks.door} - {""})),
        orders=_orders(others),
        orders_day=_orders(each for each in others if each.at > attempt.at - DAY),
        orders_hour=_orders(each for each in others if each.at > attempt.at - HOUR),
        code_persons=len({each.person_id for each in same_code}),
        stopped=_orders(stopped),
        stopped_codes=_orders(each for each in same_code if each.verdict not in PAST),
        refused=_orders(each for each in stopped if each.verdict == "refuse"),
        lapsed=_orders(each for each in others if each.verdict == "lapsed"),
        disputed=_orders(each for each in others if each.order_id in disputed),
    )


def _paid(
    attempt: Attempt, accepted: Iterable[Attempted], refunded_ids: Container[object], owed: Container[object]
) -> Near:
    """What became of orders that were accepted."""
    paid = list({each.order_id: each for each in accepted}.values())
    refunded = [each for each in paid if each.order_id in refunded_ids]
    old = [each for each in paid if each.at < attempt.at - SETTLED]
    return Near(
        paid=len(paid),
        paid_minor=_minor(paid, attempt.currency),
        refunded=len(refunded),
        refunded_minor=_minor(refunded, attempt.currency),
        kept=sum(each.order_id not in refunded_ids and each.order_id not in owed for each in old),
        let_through=sum(each.points >= REVIEW_FROM and each.enforced and not each.moved for each in paid),
    )


def _orders(tries: Iterable[Attempted]) -> int:
    """Of how many different orders they are."""
    return len({each.order_id for each in tries})


def _minor(tries: Iterable[Attempted], currency: str) -> int:
    return sum(each.amount_minor for each in tries if each.currency == currency)


def _known(attempt: Attempt, own: Sequence[Attempted]) -> Known:
    accepted = [each for each in own if each.outcome == "authorized" and each.verdict == "accept"]
    marks = attempt.marks
    return Known(
        paid=len({each.order_id for each in accepted}),
        highest_minor=max((e.amount_minor for e in accepted if e.currency == attempt.currency), default=0),
        card=any(each.card == marks.card for each in accepted if marks.card),
        address=any(each.address == marks.address for each in accepted if marks.address),
        device=any(each.device == marks.device for each in accepted if marks.device),
        network=any(each.network == marks.network for each in accepted if marks.network),
    )

"""A try to pay is assessed where its order learns of it: in the same transaction, under the order's lock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.fraud import Marks, PaymentAssessed
from shared.settings import FraudChecks
from write_side.database import Connection
from write_side.event_log import Positions
from write_side.fraud import store
from write_side.fraud.counting import in_the_end, seen
from write_side.fraud.domain import Attempt, Attempted, Verdict
from write_side.fraud.rules import Assessment, assess


class Card(Struct, frozen=True):
    """What the provider tells of a card; `mark` is a keyed hash of its fingerprint. Empty: it does not say."""

    mark: str = ""
    country: str = ""
    cvc_check: str = ""
    postal_check: str = ""


class Tried(Struct, frozen=True):
    """A try to pay an order, as its payment learns of it."""

    payment_id: UUID
    order_id: UUID
    quote_id: UUID
    person_id: UUID
    outcome: Literal["authorized", "declined"]
    decline_code: str
    amount_minor: int
    currency: str
    codes: list[str]
    country: str
    card: Card
    counted_as: UUID | None = None  # whom limits count (decision 97), where that is another person


async def hold(conn: Connection, quote_id: UUID, customer: UUID, card: Card, mode: FraudChecks) -> None:
    """Whoever assesses a try of this mailbox, card or device does so after us, and sees ours; for those who assess one
    next, ahead of their first event: while they wait here, nobody has to wait for it in the log. Where nobody is
    stopped, nobody waits. A network and a door are shared by too many who have nothing to do with each other."""
    if mode == "enforce":
        await store.hold(conn, [str(customer), card.mark], quote_id)


async def assessed(
    conn: Connection, tried: Tried, mode: FraudChecks, now: datetime, cause: Metadata
) -> tuple[Verdict, Positions]:
    """What is to be done about a try; where nothing is enforced it is accepted, whatever is thought of it."""
    visit = await store.visit_of(conn, tried.quote_id)
    marks = Marks(tried.card.mark, visit.address, visit.device, visit.network, visit.door)
    attempt = _attempt(tried, marks, disposable=visit.disposable_mail, now=now)
    found = await thought_of(conn, attempt, await store.lately(conn, attempt))
    event = _event(attempt, found, enforced=mode == "enforce")
    check = await store.find(conn, tried.payment_id)
    _, positions = await store.save(conn, check, event, cause)
    return found.verdict if event.enforced else "accept", positions


async def thought_of(conn: Connection, attempt: Attempt, earlier: Sequence[Attempted]) -> Assessment:
    """What speaks against a try after those `earlier` ones, as far as one knows by now what became of them."""
    disputed = await store.disputed_among(conn, list({each.payment_id for each in earlier}))
    ended = await store.ended_among(conn, list({each.order_id for each in earlier}))
    refunded = ended.refunded | disputed
    earlier = in_the_end(earlier, ended.for_fraud, ended.voided, ended.exchanged - refunded)
    return assess(attempt, seen(attempt, earlier, refunded, disputed, ended.owed | ended.by_gift_card))


def _attempt(tried: Tried, marks: Marks, *, disposable: bool, now: datetime) -> Attempt:
    card = tried.card
    return Attempt(
        tried.payment_id, tried.order_id, tried.person_id, now, tried.outcome, tried.decline_code, tried.amount_minor,
        tried.currency, tried.codes, marks, tried.country, card.country, card.cvc_check,
        card.postal_check, disposable, tried.counted_as,
    )  # fmt: skip


def _event(attempt: Attempt, found: Assessment, *, enforced: bool) -> PaymentAssessed:
    return PaymentAssessed(
        attempt.payment_id, attempt.order_id, attempt.at, attempt.person_id, attempt.outcome, attempt.decline_code,
        attempt.amount_minor, attempt.currency, attempt.codes, attempt.marks, found.points,
        found.reasons, found.verdict, enforced, attempt.card_country, attempt.cvc_check, attempt.postal_check,
        attempt.counted_as,
    )  # fmt: skip

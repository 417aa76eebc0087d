"""Behaviour over HTTP: what visitors who consented looked at."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from read_side.behaviour.domain import LONGEST_TEXT, anonymous, mark_of
from read_side.behaviour.outbox import Outbox
from shared.documents.observations import BehaviourRecord, What
from shared.envelope import as_json
from shared.http.described import Encoded, refuses
from shared.http.problems import TOO_MANY_REQUESTS, Told
from shared.http.rates import Rates

MOST_EVENTS = 50
BATCHES_PER_SECOND = 1  # of a session, and five at once
CONSENT_REQUIRED = Told(403, "consent_required", "Nothing is counted of a visitor who has not consented.")


class Done(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a visitor did. `rank` and `text` tell of the list that a product was clicked in."""

    what: What
    product_id: UUID
    rank: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    text: Annotated[str, Meta(max_length=LONGEST_TEXT)] | None = None


class BehaviourInput(Struct, frozen=True, forbid_unknown_fields=True):
    """A batch. `session` is random, made by the client, of nothing that it knows of the visitor, and made anew when a
    visit ends."""

    consent: bool
    session: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{16,64}$")]
    events: Annotated[list[Done], Meta(min_length=1, max_length=MOST_EVENTS)]


class Taken(Struct, frozen=True):
    """How many events were taken in; they may be lost all the same."""

    taken: int


class Counting:
    """Takes batches in."""

    def __init__(self, outbox: Outbox, secret: str) -> None:
        self._outbox, self._secret = outbox, secret
        self._rates = Rates(BATCHES_PER_SECOND)

    def take(self, batch: BehaviourInput, now: datetime) -> int:
        """How many events. Answers 403 without consent, 429 to a session that sends more often than it may."""
        if not batch.consent:
            raise CONSENT_REQUIRED.problem()
        mark = mark_of(batch.session, now.date(), self._secret)
        if wait := self._rates.of(mark):
            raise TOO_MANY_REQUESTS.problem(headers={"Retry-After": str(wait)}, retryable=True)
        self._outbox.behaved([
            BehaviourRecord(
                now, done.what, done.product_id, mark, done.rank, None if done.text is None else anonymous(done.text)
            )
            for done in batch.events
        ])
        return len(batch.events)


@post("/v1/behaviour", status_code=202)
@refuses(CONSENT_REQUIRED, TOO_MANY_REQUESTS)
async def post_behaviour(request: Request[Any, Any, Any], data: JSONBody[BehaviourInput]) -> Encoded[Taken]:
    """Tell what a visitor who consented looked at (`view`), clicked in a list (`click`) or put into the cart (`add`).

    At most 50 events, one batch a second. Nothing waits for them, and some may be lost; never send one without consent.
    """
    counting: Counting = request.app.state.counting
    taken = counting.take(data, datetime.now(UTC))
    return Encoded(as_json(Taken(taken)), status_code=202, media_type="application/json")


routes = [post_behaviour]

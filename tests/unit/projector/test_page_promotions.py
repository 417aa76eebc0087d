"""Promotions that pages show, and for how long after they are over anybody reads them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Raw, structs

from projector.read_models import page_promotions
from shared.documents.prices import TOLD
from shared.documents.promotions import told
from shared.envelope import Recorded
from shared.events.promotions import Percentage, PromotionAnnounced, PromotionEnded, PromotionEvent, PromotionTerms

NOW, ID = datetime(2026, 11, 27, 12, tzinfo=UTC), UUID(int=1)
END = NOW + timedelta(days=2)
TERMS = PromotionTerms("Half", Percentage(5_000), "", [], {}, None, None, False, 1, None, None)


def name(*events: PromotionEvent) -> str:
    state = None
    for n, event in enumerate(events, 1):
        recorded = Recorded(n, n - 1, 0, f"promotion:{ID}", "promotion", ID, 1, ID, "", NOW, Raw(b""), Raw(b"{}"))
        state = page_promotions.evolve(state, recorded, event)
    assert state is not None
    [(_, found)] = page_promotions.render(str(ID), state, {}).lookups
    return found


def test_what_ended_is_read_as_long_as_a_price_may_be_told_that_followed_it() -> None:
    ended = name(PromotionAnnounced(ID, TERMS), PromotionEnded(ID))
    ends = name(PromotionAnnounced(ID, structs.replace(TERMS, ends_at=END)))
    for found, end in ((ended, NOW), (ends, END)):
        assert told([found], end + TOLD - timedelta(seconds=1)) == [str(ID)]
        assert told([found], end + TOLD) == []


def test_what_has_no_end_is_read_for_ever() -> None:
    assert told([name(PromotionAnnounced(ID, TERMS))], NOW + 10 * TOLD) == [str(ID)]

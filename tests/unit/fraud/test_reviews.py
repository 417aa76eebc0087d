"""What a review comes to, as far back as the log goes."""

from uuid import UUID

import pytest

from shared.events.fraud import ReviewDecided
from write_side.fraud.domain import Check, evolve

HELD = Check(UUID(int=1), UUID(int=2), [], "open", 1)


@pytest.mark.parametrize(
    ("note", "review"), [("", "refused"), ("not their card", "refused"), ("nobody decided within six days", "lapsed")]
)
def test_what_was_written_down_as_refused_since_nobody_looked_is_no_refusal(note: str, review: str) -> None:
    assert evolve(HELD, ReviewDecided(HELD.id, HELD.order_id, "refused", note), 2).review == review

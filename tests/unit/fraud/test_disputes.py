"""What is told of a dispute once more, late or in any order, changes nothing."""

from uuid import UUID

import pytest

from write_side.fraud.domain import Check, Dispute, dispute, evolve

ID, ORDER = UUID(int=1), UUID(int=2)


def told(check: Check | None, status: str, dispute_id: str = "dp_1") -> Check | None:
    """The check after a notice."""
    event = dispute(check, ID, ORDER, Dispute(dispute_id, status, "fraudulent", 1000, "EUR"))
    return check if event is None else evolve(check, event, (check.version if check else 0) + 1)


@pytest.mark.parametrize(
    "statuses",
    [
        ("needs_response", "under_review", "needs_response"),
        ("warning_needs_response", "warning_under_review", "warning_needs_response"),
        ("needs_response", "lost", "under_review", "needs_response"),
        ("warning_under_review", "needs_response", "warning_under_review"),
    ],
)
def test_no_step_of_a_dispute_is_gone_back(statuses: tuple[str, ...]) -> None:
    check, highest = None, statuses[1]
    for status in statuses:
        check = told(check, status)
    assert check is not None
    assert (check.dispute_status, check.version) == (highest, 2)


def test_another_dispute_of_the_payment_begins_anew() -> None:
    check = told(told(None, "under_review"), "needs_response", "dp_2")
    assert check is not None
    assert (check.dispute_id, check.dispute_status) == ("dp_2", "needs_response")

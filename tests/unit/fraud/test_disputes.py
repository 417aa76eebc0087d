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
        ("needs_response", "prevented", "under_review", "needs_response"),
    ],
)
def test_no_step_of_a_dispute_is_gone_back(statuses: tuple[str, ...]) -> None:
    check, highest = None, statuses[1]
    for status in statuses:
        check = told(check, status)
    assert check is not None
    assert ([each.status for each in check.disputes], check.version) == ([highest], 2)


def test_another_dispute_of_the_payment_stands_beside_the_first_one() -> None:
    check = told(told(None, "under_review"), "won", "dp_2")
    assert check is not None
    assert [(each.id, each.status) for each in check.disputes] == [("dp_1", "under_review"), ("dp_2", "won")]
    assert told(check, "needs_response") is check, "told late, after another one"
    last = told(check, "lost")
    assert last is not None
    assert [(each.id, each.status) for each in last.disputes] == [("dp_1", "lost"), ("dp_2", "won")]

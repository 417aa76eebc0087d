"""What shoppers take for a fault: a shop that is too busy has to say so as it promised to."""

from typing import Any, NamedTuple

import pytest

from loadtests.answers import read


class Response(NamedTuple):
    """As Locust's, as far as it is read."""

    status_code: int
    body: Any
    headers: dict[str, str] | None = None

    def json(self) -> Any:
        """The body."""
        if self.body is None:
            raise ValueError
        return self.body


@pytest.mark.parametrize(("status", "code"), [(503, "busy"), (429, "too_many_requests"), (503, "waiting_room_gathers")])
def test_busy_is_an_answer_if_it_says_when_to_come_again(status: int, code: str) -> None:
    answer = read(Response(status, {"code": code}, {"Retry-After": "2"}), frozenset())
    assert (answer.shed, answer.broken, answer.retry_after) == (True, False, 2.0)


@pytest.mark.parametrize(
    "response",
    [
        Response(503, {"code": "busy"}),
        Response(503, {"code": "busy"}, {"Retry-After": "soon"}),
        Response(500, {"code": "busy"}, {"Retry-After": "1"}),
        Response(503, {"code": "postgres_unavailable"}, {"Retry-After": "1"}),
        Response(500, None),
        Response(0, None),
        Response(200, ["no", "object"]),
        Response(403, {"code": "pass_required"}),
    ],
)
def test_anything_else_is_a_fault(response: Response) -> None:
    answer = read(response, frozenset())
    assert (answer.broken, answer.fine) == (True, False)


def test_what_a_cheat_has_to_hear_is_none() -> None:
    answer = read(Response(403, {"code": "pass_required"}), frozenset({"pass_required"}))
    assert (answer.refusal, answer.broken, answer.shed) == ("pass_required", False, False)

"""What shoppers take for a fault: a shop that is too busy has to say so as it promised to."""

from typing import Any, NamedTuple

import pytest

from loadtests.answers import Answer, otherwise_refused, read, turn_refused


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


@pytest.mark.parametrize(
    ("response", "refused"),
    [
        (Response(409, {"code": "turn_missed"}), "turn_missed"),
        (Response(409, {"code": "not_your_turn"}), "not_your_turn"),
        (Response(503, {"code": "postgres_unavailable"}), ""),
        (Response(503, {"code": "busy"}, {"Retry-After": "1"}), ""),
        (Response(0, None), ""),
        (Response(201, {"position": 3}), ""),
    ],
)
def test_a_shop_that_is_away_refuses_no_turn(response: Response, refused: str) -> None:
    assert turn_refused(read(response, frozenset())) == refused


def test_a_turn_that_was_refused_as_it_may_be_is_refused() -> None:
    assert turn_refused(Answer({"code": "turn_taken"}, refusal="turn_taken")) == "turn_taken"


@pytest.mark.parametrize(
    ("response", "other"),
    [
        (Response(403, {"code": "pass_required"}), ""),
        (Response(409, {"code": "not_sold"}), "not_sold"),
        (Response(409, {"code": "cart_ordered"}), "cart_ordered"),
        (Response(503, {"code": "busy"}, {"Retry-After": "1"}), ""),
        (Response(503, {"code": "postgres_unavailable"}), ""),
        (Response(201, {"sku": "lamp"}), ""),
    ],
)
def test_who_cheats_is_not_refused_by_another_no_of_the_business(response: Response, other: str) -> None:
    has_to = frozenset({"pass_required"})
    assert otherwise_refused(read(response, has_to), has_to) == other

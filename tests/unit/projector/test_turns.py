"""How long what comes through a stream gathers: a turn, and twice as long while much comes."""

from typing import Any

import pytest

from projector import transport
from projector.transport import BATCH, MANY, TURN_SECONDS, Feed
from shared.envelope import STREAM_FIELD, Recorded, encode
from tests.unit.projector.events import opened, recorded


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How often the moments come that were waited for."""
    waited: list[float] = []

    def until_next(every: float, _now: float) -> float:
        waited.append(every)
        return 0.0

    monkeypatch.setattr(transport, "until_next", until_next)
    return waited


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [TURN_SECONDS]), (MANY - 1, [TURN_SECONDS]), (MANY, [2 * TURN_SECONDS]), (BATCH, [])],
)
async def test_much_gathers_for_longer_and_whoever_has_a_whole_batch_reads_on(
    turns: list[float], count: int, expected: list[float]
) -> None:
    heard: list[Recorded] = []
    handle: Any = transport._handler(Feed(0, lambda: 0, heard.extend))
    await handle([{STREAM_FIELD: encode(recorded(opened(), "product:lamp", n + 1))} for n in range(count)])
    assert [event.position for event in heard] == list(range(1, count + 1))
    assert turns == expected

"""The chain: each event names the position before it in its shard, so a hole can't go unnoticed."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from shared.codec import decode_events
from shared.envelope import Recorded


class Heard(NamedTuple):
    """An event decoded, or why it can't be. One of a type that was split since is heard as several."""

    recorded: Recorded
    event: Any
    error: str | None = None


def context_of(recorded: Recorded) -> str:
    """The first word of its type."""
    return recorded.type.partition(".")[0]


def hear(recorded: Recorded) -> Sequence[Heard]:
    """Decode an event; whatever its payload does, it must not stop the others."""
    try:
        return [Heard(recorded, event) for event in decode_events(recorded.type, recorded.payload)]
    except Exception as error:
        return [Heard(recorded, None, f"{type(error).__name__}: {error}")]


class Stretch:
    """Events of a shard in (previous, upto], without a hole. All its read models share one, so each event is decoded
    once, and only if somebody listens to its context."""

    __slots__ = ("_contexts", "_events", "_heard", "_selected", "previous", "upto")

    def __init__(self, events: Sequence[Recorded], previous: int, upto: int) -> None:
        self.previous, self.upto = previous, upto
        self._events = events
        self._contexts = [context_of(event) for event in events]
        self._heard: list[Sequence[Heard] | None] = [None] * len(events)
        self._selected: dict[frozenset[str], list[Heard]] = {}

    def __len__(self) -> int:
        return len(self._events)

    def of(self, contexts: frozenset[str]) -> Sequence[Heard]:
        """The events of these contexts."""
        selected = self._selected.get(contexts)
        if selected is None:
            wanted = [n for n, context in enumerate(self._contexts) if context in contexts]
            selected = [heard for n in wanted for heard in self._hear(n)]
            self._selected[contexts] = selected
        return selected

    def _hear(self, n: int) -> Sequence[Heard]:
        heard = self._heard[n]
        if heard is None:
            heard = self._heard[n] = hear(self._events[n])
        return heard


def stretches(events: Sequence[Recorded]) -> list[Stretch]:
    """Events as a stream brought them, cut where something is missing; repeats are dropped."""
    cut: list[list[Recorded]] = []
    at = -1
    for event in events:
        if event.position <= at:
            continue
        if not cut or event.previous > at:
            cut.append([])
        cut[-1].append(event)
        at = event.position
    return [Stretch(part, part[0].previous, part[-1].position) for part in cut]


def contiguous(waiting: Sequence[Stretch], at: int, limit: int) -> tuple[list[Stretch], Sequence[Stretch]]:
    """What follows on `at` without a hole, about `limit` events of it, and the rest; what was had is dropped.

    `at` says: everything of this shard up to there was had. It need not be the position of an event of this shard.
    """
    run: list[Stretch] = []
    for n, stretch in enumerate(waiting):
        if stretch.upto <= at:
            continue
        if stretch.previous > at or limit <= 0:
            return run, waiting[n:]
        run.append(stretch)
        at = stretch.upto
        limit -= len(stretch)
    return run, ()


def heard(run: Iterable[Stretch], at: int, contexts: frozenset[str]) -> list[Heard]:
    """The events of these contexts in a run, from behind `at` on, each once: deliveries may overlap."""
    events: list[Heard] = []
    for stretch in run:
        part = stretch.of(contexts)
        events.extend(part if stretch.previous >= at else [h for h in part if h.recorded.position > at])
        at = max(at, stretch.upto)
    return events

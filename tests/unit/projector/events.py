"""Events as the log records them, for tests of pure folds."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from msgspec import Raw, Struct

from projector.model import Folded, ReadModel
from shared.codec import encode_event, tag_of
from shared.envelope import Recorded

START = datetime(2026, 11, 27, tzinfo=UTC)


def recorded(event: Struct, key: str, position: int, aggregate_id: UUID | None = None) -> Recorded:
    """An event at a position, one second after the position before it."""
    return Recorded(
        position=position,
        previous=position - 1,
        shard=0,
        key=key,
        aggregate_type="any",
        aggregate_id=aggregate_id or uuid4(),
        version=position,
        event_id=uuid4(),
        type=tag_of(type(event)),
        recorded_at=START + timedelta(seconds=position),
        payload=Raw(encode_event(event)),
        metadata=Raw(b"{}"),
    )


def folded(model: ReadModel, key: str, *events: Struct) -> dict[str, Folded]:
    """State id → state after these events."""
    states: dict[str, Folded] = {}
    for position, event in enumerate(events, start=1):
        at = recorded(event, key, position, aggregate_id=UUID(int=7))
        for id_ in model.touches(at, event):  # type: ignore[arg-type]  # tests only pass events
            states[id_] = model.evolve(states.get(id_), at, event)
    return states

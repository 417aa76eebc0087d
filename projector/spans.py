"""A batch's place in the traces of its events: one span at most, and none for events that nobody traces."""

from collections.abc import Sequence

import msgspec

from projector.chain import Heard
from projector.model import ReadModel
from shared.envelope import Recorded, metadata_of
from shared.http import tracing


def batch_span(model: ReadModel, shard: int, events: Sequence[Heard]) -> tracing.Spanning:
    """Below the first of the model's events that is traced, and linked to all of them."""
    if not tracing.enabled():
        return tracing.NOTHING
    mine = [_traceparent(event.recorded) for event in events]
    traced = [each for each in mine if each is not None and tracing.is_sampled(each)]
    if not traced:
        return tracing.NOTHING
    told: tracing.Attributes = {"doorbuster.read_model": model.slot, "doorbuster.shard": shard}
    return tracing.span(
        f"project {model.name}",
        parent=traced[0],
        links=traced,
        kind="consumer",
        attributes={**told, "messaging.batch.message_count": len(mine)},
    )


def _traceparent(event: Recorded) -> str | None:
    try:
        return tracing.accepted(metadata_of(event).traceparent)
    except msgspec.DecodeError:
        return None

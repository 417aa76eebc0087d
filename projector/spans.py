"""A batch's place in the traces of its events: one span at most, and none for events that nobody traces."""

from collections.abc import Sequence

import msgspec

from projector.model import ReadModel
from shared.envelope import Recorded, metadata_of
from shared.http import tracing


def batch_span(model: ReadModel, shard: int, events: Sequence[Recorded]) -> tracing.Spanning:
    """Below the first event of the model's that is traced, and linked to all of them."""
    if not tracing.enabled():
        return tracing.NOTHING
    contexts = model.contexts
    mine = [_traceparent(event) for event in events if event.type.partition(".")[0] in contexts]
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

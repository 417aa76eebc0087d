"""Transfers by road in Elasticsearch, for analysts. What is on the road stands in no stock item's events: a transfer's
own tell it, and what its lines came to."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import get_args
from uuid import UUID

from msgspec import structs

from projector.model import ELASTICSEARCH, GATHERING, Folded, Keys, ReadModel, Rendered, encode
from shared.codec import Event
from shared.documents.transfers import RECORDS, State, TransferRecord, TransferRecordLine
from shared.envelope import Recorded
from shared.events.transfers import (
    TransferCancelled,
    TransferClosed,
    TransferDispatched,
    TransferEvent,
    TransferPlanned,
    TransferReceived,
)

_TRANSFER_EVENTS = get_args(TransferEvent)


class RoadTransfer(Folded, frozen=True):
    state: State
    from_warehouse: str
    to_warehouse: str
    reference: str
    expected_on: date | None
    planned_at: datetime
    updated_at: datetime
    lines: list[TransferRecordLine]
    dispatched_at: datetime | None = None


def touches(recorded: Recorded, event: Event) -> Sequence[str]:
    """The transfer."""
    return (str(recorded.aggregate_id),) if isinstance(event, _TRANSFER_EVENTS) else ()


def begins(_recorded: Recorded, event: Event) -> bool:
    """A transfer is planned once."""
    return isinstance(event, TransferPlanned)


def evolve(state: RoadTransfer | None, recorded: Recorded, event: TransferEvent) -> RoadTransfer:
    """What is on the road after the event, and what became of the rest."""
    at = recorded.recorded_at
    if isinstance(event, TransferPlanned):
        lines = [TransferRecordLine(line.sku, line.quantity) for line in event.lines]
        return RoadTransfer(
            recorded.position, "planned", event.from_warehouse, event.to_warehouse, event.reference, event.expected_on,
            at, at, lines,
        )  # fmt: skip
    if state is None:
        raise ValueError(f"{event.transfer_id}: it moved before it was planned")
    now = structs.replace(state, position=recorded.position, updated_at=at)
    match event:
        case TransferDispatched():
            lines = [structs.replace(line, in_transit=line.quantity) for line in state.lines]
            return structs.replace(now, state="in_transit", dispatched_at=at, lines=lines)
        case TransferReceived(lines=arrived, in_transit=left):
            lines = _after(state.lines, [("received", line.sku, line.quantity) for line in arrived])
            return structs.replace(now, state="in_transit" if left else "received", lines=lines)
        case TransferClosed(differences=told):
            lines = _after(state.lines, [(each.why, each.sku, each.quantity) for each in told])
            return structs.replace(now, state="closed", lines=lines)
        case TransferCancelled(lines=back):
            lines = _after(state.lines, [("returned", line.sku, line.quantity) for line in back])
            return structs.replace(now, state="cancelled", lines=lines)


def _after(lines: Iterable[TransferRecordLine], more: Sequence[tuple[str, str, int]]) -> list[TransferRecordLine]:
    """The lines once so many of them are no longer on the road; what came beyond them never was."""
    found = {line.sku: line for line in lines}
    for what, sku, quantity in more:
        line = found[sku]
        gone = 0 if what == "surplus" else quantity
        figures = {what: getattr(line, what) + quantity, "in_transit": line.in_transit - gone}
        found[sku] = structs.replace(line, **figures)
    return list(found.values())


def render(id_: str, state: RoadTransfer, _keys: Keys) -> Rendered:
    """A document per transfer."""
    record = TransferRecord(
        transfer_id=UUID(id_),
        state=state.state,
        from_warehouse=state.from_warehouse,
        to_warehouse=state.to_warehouse,
        reference=state.reference,
        expected_on=state.expected_on,
        in_transit=sum(line.in_transit for line in state.lines),
        planned_at=state.planned_at,
        dispatched_at=state.dispatched_at,
        updated_at=state.updated_at,
        lines=state.lines,
        position=state.position,
    )
    return Rendered({id_: encode(record)})


MODEL = ReadModel(
    name=RECORDS,
    version="v1",
    sink=ELASTICSEARCH,
    contexts=frozenset({"inventory"}),
    state=RoadTransfer,
    touches=touches,
    begins=begins,
    evolve=evolve,
    render=render,
    gather=GATHERING,
)

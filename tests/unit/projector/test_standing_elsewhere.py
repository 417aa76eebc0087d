"""Whom the sink contradicts trusts nothing it remembers: another owner wrote, or data were lost."""

from collections.abc import Mapping, Sequence

from projector.chain import stretches
from projector.model import Batch, Folded, ReadModel, Written
from projector.read_models import order_status
from shared.shards import order_key
from tests.unit.projector.events import HISTORY, ORDER, placed, recorded
from tests.unit.projector.test_gathering import Sink, reached, running

REQUESTED, *_, AUTHORIZED, CONFIRMED = HISTORY
TOLD = (placed(), REQUESTED, AUTHORIZED, CONFIRMED)
EVENTS = [recorded(event, order_key(ORDER), n) for n, event in enumerate(TOLD, start=1)]


class Kept(Sink):
    """One that keeps what it was given, and refuses whoever thinks that it stands elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0
        self.states: dict[str, Folded] = {}

    async def checkpoint(self, _model: ReadModel, _shard: int) -> int:
        return self.at

    async def load(self, _model: ReadModel, _shard: int, ids: Sequence[str]) -> Mapping[str, Folded]:
        return {id_: self.states[id_] for id_ in ids if id_ in self.states}

    async def write(self, batch: Batch) -> Written:
        if batch.expected != self.at:
            return Written(self.at)
        self.at = batch.upto
        self.states |= {change.id: change.after for change in batch.changes}
        return await super().write(batch)


async def test_what_another_owner_has_written_is_folded_upon_and_not_what_is_remembered() -> None:
    alone, shared = Kept(), Kept()
    async with running(order_status.MODEL, alone) as only:
        only.offer(stretches(EVENTS))
        await reached(only, 4)
    async with running(order_status.MODEL, shared) as one:
        one.offer(stretches(EVENTS[:1]))
        await reached(one, 1)
        async with running(order_status.MODEL, shared) as other:
            other.offer(stretches(EVENTS[1:3]))
            await reached(other, 3)
        one.offer(stretches(EVENTS[1:2]))
        await reached(one, 3)  # it is refused, and told where the other one got to
        one.offer(stretches(EVENTS[3:]))
        await reached(one, 4)
    assert shared.states == alone.states

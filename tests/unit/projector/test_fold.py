"""What a batch makes of the states before it, and for which of them the sink is asked at all."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID, uuid4

import msgspec

from projector.chain import hear
from projector.fold import Folding, States, fold
from projector.model import Folded, Keys, ReadModel
from projector.read_models import order_records, product_search, stock_level
from shared.events.catalog import ProductCreated
from shared.events.inventory import StockAdjusted
from tests.unit.projector.events import HISTORY, KEY, ORDER, PRODUCT, facts, folded, opened, placed, recorded


class Sink:
    """Has these states, and remembers which it was asked for."""

    def __init__(self, **states: Folded) -> None:
        self._states = states
        self.asked: list[str] = []

    async def load(self, _model: ReadModel, _shard: int, ids: Sequence[str]) -> Mapping[str, Folded]:
        self.asked += ids
        return {id_: self._states[id_] for id_ in ids if id_ in self._states}


async def no_keys(persons: Iterable[UUID]) -> Keys:
    return dict.fromkeys(persons)


async def folding(model: ReadModel, sink: Sink, key: str, *events: msgspec.Struct, since: int = 1) -> Folding:
    heard = [part for n, event in enumerate(events) for part in hear(recorded(event, key, since + n))]
    return await fold(model, heard, {}, States(model, 0, sink.load), no_keys)


async def test_no_sink_is_asked_for_what_only_now_begins() -> None:
    sink = Sink()
    await folding(order_records.MODEL, sink, f"order:{ORDER}", placed(), *HISTORY)
    await folding(product_search.MODEL, sink, KEY, ProductCreated(PRODUCT, facts()), opened())
    assert sink.asked == []


async def test_a_sink_is_asked_for_what_began_before() -> None:
    ((_, state),) = folded(order_records.MODEL, f"order:{ORDER}", placed()).items()
    sink = Sink(**{str(ORDER): state})
    changes, poison = await folding(order_records.MODEL, sink, f"order:{ORDER}", *HISTORY, since=2)
    assert sink.asked == [str(ORDER)]
    assert not poison
    assert changes[0].shown is not None
    assert b'"state":"confirmed"' in (changes[0].shown.documents[str(ORDER)] or b"")


async def test_a_second_warehouse_does_not_begin_a_sku() -> None:
    ((sku, state),) = folded(stock_level.MODEL, KEY, opened(warehouse="south", on_hand=1)).items()
    changes, _ = await folding(stock_level.MODEL, Sink(**{sku: state}), KEY, opened(), since=2)
    assert changes[0].shown is not None
    assert b'"on_hand":11' in (changes[0].shown.documents[" staff:lamp"] or b"")


async def test_what_is_shown_as_before_is_not_rendered() -> None:
    ((_, state),) = folded(product_search.MODEL, KEY, ProductCreated(PRODUCT, facts()), opened()).items()
    sink = Sink(**{str(PRODUCT): state})
    [quiet], _ = await folding(product_search.MODEL, sink, KEY, StockAdjusted("lamp", "north", -1, 9, 0, ""), since=3)
    assert (quiet.shown, quiet.after.position) == (None, 3)
    [seen], _ = await folding(product_search.MODEL, sink, KEY, StockAdjusted("lamp", "north", -9, 1, 0, ""), since=3)
    assert seen.shown is not None


async def test_an_undecodable_event_poisons_its_key_from_there_on() -> None:
    broken = msgspec.structs.replace(recorded(opened(), KEY, 2), payload=msgspec.Raw(b"{}"))
    other = f"product:{uuid4()}"
    heard = [*hear(recorded(opened(), KEY, 1)), *hear(broken), *hear(recorded(opened("chair"), other, 3))]
    changes, poison = await fold(stock_level.MODEL, heard, {}, States(stock_level.MODEL, 0, Sink().load), no_keys)
    assert [(found.recorded.key, found.recorded.position) for found in poison] == [(KEY, 2)]
    assert [change.id for change in changes] == ["lamp", "chair"]

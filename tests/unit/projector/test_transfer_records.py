"""What analysts see of a transfer by road, told from its events alone."""

from datetime import date
from uuid import UUID

import msgspec
from msgspec import Struct

from projector.read_models import transfer_records
from shared.documents.transfers import TransferRecord, TransferRecordLine
from shared.events.transfers import (
    Difference,
    TransferCancelled,
    TransferClosed,
    TransferDispatched,
    TransferLine,
    TransferPlanned,
    TransferReceived,
)
from tests.unit.projector.events import shown


def test_a_transfer_by_road_is_a_record_of_what_is_neither_here_nor_there() -> None:
    id_, lines = UUID(int=7), [TransferLine("lamp", 6), TransferLine("bulb", 2)]
    planned = TransferPlanned(id_, "BER", "HAM", lines, "T-1", date(2026, 11, 30))
    gone = TransferDispatched(id_, "BER", "HAM", lines)
    some = TransferReceived(id_, "HAM", [TransferLine("lamp", 4)], 4)
    told = [Difference("lamp", 2, "lost"), Difference("bulb", 2, "damaged"), Difference("bulb", 1, "surplus")]
    ends = [TransferClosed(id_, "HAM", told, ""), TransferCancelled(id_, "BER", [TransferLine("lamp", 2)], "")]

    def record(*events: Struct) -> TransferRecord:
        body = shown(transfer_records.MODEL, f"transfer:{id_}", *events).documents[str(id_)]
        return msgspec.json.decode(body or b"", type=TransferRecord)

    histories: list[list[Struct]] = [[planned], [planned, gone], [planned, gone, some]]
    histories += [[planned, gone, some, end] for end in ends]
    found = [record(*history) for history in histories]
    assert [each.state for each in found] == ["planned", "in_transit", "in_transit", "closed", "cancelled"]
    assert [each.in_transit for each in found] == [0, 8, 4, 0, 2]
    assert [each.dispatched_at is not None for each in found] == [False, True, True, True, True]
    assert found[3].lines == [
        TransferRecordLine("lamp", 6, received=4, lost=2), TransferRecordLine("bulb", 2, damaged=2, surplus=1),
    ]  # fmt: skip
    assert (found[2].expected_on, found[2].reference, found[2].position) == (date(2026, 11, 30), "T-1", 3)

"""Which packed lists may go in another order's parcel."""

from typing import Any
from uuid import UUID

from shared.events.fulfilment import ParcelLine
from write_side.fulfilment.booking.along import unbooked
from write_side.fulfilment.booking.domain import Booking
from write_side.fulfilment.domain import Parcel
from write_side.fulfilment.picking.domain import Pick

ORDER = UUID(int=9)


def pick(n: int, state: Any = "picked", warehouse: str = "BER") -> Pick:
    return Pick(UUID(int=n), ORDER, warehouse, [ParcelLine("lamp", 1)], state, 1)


def booking(n: int, *along: int) -> Booking:
    return Booking(UUID(int=n), ORDER, UUID(int=n), "cancelled", None, None, 1, [UUID(int=each) for each in along])


def test_what_is_packed_here_and_neither_sent_nor_booked_in_any_way_is_free_to_go_along() -> None:
    picks = [pick(1), pick(2, "listed"), pick(3, warehouse="HAM"), pick(4), pick(5), pick(6)]
    sent = [Parcel(UUID(int=70), ORDER, "post", "1", [], "shipped", 1, UUID(int=4))]
    free = unbooked(picks, "BER", sent, [booking(5), booking(80, 6)], ("picked",))
    assert [each.id for each in free] == [UUID(int=1)]

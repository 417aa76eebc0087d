"""What of an order may be dropped, and where it lies."""

from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation, PricedLine
from tests.unit.fulfilment.test_ending import MUG, back, order
from write_side.errors import Refusal
from write_side.fulfilment.domain import Parcel
from write_side.fulfilment.dropping.domain import DropsTooMuch, NotPaidBack, drop
from write_side.fulfilment.picking.domain import Pick
from write_side.fulfilment.standing import Standing

ID = UUID(int=9)
LAMPS = PricedLine("lamp", ID, ID, "Lamp", 3, 1000, 3000, 570)
BER, HAM = Allocation("lamp", "BER", 2), Allocation("lamp", "HAM", 1)
STANDS = Standing(order(1, [LAMPS, MUG]), True, {"lamp": 3, "mug": 1}, [], [], [BER, HAM], [back(3570, lines=[])])


def pick(n: int, warehouse: str, quantity: int, state: Any = "picked") -> Pick:
    return Pick(UUID(int=n), ID, warehouse, [ParcelLine("lamp", quantity)], state, 1)


def test_what_is_dropped_is_back_on_its_shelves_and_what_lies_nowhere_is_not() -> None:
    event = drop(STANDS, {"lamp": 3, "mug": 1})
    assert event.lines == [ParcelLine("lamp", 3), ParcelLine("mug", 1)]
    assert event.restocked == [BER, HAM]


@pytest.mark.parametrize("state", ["picking", "picked"])
def test_a_shelf_that_nobody_went_to_is_before_a_box(state: str) -> None:
    begun = structs.replace(STANDS, picks=[pick(1, "BER", 2, state)])
    assert drop(begun, {"lamp": 1}).restocked == [HAM]
    assert drop(begun, {"lamp": 2}).restocked == [HAM, Allocation("lamp", "BER", 1)]


def test_a_box_whose_shelf_has_its_lamp_back_in_its_books_yields_none() -> None:
    packed = structs.replace(STANDS, places=[HAM], picks=[pick(1, "BER", 1), pick(2, "HAM", 1)], owed={"lamp": 1})
    assert drop(packed, {"lamp": 1}).restocked == [HAM]


def test_what_has_left_is_on_no_shelf() -> None:
    parcel = Parcel(ID, ID, "DHL", "1", [ParcelLine("lamp", 2)], "shipped", 1, UUID(int=1))
    sent = structs.replace(STANDS, owed={"lamp": 1}, parcels=[parcel], picks=[pick(1, "BER", 2)])
    assert drop(sent, {"lamp": 1}).restocked == [HAM]
    missed = structs.replace(sent, places=[BER])
    assert drop(missed, {"lamp": 1}).restocked == []


@pytest.mark.parametrize(
    ("less", "paid", "refusal"),
    [({"lamp": 4}, 3570, DropsTooMuch), ({"mug": 2}, 0, DropsTooMuch), ({"cord": 1}, 0, DropsTooMuch),
     ({"lamp": 3}, 3569, NotPaidBack), ({"lamp": 1}, 1189, NotPaidBack)],
)  # fmt: skip
def test_no_more_is_dropped_than_is_to_be_sent_and_was_paid_back(
    less: dict[str, int], paid: int, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        drop(structs.replace(STANDS, given=[back(paid, lines=[])] if paid else []), less)


def test_an_amount_pays_for_goods_once() -> None:
    paid = structs.replace(STANDS, given=[back(1190, lines=[])])
    drop(paid, {"lamp": 1, "mug": 1})
    again = structs.replace(paid, order=structs.replace(paid.order, dropped={"lamp": 1}), owed={"lamp": 2})
    with pytest.raises(NotPaidBack):
        drop(again, {"lamp": 1})

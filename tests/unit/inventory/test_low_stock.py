"""When an item runs low, and what is written about it."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.events.inventory import (
    StockAdjusted,
    StockCounted,
    StockReserved,
    StockThresholdSet,
    StockTransferredOut,
)
from tests.fixtures.write_side import TEXTS
from write_side.inventory.alerts.domain import Lowering, LowStock, crosses, letter

ID = UUID(int=1)


def event(kind: int, change: int, left: int) -> Lowering:
    """An event after which so many are left, of one of the kinds that lower what is left."""
    on_hand, reserved = left + 3, 3
    match kind:
        case 0:
            return StockAdjusted("lamp", "BER", change, on_hand, reserved, "?")
        case 1:
            return StockCounted("lamp", "BER", change, on_hand, reserved, "?")
        case 2:
            return StockReserved("lamp", "BER", ID, -change, on_hand, reserved)
        case _:
            return StockTransferredOut("lamp", "BER", ID, "HAM", -change, on_hand, reserved, "?")


@given(st.integers(0, 9), st.integers(0, 20), st.lists(st.tuples(st.integers(0, 3), st.integers(-9, 9)), max_size=20))
def test_each_fall_to_the_threshold_is_noticed_once(low_at: int, left: int, steps: Sequence[tuple[int, int]]) -> None:
    """Beside a book that remembers whether the item is low."""
    low = left <= low_at
    for kind, change in steps:
        if left + change < 0 or (kind > 1 and change >= 0):
            continue
        left += change
        assert crosses(event(kind, change, left), low_at) == (left <= low_at and not low)
        low = left <= low_at


@given(st.integers(0, 9), st.integers(0, 20), st.lists(st.integers(0, 20), max_size=20))
def test_a_raised_threshold_is_a_fall_to_it(low_at: int, left: int, thresholds: Sequence[int]) -> None:
    low = left <= low_at
    for wanted in thresholds:
        said = StockThresholdSet("lamp", "BER", wanted, low_at, left + 3, 3)
        assert crosses(said, 99) == (left <= wanted and not low)
        low, low_at = left <= wanted, wanted


def test_a_letter_names_all_that_ran_low_and_no_sku_breaks_its_lines() -> None:
    alerts = [LowStock(ID, ID, sku, "BER", 2, 5, "noticed", 1) for sku in ("lamp", "a\r\nBcc: all")]
    mail = letter(TEXTS.voice(), "BER", alerts, "stock@shop.example", "Shop <shop@shop.example>", "<1@shop.example>")
    assert (mail["To"], mail["Subject"]) == ("stock@shop.example", "BER: 2 SKUs running low")
    assert mail.get_content().splitlines()[2:] == ["lamp: 2 left (low at 5)", "a??Bcc: all: 2 left (low at 5)"]

"""What a row says of stock, and what it makes of a stock item."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.inventory import StockAdjusted, StockCounted, StockReceived, StockThresholdSet
from write_side.imports.reading import Line
from write_side.imports.rejecting import Rejected
from write_side.imports.spreadsheets import guarded, plain
from write_side.imports.stock_plan import Kept, StockPlan, StockTerms, plan_stock
from write_side.imports.stock_rows import Mode, StockReader, StockRow
from write_side.inventory import StockItem

ID = UUID(int=1)
LAMP = StockItem(ID, "lamp", "BER", ID, on_hand=10, reserved=4, low_at=5, version=3)


KEPT = Kept({("lamp", "BER"): LAMP}, {"lamp": ID, "bulb": ID}, {"BER"})


def planned(mode: Mode, *rows: StockRow) -> StockPlan:
    return plan_stock(rows, KEPT, StockTerms(mode, "list 7"))


def row(
    figure: int | None, sku: str = "lamp", warehouse: str = "BER", expected: int | None = None,
    low_at: int | None = None,
) -> StockRow:  # fmt: skip
    return StockRow(2, [], sku, warehouse, figure, expected, low_at)


def test_a_row_is_read_by_its_columns_and_the_others_mean_nothing() -> None:
    reader = StockReader(["Article", "available", "on_hand", "expected"], "set", "BER", {"sku": "Article"})
    assert reader.missing() == []
    assert reader.read(Line(2, ["'=lamp", "3", " 10 ", ""])) == StockRow(
        2, ["'=lamp", "3", " 10 ", ""], "=lamp", "BER", 10, None, None
    )
    assert StockReader(["sku", "on_hand"], "add", "BER").missing() == ["change"]


@pytest.mark.parametrize(
    ("mode", "cells", "code"),
    [
        ("set", ["", "1"], "no_sku"),
        ("set", ["la\x00mp", "1"], "broken_sku"),
        ("set", ["lamp", "-1"], "broken_count"),
        ("set", ["lamp", "1.5"], "broken_count"),
        ("set", ["lamp", "=1+1"], "broken_count"),
        ("add", ["lamp", "1e3"], "broken_count"),
        ("set", ["lamp", "²"], "broken_count"),
    ],
)
def test_what_is_no_count_is_rejected(mode: Mode, cells: list[str], code: str) -> None:
    reader = StockReader(["sku", "on_hand" if mode == "set" else "change"], mode, "BER")
    with pytest.raises(Rejected) as rejected:
        reader.read(Line(2, cells))
    assert rejected.value.code == code


def test_a_threshold_is_no_more_than_the_api_takes() -> None:
    reader = StockReader(["sku", "on_hand", "low_at"], "set", "BER")
    assert reader.read(Line(2, ["lamp", "10", "1000000"])).low_at == 1_000_000
    for low_at in ("1000001", "3000000000"):  # an EAN that slipped into the column
        with pytest.raises(Rejected, match="no threshold") as rejected:
            reader.read(Line(2, ["lamp", "10", low_at]))
        assert rejected.value.code == "broken_count"


@given(st.text())
def test_no_spreadsheet_takes_a_text_for_a_formula_and_it_comes_back_as_it_was(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert plain(guarded(text)) == text


def test_a_count_becomes_what_the_file_says() -> None:
    assert planned("set", row(6)).changed == [(LAMP, StockAdjusted("lamp", "BER", -4, 6, 4, "list 7"))]
    assert planned("set", row(9, expected=10)).changed == [(LAMP, StockCounted("lamp", "BER", -1, 9, 4, "list 7"))]
    assert planned("set", row(10), row(None)).unchanged == 2


def test_a_threshold_that_was_edited_in_an_export_is_set_ahead_of_the_count() -> None:
    low_at = (LAMP, StockThresholdSet("lamp", "BER", 9, 5, 10, 4))
    assert planned("set", row(None, low_at=9)).changed == planned("set", row(10, low_at=9)).changed == [low_at]
    counted = (LAMP, StockAdjusted("lamp", "BER", -4, 6, 4, "list 7"))
    assert planned("set", row(6, low_at=9)).changed == [low_at, counted]
    assert planned("set", row(10, low_at=5), row(None, low_at=5)).unchanged == 2


def test_a_delivery_is_added() -> None:
    assert planned("add", row(6)).changed == [(LAMP, StockReceived("lamp", "BER", 6, 16, 4, "list 7"))]
    assert planned("add", row(-6)).changed == [(LAMP, StockAdjusted("lamp", "BER", -6, 4, 4, "list 7"))]
    assert planned("add", row(0)).unchanged == 1


def test_what_is_kept_nowhere_yet_is_opened() -> None:
    [opened] = planned("add", row(6, "bulb")).opened
    assert (opened.sku, opened.on_hand, opened.low_at, opened.reason) == ("bulb", 6, 5, "list 7")


@pytest.mark.parametrize(
    ("mode", "bad", "code"),
    [
        ("set", row(3), "below_reserved"),
        ("add", row(-7), "below_reserved"),
        ("add", row(-1, "bulb"), "below_reserved"),
        ("add", row(1_000_000_000), "stock_too_large"),
        ("set", row(2_000_000_000, "bulb"), "stock_too_large"),
        ("set", row(9, expected=11), "count_out_of_date"),
        ("set", row(9, expected=9_999_999_999), "count_out_of_date"),
        ("set", row(1, "chair"), "unknown_sku"),
        ("set", row(1, "bulb", "ULM"), "unknown_warehouse"),
    ],
)
def test_a_row_that_cannot_be_is_refused_and_the_others_go_in(mode: Mode, bad: StockRow, code: str) -> None:
    made = planned(mode, bad, row(6))
    assert ([refused[1] for refused in made.refused], len(made.changed)) == ([code], 1)

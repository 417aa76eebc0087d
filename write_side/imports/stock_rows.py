"""A row of a file as what it says of stock. Pure.

Columns: `sku`, `on_hand` (mode set) or `change` (mode add), and, where the file has them, `warehouse`, `expected` and
`low_at`. Other columns mean nothing, so that an export can be edited and imported.
"""

import re
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from write_side.imports.reading import Line
from write_side.imports.rejecting import Rejected
from write_side.imports.spreadsheets import plain
from write_side.inventory import MOST_LOW_AT

Mode = Literal["set", "add"]
FIELDS = ("sku", "on_hand", "change", "warehouse", "expected", "low_at")

_count = re.compile(r"[0-9]{1,10}")
_change = re.compile(r"[+-]?[0-9]{1,10}")


class StockRow(Struct, frozen=True):
    """What a row says; no figure: it was left blank, nobody looked."""

    number: int
    cells: list[str]
    sku: str
    warehouse: str
    figure: int | None
    expected: int | None
    low_at: int | None


class StockReader:
    """Reads rows of a table with these columns. Raises `Rejected` for each that can't be taken."""

    duplicate = "duplicate_row"

    def __init__(self, columns: list[str], mode: Mode, warehouse: str, names: Mapping[str, str] | None = None) -> None:
        """`names`: field → the column that is it, where they differ; `warehouse`: of rows that name none."""
        named = {field: (names or {}).get(field, field) for field in FIELDS}
        self._at = {field: columns.index(column) for field, column in named.items() if column in columns}
        self._figure, self._warehouse = ("on_hand" if mode == "set" else "change"), warehouse

    def missing(self) -> list[str]:
        """Needed fields that no column of the file is."""
        return [field for field in ("sku", self._figure) if field not in self._at]

    def read(self, line: Line) -> StockRow:
        """What a row says."""
        cells = line.cells
        said = {field: plain(cells[n].strip()) for field, n in self._at.items()}
        if not said["sku"]:
            raise Rejected("no_sku", "no sku")
        if len(said["sku"]) > 100 or not said["sku"].isprintable():
            raise Rejected("broken_sku", "a sku has at most 100 printable characters")
        return StockRow(
            number=line.number,
            cells=cells,
            sku=said["sku"],
            warehouse=said.get("warehouse") or self._warehouse,
            figure=_number(cells[self._at[self._figure]], _count if self._figure == "on_hand" else _change),
            expected=_number(said.get("expected", ""), _count) if self._figure == "on_hand" else None,
            low_at=_threshold(said.get("low_at", "")),
        )

    def keys(self, row: StockRow) -> set[int]:
        """What no other row of the file may name."""
        return {hash((row.sku, row.warehouse))}


def _threshold(cell: str) -> int | None:
    low_at = _number(cell, _count)
    if low_at is not None and low_at > MOST_LOW_AT:
        raise Rejected("broken_count", f"{low_at} is no threshold: it is {MOST_LOW_AT:,} at the most")
    return low_at


def _number(cell: str, pattern: re.Pattern[str]) -> int | None:
    text = cell.strip()
    if not text:
        return None
    if not pattern.fullmatch(text):
        raise Rejected("broken_count", f"{text[:40]!r} is no count")
    return int(text)

"""An answer as a table for the eye, or as JSON or CSV for programs, which keep minor units."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from doorbuster.asking.question import Column, Question
from doorbuster.asking.rows import Row
from shared.money import EXPONENTS, display
from shared.names import visible
from write_side.imports import guarded


def as_json(rows: Sequence[Row]) -> str:
    """A list of objects."""
    return msgspec.json.format(msgspec.json.encode(rows)).decode()


def as_csv(question: Question, rows: Sequence[Row]) -> str:
    """A line of names, then a line for each row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in question.columns])
    writer.writerows([_cell_of(row[column.name]) for column in question.columns] for row in rows)
    return out.getvalue().rstrip("\n")


def _cell_of(value: Any) -> Any:
    """Words of strangers stand in answers, and spreadsheets would take some for formulas."""
    return guarded(value) if isinstance(value, str) else value


def as_table(question: Question, rows: Sequence[Row]) -> str:
    """Columns side by side, amounts with their point."""
    head = [column.name.removesuffix("_minor") for column in question.columns]
    cells = [head, *([_cell(column, row) for column in question.columns] for row in rows)]
    widths = [max(len(line[n]) for line in cells) for n in range(len(head))]
    return "\n".join("  ".join(_placed(question.columns[n], line[n], widths[n]) for n in range(len(head))).rstrip()
                     for line in cells)  # fmt: skip


def _cell(column: Column, row: Row) -> str:
    value = row[column.name]
    if value is None:
        return "–"
    if column.kind == "money":
        return display(value, row["currency"]).split()[0] if row.get("currency") in EXPONENTS else str(value)
    # What strangers search for may hold any sign, and a terminal obeys some.
    return f"{value:.1%}" if column.kind == "share" else visible(str(value), "�")


def _placed(column: Column, cell: str, width: int) -> str:
    return cell.ljust(width) if column.kind == "text" else cell.rjust(width)

"""Rows that did not go in as lines of CSV, so that they can be mended and imported. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from write_side.imports.batches import Rejection


class Told(NamedTuple):
    """Where a row stood in its file (0: the names of the columns), and the line that tells of it."""

    number: int
    text: bytes


def first_line(columns: Sequence[str]) -> Told:
    """The names of the columns."""
    return Told(0, csv_of([["line", "code", "reason", *columns]]))


def lines_of(rejection: Rejection) -> Iterator[Told]:
    """A line for each that the rejection is of: its number, code, reason, and the cells as they were read."""
    for number, cells in [(rejection.line, rejection.cells), *((line.number, line.cells) for line in rejection.also)]:
        yield Told(number, csv_of([[number, rejection.code, rejection.reason, *cells]]))


def csv_of(rows: Iterable[Sequence[object]]) -> bytes:
    """Rows as CSV in UTF-8; bytes of a file that are none come back as they were."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "surrogateescape")

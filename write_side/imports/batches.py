"""Batches of rows from a table, with what is wrong with a row by itself already sorted out."""

import asyncio
from typing import NamedTuple

from msgspec import Struct

from write_side.imports.pace import Pace
from write_side.imports.reading import Line, Table, UnreadableFile
from write_side.imports.rows import Rejected, Row, RowReader

CHARACTERS = 1_000_000
AT_A_TIME = 15  # rows between two turns of the event loop: the batch before is being saved meanwhile


class Rejection(Struct, frozen=True):
    """A row that did not go in: its line, a code, the reason, and its cells as read."""

    line: int
    code: str
    reason: str
    cells: list[str]


class Batch(NamedTuple):
    """Rows that name different products, and the rows between them that were rejected."""

    rows: list[Row]
    rejected: list[Rejection]


class Batches:
    """Reads batch after batch. Remembers 64 bits of each SKU, so that no product stands twice in one file."""

    def __init__(self, table: Table, reader: RowReader, pace: Pace) -> None:
        self._lines, self._reader, self._pace = iter(table), reader, pace
        self._seen: set[int] = set()
        self.unreadable: UnreadableFile | None = None  # why the file ended before its end

    async def next(self) -> Batch | None:
        """The next batch, None at the end of the file (or where it can't be read on: see `unreadable`)."""
        batch = Batch([], [])
        characters, most = 0, self._pace.rows
        while len(batch.rows) < most and len(batch.rejected) < most and characters < CHARACTERS:
            if len(batch.rows) % AT_A_TIME == 0:
                await asyncio.sleep(0)
            line = self._line()
            if line is None:
                break
            characters += sum(map(len, line.cells))
            self._take(line, batch)
        return batch if batch.rows or batch.rejected else None

    def _line(self) -> Line | None:
        try:
            return next(self._lines, None)
        except UnreadableFile as error:
            self.unreadable = error
            return None

    def _take(self, line: Line, batch: Batch) -> None:
        try:
            if line.broken:
                raise Rejected("broken_row", line.broken)
            row = self._reader.read(line.number, line.cells)
            self._check_new(row)
        except Rejected as why:
            batch.rejected.append(Rejection(line.number, why.code, str(why), line.cells))
        else:
            batch.rows.append(row)

    def _check_new(self, row: Row) -> None:
        keys = {hash(("sku", row.sku))}
        if self._reader.has_references:  # else the reference is the SKU
            keys.add(hash(("ref", row.external_ref)))
        if not keys.isdisjoint(self._seen):
            raise Rejected("duplicate_product", f"{row.sku} stood in the file before")
        self._seen |= keys

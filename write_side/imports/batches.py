"""Batches of rows from a table, with what is wrong with a row by itself already sorted out."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from write_side.imports.pace import Pace
from write_side.imports.reading import Line, UnreadableFile
from write_side.imports.rejecting import Rejected
from write_side.imports.seen import Seen

CHARACTERS = 1_000_000
AT_A_TIME = 15  # rows between two turns of the event loop: the batch before is being saved meanwhile


class Rejection(Struct, frozen=True):
    """A row that did not go in: its line, a code, the reason, and its cells as read."""

    line: int
    code: str
    reason: str
    cells: list[str]
    also: tuple[Line, ...] = ()  # further lines that went with it


class Fared(Struct, frozen=True):
    """How many rows became what, and those of them that did not go in."""

    counts: Counter[str]
    rejected: list[Rejection] = []

    def __add__(self, other: "Fared") -> "Fared":
        return Fared(self.counts + other.counts, self.rejected + other.rejected)


class Numbered(Protocol):
    """A row as read from a file."""

    @property
    def sku(self) -> str: ...


R = TypeVar("R", bound=Numbered)


class Reader(Protocol[R]):
    """What makes rows of lines."""

    duplicate: str  # the code of a row that stood in the file before

    def read(self, line: Line) -> R:
        """What a line says, with those that go with it; raises `Rejected`."""
        ...

    def keys(self, row: R) -> Collection[int]:
        """What no other row of the file may name."""
        ...


class Batch(NamedTuple, Generic[R]):
    """Rows that name different things, and the rows between them that were rejected."""

    rows: list[R]
    rejected: list[Rejection]


class Batches(Generic[R]):
    """Reads batch after batch. Remembers 64 bits of each row, so that nothing stands twice in one file."""

    def __init__(self, lines: Iterator[Line], reader: Reader[R], pace: Pace, skip: int = 0) -> None:
        """`skip` rows at the beginning are done with: they are read, so that nothing stands twice, and left out."""
        self._lines, self._reader, self._pace, self._skip = lines, reader, pace, skip
        self.taken = 0  # rows of the file up to the end of the last batch
        self._seen = Seen()
        self.unreadable: UnreadableFile | None = None  # why the file ended before its end

    async def next(self) -> Batch[R] | None:
        """The next batch, None at the end of the file (or where it can't be read on: see `unreadable`)."""
        batch: Batch[R] = Batch([], [])
        characters, most = 0, self._pace.rows
        while len(batch.rows) < most and len(batch.rejected) < most and characters < CHARACTERS:
            if self.taken % AT_A_TIME == 0:
                await asyncio.sleep(0)
            line = self._line()
            if line is None:
                break
            self.taken += 1
            if self.taken <= self._skip:
                self._take(line, Batch([], []))
                continue
            characters += sum(len(cell) for each in (line, *line.also) for cell in each.cells)
            self._take(line, batch)
        return batch if batch.rows or batch.rejected else None

    def _line(self) -> Line | None:
        try:
            return next(self._lines, None)
        except UnreadableFile as error:
            self.unreadable = error
            return None

    def _take(self, line: Line, batch: Batch[R]) -> None:
        try:
            if broken := next((each.broken for each in (line, *line.also) if each.broken), None):
                raise Rejected("broken_row", broken)
            row = self._reader.read(line)
            self._check_new(row)
        except Rejected as why:
            batch.rejected.append(Rejection(line.number, why.code, str(why), line.cells, line.also))
        else:
            batch.rows.append(row)

    def _check_new(self, row: R) -> None:
        keys = self._reader.keys(row)
        if any(key in self._seen for key in keys):
            raise Rejected(self._reader.duplicate, f"{row.sku} stood in the file before")
        for key in keys:
            self._seen.add(key)

"""Reads a table row by row: CSV or TSV, plain or gzip. Never more than a row in memory."""

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, NamedTuple, cast

LONGEST_CELL = 1_000_000
LONGEST_LINE = 8_000_000  # a packed file may hold one of any length
MOST_EMPTY = 10_000  # lines one after the other: a packed file holds a thousand of them in a byte
Encoding = Literal["utf-8", "windows-1252", "iso-8859-1", "iso-8859-15"]

_GZIP = b"\x1f\x8b"


class UnreadableFile(ValueError):
    """The file can't be read at all; the message says why."""


@dataclass
class _File:
    """An open file, as it lies there, unpacked, and as text; `taken`: characters since its row began."""

    raw: IO[bytes]
    unpacked: IO[bytes]
    text: IO[str]
    size: int
    most: int | None
    taken: int = 0

    def lines(self) -> Iterator[str]:
        """Its lines; raises `UnreadableFile` for one without an end, and behind the most that is read."""
        while line := self.text.readline(LONGEST_LINE):
            self.taken += len(line)
            if self.taken > LONGEST_LINE or (len(line) == LONGEST_LINE and not line.endswith(("\n", "\r"))):
                raise UnreadableFile(f"a row of more than {LONGEST_LINE} characters")
            if self.most is not None and self.unpacked.tell() > self.most:
                raise UnreadableFile(f"unpacked, it is larger than {self.most} bytes")
            yield line


class Line(NamedTuple):
    """A row as read: where it begins, its cells, and why it is no row of the table, if it isn't."""

    number: int
    cells: list[str]
    broken: str | None = None
    also: tuple["Line", ...] = ()  # further lines that speak of the same thing: `gathering`


class Table:
    """An open file: its columns, and its rows to iterate over once."""

    def __init__(self, file: "_File", delimiter: str, encoding: Encoding) -> None:
        self._file, self._encoding = file, encoding
        csv.field_size_limit(LONGEST_CELL)
        self._reader = csv.reader(file.lines(), delimiter=delimiter)
        self.delimiter = delimiter
        self.columns = self._header()

    def _header(self) -> list[str]:
        try:
            columns = [cell.strip() for cell in next(self._reader)]
        except (StopIteration, csv.Error, EOFError, OSError, zlib.error) as error:
            raise UnreadableFile(f"no first line with the names of the columns ({error})") from error
        named = [column for column in columns if column]  # spreadsheets leave empty ones at the end, which say nothing
        seen = set[str]()
        for column in named:  # a line may name a million of them
            if column in seen:
                raise UnreadableFile(f"two columns have the same name: {column[:80]!r}")
            seen.add(column)
        if wrong := self._foreign(columns, columns):
            raise UnreadableFile(f"the first line can't be read: {wrong}")
        return columns

    @property
    def read_share(self) -> float:
        """How much of the file has been read, from 0 to 1."""
        return min(self._file.raw.tell() / self._file.size, 1.0) if self._file.size else 1.0

    def __iter__(self) -> Iterator[Line]:
        """Rows with their line numbers; raises `UnreadableFile` where a compressed file is cut off, or nothing but
        empty lines follow: nobody else gets a turn while these are passed over."""
        empty = 0
        while True:
            number, self._file.taken = self._reader.line_num + 1, 0
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(number, [], str(error))
                continue
            except (EOFError, OSError, zlib.error) as error:
                raise UnreadableFile(f"broken after line {number - 1}: {error}") from error
            empty = 0 if cells else empty + 1
            if cells:
                yield Line(number, cells, self._wrong_with(cells))
            elif empty > MOST_EMPTY:
                raise UnreadableFile(f"more than {MOST_EMPTY} empty lines up to line {number}")

    def _wrong_with(self, cells: list[str]) -> str | None:
        if len(cells) != len(self.columns):
            return f"{len(cells)} cells, the first line names {len(self.columns)} columns"
        return self._foreign(cells, self.columns)

    def _foreign(self, cells: list[str], columns: list[str]) -> str | None:
        """What is not of the file's encoding: such bytes come as lone surrogates."""
        for cell, column in zip(cells, columns, strict=True):
            wrong = None if cell.isascii() else next((sign for sign in cell if "\ud800" <= sign <= "\udfff"), None)
            if wrong is not None:
                name = column.encode("ascii", "backslashreplace").decode()
                said = f"column {name!r} is not {self._encoding}: the byte 0x{ord(wrong) - 0xDC00:02x}"
                return f"{said}; the mapping's `encoding` says another"
        return None


@contextmanager
def open_table(path: Path, encoding: Encoding = "utf-8", most: int | None = None) -> Iterator[Table]:
    """The table in a file; the delimiter by its name or its first line. Raises `UnreadableFile`.

    `most`: so many bytes, unpacked, are read.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error
    with raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=raw) if packed else raw)
        read_as = "utf-8-sig" if encoding == "utf-8" else encoding
        text = io.TextIOWrapper(stream, encoding=read_as, errors="surrogateescape", newline="")
        delimiter = _delimiter(path, stream)
        yield Table(_File(raw, stream, text, os.fstat(raw.fileno()).st_size, most), delimiter, encoding)


def _delimiter(path: Path, stream: IO[bytes]) -> str:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".tsv", ".tab")):
        return "\t"
    try:
        first = stream.readline(LONGEST_CELL).decode(errors="replace")
        stream.seek(0)
    except (EOFError, OSError, zlib.error) as error:
        # Not where it lies: of a file that was sent that is a place on our machine, and who sent it is told.
        raise UnreadableFile(f"it can't be unpacked ({error})") from error
    counts = {sign: first.count(sign) for sign in ("\t", ",", ";", "|")}
    return max(counts, key=lambda sign: counts[sign]) if any(counts.values()) else ","

"""All of a file before any of it goes in: what its rows may name, though it stands behind them.

Its lines are kept in a temporary file meanwhile, as large as the file unpacked, and read from there; in memory is a
number per name. Files that name nothing are not kept.
"""

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import Any

from write_side import catalog
from write_side.imports.batches import AT_A_TIME
from write_side.imports.reading import Line, UnreadableFile
from write_side.imports.rejecting import Rejected
from write_side.imports.rows import Row, RowReader
from write_side.imports.seen import Called


class Ahead(AbstractContextManager["Ahead"]):
    """The lines of a file, as often as they are asked for, and the SKUs and slugs of its products."""

    def __init__(self) -> None:
        # Bytes that are none of the file's encoding are kept, too: their rows are told as they stood.
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogatepass")  # noqa: SIM115 - closed below
        self._broken: UnreadableFile | None = None
        self._kept = self._given = 0
        self.names = Called()

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def share(self) -> float:
        """How much of it was read again, from 0 to 1."""
        return min(self._given / self._kept, 1.0) if self._kept else 1.0

    async def look(self, lines: Iterator[Line], reader: RowReader, living: Callable[[], Awaitable[None]]) -> None:
        """Read it to its end, or to where it can't be read on; `living` is called all the while."""
        try:
            for line in lines:
                if self._kept % AT_A_TIME == 0:
                    await asyncio.sleep(0)
                    await living()
                self._kept += 1
                self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
                self.names.add(*_names(reader, line))
        except UnreadableFile as error:
            self._broken = error

    def lines(self) -> Iterator[Line]:
        """From the beginning; raises `UnreadableFile` where it can't be read on."""
        self._file.seek(0)
        for n, text in enumerate(self._file, 1):
            self._given = n
            yield _line(*json.loads(text))
        if self._broken is not None:
            raise self._broken


def _line(number: int, cells: list[str], broken: str | None, also: list[Any]) -> Line:
    return Line(number, cells, broken, tuple(_line(*each) for each in also))


def _names(reader: RowReader, line: Line) -> tuple[list[str], str | None]:
    """What others may call a line's product; also where it can't be read, or whoever names it would be no better."""
    alone = not line.also and reader.cell(line, "sku")  # most are: reading all of each takes too long
    if not alone and not any(each.broken for each in (line, *line.also)):
        with suppress(Rejected):  # it is told of when its turn comes
            return names_of(reader.read(line))
    skus = [sku for each in (line, *line.also) if (sku := reader.cell(each, "sku"))]
    name = reader.cell(line, "handle") or reader.cell(line, "name")
    return skus, reader.cell(line, "slug") or (catalog.slug_candidates(name, "")[0] if name else None)


def names_of(row: Row) -> tuple[list[str], str]:
    """What others may call a row's product: its SKUs, and its slug or that which it will get if it is new."""
    slug = row.slug or catalog.slug_candidates(row.handle or row.name, row.sku)[0]
    return [variant.sku for variant in row.variants], slug

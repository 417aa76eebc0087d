"""Lines of a file that speak of one product, put together. Never more in memory than one product's."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from write_side.imports import magento
from write_side.imports.mapping import ColumnMapping
from write_side.imports.reading import Line, Table

MOST = 2000  # lines of a product: 500 variants and 100 images are fewer

_SCHEMA = """
CREATE TABLE line (number INTEGER PRIMARY KEY, sku TEXT, cells TEXT, broken TEXT);
CREATE TABLE child (sku TEXT PRIMARY KEY, parent INTEGER, place INTEGER) WITHOUT ROWID;
"""


class Gathered(NamedTuple):
    """Products as lines with those that go with them, to iterate over once; `share` tells how far that got."""

    lines: Iterator[Line]
    share: Callable[[], float]


def gathered(table: Table, mapping: ColumnMapping) -> Gathered:
    """The lines of a table as its mapping puts them together."""
    if mapping.lines == "magento":
        families = _Families(table)
        return Gathered(families.lines(), lambda: families.share)
    at = _place(table.columns, mapping, mapping.group)
    lines = iter(table) if mapping.lines == "product" or at is None else adjacent(table, at)
    return Gathered(lines, lambda: table.read_share)


def adjacent(lines: Iterable[Line], at: int) -> Iterator[Line]:
    """Lines that follow one another and say the same in this column, as one; an empty cell goes with nothing."""
    group: list[Line] = []
    for line in lines:
        if group and len(group) < MOST and _key(line, at) and _key(line, at) == _key(group[0], at):
            group.append(line)
            continue
        if group:
            yield _one(group)
        group = [line]
    if group:
        yield _one(group)


def _one(group: list[Line]) -> Line:
    return group[0]._replace(also=tuple(group[1:]))


def _key(line: Line, at: int) -> str:
    return "" if line.broken else line.cells[at].strip()


def _place(columns: list[str], mapping: ColumnMapping, field: str) -> int | None:
    return next((n for n, column in enumerate(columns) if mapping.columns.get(column) == field), None)


class _Families:
    """Magento's lines: variants stand anywhere, before or behind the product that names them.

    So the file is read once into a database of its own on disk (which SQLite removes), and from there family by family.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._at = {name: table.columns.index(name) for name in magento.NEEDED if name in table.columns}
        self._kept, self._done = 0, 0

    @property
    def share(self) -> float:
        """Both readings, as one."""
        return self._table.read_share / 2 + (self._done / self._kept / 2 if self._kept else 0.0)

    def lines(self) -> Iterator[Line]:
        """Products in the order of the file, each with its variants."""
        db = sqlite3.connect("")  # a database on disk that nobody else sees and that is gone when it is closed
        try:
            db.executescript(_SCHEMA)
            for line in self._table:
                self._keep(db, line)
            yield from self._families(db)
        finally:
            db.close()

    def _keep(self, db: sqlite3.Connection, line: Line) -> None:
        self._kept += 1
        said = {} if line.broken else {name: line.cells[n].strip() for name, n in self._at.items()}
        sku = None if said.get("store_view_code") else said.get("sku")  # a translation goes with nothing
        text = json.dumps(line.cells)
        db.execute("INSERT INTO line VALUES (?, ?, ?, ?)", (line.number, sku, text, line.broken))
        named = magento.variations(said.get("configurable_variations", "")) if sku else ()
        for place, child in enumerate(child for child in named if child != sku):
            db.execute("INSERT OR IGNORE INTO child VALUES (?, ?, ?)", (child, line.number, place))

    def _families(self, db: sqlite3.Connection) -> Iterator[Line]:
        db.execute("CREATE INDEX by_sku ON line (sku)")
        heads = "SELECT number, cells, broken FROM line WHERE sku IS NULL OR sku NOT IN (SELECT sku FROM child)"
        for number, cells, broken in db.execute(f"{heads} ORDER BY number"):
            also = db.execute(
                """SELECT l.number, l.cells, l.broken FROM child c JOIN line l ON l.sku = c.sku
                   WHERE c.parent = ? ORDER BY c.place, l.number""",
                (number,),
            )
            children = tuple(_line(*row) for row in also)
            self._done += 1 + len(children)
            yield _line(number, cells, broken)._replace(also=children)
        yield from self._astray(db)

    def _astray(self, db: sqlite3.Connection) -> Iterator[Line]:
        """Lines that one names which is itself named by another: each alone, so that it is imported or rejected."""
        astray = """SELECT l.number, l.cells, l.broken FROM line l JOIN child c ON c.sku = l.sku
                    JOIN line p ON p.number = c.parent WHERE p.sku IN (SELECT sku FROM child) ORDER BY l.number"""
        for row in db.execute(astray):
            self._done += 1
            yield _line(*row)


def _line(number: int, cells: str, broken: str | None) -> Line:
    return Line(number, json.loads(cells), broken)

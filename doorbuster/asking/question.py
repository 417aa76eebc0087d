"""What a question is: which query files it asks, what is made of the answers, and what its columns mean."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from msgspec import Struct

from doorbuster.asking.bodies import Span
from doorbuster.asking.rows import DOCUMENTS, Row

Kind = Literal["text", "count", "money", "number", "share"]
Answers = Sequence[Sequence[Row]]  # rows of each query file, in the question's order


class Column(Struct, frozen=True):
    """A column; `money` is in minor units of the row's currency, `share` of 1."""

    name: str
    kind: Kind
    meaning: str


class File(Struct, frozen=True):
    """A query file; `time` is the field that says which documents lie in a span, null where all are meant."""

    index: str
    name: str
    time: str | None = None


class Question(Struct, frozen=True):
    """`answer` is pure. `group` names the grouping that holds only the first few, by `--limit`, and `mostly` one of
    which the most frequent is all that is asked for; that any other does not hold all its groups is an error."""

    name: str
    about: str
    files: tuple[File, ...]
    columns: tuple[Column, ...]
    answer: Callable[[Answers, Span], list[Row]]
    group: str | None = None
    limit: int = 20
    mostly: str | None = None


def count(name: str, meaning: str) -> Column:
    """A column of how many."""
    return Column(name, "count", meaning)


def money(name: str, meaning: str) -> Column:
    """A column of amounts."""
    return Column(name, "money", meaning)


def text(name: str, meaning: str) -> Column:
    """A column of words."""
    return Column(name, "text", meaning)


CURRENCY = text("currency", "of the amounts in the row")


def added_up(figures: Iterable[tuple[Row, Row]], by: Sequence[str], names: Sequence[str]) -> list[Row]:
    """A row for each key, in their order, with the sums of these figures; each stands beside a row that has the key."""
    sums: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row, told in figures:
        sums[tuple(row[name] for name in by)].update(told)
    return [dict(zip(by, key, strict=True)) | {name: found[name] for name in names}
            for key, found in sorted(sums.items())]  # fmt: skip


def counted(rows: Sequence[Row], name: str) -> list[Row]:
    """The number of documents under its own name."""
    return [{**row, name: row[DOCUMENTS]} for row in rows]

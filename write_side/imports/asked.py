"""What an import of a catalog is asked for, and how far it got."""

from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from write_side.imports.mapping import DEFAULT, ColumnMapping


class Source(NamedTuple):
    """Which file it is: its name, and the hash of what it holds."""

    file: str
    content: bytes


class Options(Struct, frozen=True):
    """How a file is to be understood. With `stock`, that many of each new SKU are opened in `warehouse`.

    A dry run tells what would become of each row, and writes nothing.
    """

    currency: str = "EUR"
    stock: int | None = None
    warehouse: str | None = None
    mapping: ColumnMapping = DEFAULT
    dry_run: bool = False


class Progress(Struct):
    """How the rows fared so far; `share` of the file was read."""

    created: int = 0
    revised: int = 0
    moved: int = 0  # of the revised ones: into another category
    unchanged: int = 0
    rejected: int = 0
    partly: int = 0  # of these: without the related products that they name, which did not go in themselves
    share: float = 0.0
    run_id: UUID | None = None  # by which it is undone; none of a dry run

    @property
    def rows(self) -> int:
        """Rows done with."""
        return self.created + self.revised + self.unchanged + self.rejected

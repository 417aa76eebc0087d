"""What a file that is sent is to be imported as, and what is wrong with it. Pure."""

from hashlib import sha256

import msgspec
from msgspec import Struct, structs, to_builtins

from shared.envelope import as_json
from write_side.errors import Invalid
from write_side.imports.asked import Options
from write_side.imports.formats import READY, Format
from write_side.imports.mapping import BrokenMapping, ColumnMapping, check

TABS = (".tsv", ".tab")


class MappingRefused(Invalid):
    """The mapping can't be read, or names fields that there aren't."""

    code = "broken_mapping"


class EmptyFile(Invalid):
    """The body is empty: it is the file that is to be imported."""

    code = "empty_file"


class Wanted(Struct, frozen=True):
    """What a request says of its file."""

    file: str
    format: Format
    mapping: str | None
    currency: str
    stock: int | None
    warehouse: str | None
    image_base: str
    dry_run: bool
    opens_stock: bool = True  # whoever sent it may; else columns of stock mean nothing

    @property
    def options(self) -> Options:
        """How the file is to be understood; refuses `broken_mapping`."""
        mapping = READY[self.format] if self.mapping is None else mapping_of(self.mapping)
        if self.image_base:
            mapping = structs.replace(mapping, image_base=self.image_base)
        if not self.opens_stock:
            mapping = _without_stock(mapping)
        return Options(self.currency, self.stock, self.warehouse, mapping, self.dry_run)


class Asked(Struct, frozen=True):
    """A request as an idempotency key remembers it."""

    wanted: Wanted
    content: str  # the hash of the file


def mapping_of(text: str) -> ColumnMapping:
    """A mapping in JSON; refuses `broken_mapping`."""
    try:
        mapping = msgspec.json.decode(text, type=ColumnMapping)
        check(mapping)
    except (msgspec.DecodeError, UnicodeEncodeError, BrokenMapping) as error:
        raise MappingRefused(str(error), pointer="?mapping") from error
    return mapping


def _without_stock(mapping: ColumnMapping) -> ColumnMapping:
    """The same, whose columns of stock mean nothing: not what the others are either, which may be attributes."""
    stock = [column for column, field in mapping.columns.items() if field == "stock"]
    left = {column: field for column, field in mapping.columns.items() if field != "stock"}
    return structs.replace(mapping, columns=left, ignored=[*mapping.ignored, *stock])


def same(content: bytes, options: Options) -> bytes:
    """What tells one file that was sent, and how it is understood, from all others."""
    return sha256(b"sent" + content + as_json(to_builtins(options))).digest()


def kept_as(file: str) -> str:
    """The name under which a worker keeps it: of the client's only what tells how it is read."""
    return "sent.tsv" if file.lower().removesuffix(".gz").endswith(TABS) else "sent.csv"

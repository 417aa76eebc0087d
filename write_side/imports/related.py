"""Products that a row names as related: by kind, by SKU or slug, the best first. Pure."""

from collections.abc import Collection, Container, Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from shared.pointers import escaped
from write_side.catalog import check_related
from write_side.errors import Invalid, Refusal
from write_side.imports.mapping import RELATED
from write_side.imports.rejecting import Rejected, decoded, told

KIND = "related"  # what a column says that names no kind
ALL_KINDS = "json:related"
MOST_TOLD = 10


class UnknownRelated(Invalid):
    """A related product is none of the shop's nor of the file's, or is the product itself."""

    code = "unknown_related"


class SaidRelated(Struct, frozen=True):
    """Kind → SKUs or slugs. What the product has of other kinds stays, unless these are all that there are."""

    kinds: dict[str, list[str]]
    alone: bool = False

    @property
    def names(self) -> set[str]:
        """All of them."""
        return {name for names in self.kinds.values() for name in names}


def is_related(field: str) -> bool:
    """Whether a field names other products."""
    return field in (KIND, ALL_KINDS) or field.startswith(RELATED)


def said_of(said: Mapping[str, str], separator: str) -> SaidRelated | None:
    """What a line says, field → cell; None where the file has no such column. Raises `Rejected`."""
    if ALL_KINDS in said:
        kinds = decoded(said[ALL_KINDS] or "{}", dict[str, list[str]], "broken_related")
        return _possible(SaidRelated(kinds, alone=True))
    cells = {field: cell for field, cell in said.items() if is_related(field)}
    kinds = {field.partition(":")[2] or KIND: _parts(cell, separator) for field, cell in cells.items()}
    return _possible(SaidRelated(kinds)) if kinds else None


def _possible(said: SaidRelated) -> SaidRelated:
    """What a product may have, as far as that is seen before anybody is looked for; raises `Rejected`."""
    try:
        check_related({kind: [*dict.fromkeys(names)] for kind, names in said.kinds.items() if names})
    except Refusal as refusal:
        raise Rejected(refusal.code, told(refusal)) from None
    return said


def _parts(cell: str, separator: str) -> list[str]:
    return [part.strip() for part in cell.split(separator) if part.strip()]


def check_known(said: SaidRelated, known: Collection[Container[str]], own: Container[str]) -> None:
    """Refuses `unknown_related`: names that nothing of `known` has, and those of the product itself."""
    for kind, names in said.kinds.items():
        pointer = f"/related/{escaped(kind)}"
        unknown = [name for name in names if not any(name in each for each in known)]
        if unknown:
            some = ", ".join(name[:100] for name in unknown[:MOST_TOLD])
            more = f" and {len(unknown) - MOST_TOLD} more" if len(unknown) > MOST_TOLD else ""
            raise UnknownRelated(f"no product has the SKU or slug {some}{more}", pointer=pointer)
        if itself := next((name for name in names if name in own), None):
            raise UnknownRelated(f"{itself[:100]} is the product itself", pointer=pointer)


def related_after(
    said: SaidRelated, before: Mapping[str, Sequence[UUID]], ids: Mapping[str, UUID]
) -> dict[str, list[UUID]]:
    """Kind → products behind a row all of whose names have ids; one that several of its SKUs name stands once."""
    kept = {} if said.alone else {kind: [*products] for kind, products in before.items()}
    return kept | {kind: [*dict.fromkeys(ids[name] for name in names)] for kind, names in said.kinds.items()}

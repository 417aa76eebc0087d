"""A run: many products changed at once. Its events go by its id as correlation id. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from msgspec import Meta, Struct

from shared.envelope import Metadata, as_json
from write_side.catalog import Change
from write_side.errors import NotFound, Refusal
from write_side.pricing import Repriced

Kind = Literal["catalog", "edit", "undo"]
State = Literal["running", "finished", "stopped"]
Became = Literal["edited", "restored", "archived", "partly", "unchanged", "left"]
FIRST_TOLD = 100  # of each thing that products became, what was left alone apart

Json = dict[str, Any]


class UnknownImport(NotFound):
    """No run has this id."""

    code = "unknown_import"


class ImportUndone(Refusal):
    """Somebody undid the import while it ran: what it would still have brought in stays out."""

    code = "import_undone"


class OnlyAPreview(Refusal):
    """It changed nothing: there is nothing to undo."""

    code = "only_a_preview"


class Run(Struct, frozen=True):
    """An import of a catalog, an edit in bulk, or the undoing of one, as far as it got."""

    id: UUID
    kind: Kind
    state: Annotated[State, Meta(description="stopped: undone before its end, or the file broke off")]
    dry_run: Annotated[bool, Meta(description="a preview: it tells what would become of each product")]
    actor: str
    file: Annotated[str, Meta(description="its name; empty where there is none")]
    terms: Annotated[Json, Meta(description="how the file was understood, or which products are edited how")]
    undoes: UUID | None
    begins_above: int
    ends_at: int | None
    rows_done: Annotated[int, Meta(description="of a file: so many from its beginning are done with")]
    place: str
    counts: Annotated[dict[str, int], Meta(description="how many rows or products became what")]
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    why: Annotated[str, Meta(description="of a file that can't be imported: why it was stopped")] = ""

    @property
    def cause(self) -> Metadata:
        """The metadata of its events."""
        return Metadata(actor=self.actor, correlation_id=str(self.id))

    @property
    def mark(self) -> bytes:
        """The bytes in the metadata of its events alone: a quote within any other value is escaped."""
        return b'"correlation_id":' + as_json(str(self.id))


class PlaceChanged(Struct, frozen=True, omit_defaults=True):
    """A place of a product: `/name`, `/attributes/watts`, `/prices/LAMP-RED/EUR`. What is not there is null."""

    place: str
    before: Any = None
    after: Any = None


class PlaceLeft(Struct, frozen=True, omit_defaults=True):
    """A place that was left alone, and why: a code, who changed it since, and when."""

    place: str
    reason: Annotated[str, Meta(description="changed_since, slug_taken, or the code of a refusal")]
    by: str = ""
    at: datetime | None = None
    detail: str = ""


class Outcome(Struct, frozen=True):
    """What became of a product, or would: which places changed, and which were left alone."""

    product_id: UUID
    name: Annotated[str, Meta(description="its slug")]
    became: Became
    changes: list[PlaceChanged] = []
    left: list[PlaceLeft] = []


class Decided(NamedTuple):
    """What becomes of a product: what is told of it, and what is to be written."""

    outcome: Outcome
    change: Change | None = None
    prices: Sequence[Repriced] = ()
    sums: Mapping[str, int] = {}  # what is added up over all products of the run

    @property
    def events(self) -> int:
        """How many events that makes."""
        return (self.change is not None) + sum(len(each.events) for each in self.prices)


def cut(decided: Sequence[Decided], most: int) -> list[Decided]:
    """As many from the beginning as make so many events at most, and one in any case."""
    events, taken = 0, list[Decided]()
    for one in decided:
        events += one.events
        if taken and events > most:
            break
        taken.append(one)
    return taken


def counted(counts: Mapping[str, int], decided: Sequence[Decided]) -> dict[str, int]:
    """How many products became what by now, these among them."""
    found = Counter(counts)
    for one in decided:
        found["products"] += 1
        found[one.outcome.became] += 1
        found["events"] += one.events
        found.update(one.sums)
    return dict(found)


def kept(outcome: Outcome, so_far: int) -> bool:
    """Whether an outcome is written down, `so_far` being how many became the same: what was left alone always is."""
    return bool(outcome.left) or so_far < FIRST_TOLD

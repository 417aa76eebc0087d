"""Types of products with their attributes, in one Redis document: facets go by it, clients show units by it."""

from collections.abc import Sequence
from uuid import UUID

from projector.model import REDIS, Folded, Keys, ReadModel, Rendered, encode
from shared.codec import Event
from shared.documents.product_types import MODEL as NAME
from shared.documents.product_types import THE_ONE, ProductType, ProductTypes
from shared.envelope import Recorded
from shared.events.product_types import ProductTypeEvent, ProductTypeRemoved, ProductTypeSet


class Types(Folded, frozen=True):
    by_id: dict[UUID, ProductType]


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The document."""
    return (THE_ONE,) if isinstance(event, ProductTypeSet | ProductTypeRemoved) else ()


def evolve(state: Types | None, recorded: Recorded, event: ProductTypeEvent) -> Types:
    """A type is set or removed."""
    by_id = {} if state is None else state.by_id
    if isinstance(event, ProductTypeSet):
        names = {locale: told.name for locale, told in event.translations.items()}
        return Types(recorded.position, {**by_id, event.type_id: ProductType(event.name, event.attributes, names)})
    return Types(recorded.position, {id_: told for id_, told in by_id.items() if id_ != event.type_id})


def render(id_: str, state: Types, _keys: Keys) -> Rendered:
    """The types, by name."""
    return Rendered({id_: encode(ProductTypes(sorted(state.by_id.values(), key=lambda told: told.name)))})


MODEL = ReadModel(
    name=NAME,
    version="v1",
    sink=REDIS,
    contexts=frozenset({"product_types"}),
    state=Types,
    touches=touches,
    evolve=evolve,
    render=render,
)

"""All categories in one Redis document, parents before children: names that products only know by id."""

from collections.abc import Sequence
from uuid import UUID

from projector.model import REDIS, Folded, Keys, ReadModel, Rendered, encode
from shared.codec import Event
from shared.documents.products import TREE, Category, CategoryTree
from shared.envelope import Recorded
from shared.events.catalog import CategoryCreated, CategoryEvent, CategoryRevised

_THE_ONE = "tree"


class Categories(Folded, frozen=True):
    by_id: dict[UUID, Category]


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The tree."""
    return (_THE_ONE,) if isinstance(event, CategoryCreated | CategoryRevised) else ()


def evolve(state: Categories | None, recorded: Recorded, event: CategoryEvent) -> Categories:
    """A category is added or takes new facts."""
    names = {locale: told.name for locale, told in event.translations.items()}
    category = Category(event.category_id, event.parent_id, event.slug, event.name, names)
    before = state.by_id if state else {}
    return Categories(recorded.position, {**before, category.id: category})


def render(id_: str, state: Categories, _keys: Keys) -> Rendered:
    """The tree, found as `tree`."""
    return Rendered({id_: encode(CategoryTree(_parents_first(state.by_id)))})


def _parents_first(by_id: dict[UUID, Category]) -> list[Category]:
    """Depth first, siblings by name. A category whose parent is unknown stands at the top."""
    children: dict[UUID | None, list[Category]] = {}
    for category in sorted(by_id.values(), key=lambda c: (c.name.casefold(), c.id)):
        parent = category.parent_id if category.parent_id in by_id else None
        children.setdefault(parent, []).append(category)
    ordered: list[Category] = []
    waiting = children.get(None, [])[::-1]
    while waiting:
        category = waiting.pop()
        ordered.append(category)
        waiting.extend(children.get(category.id, [])[::-1])
    return ordered


MODEL = ReadModel(
    name=TREE,
    version="v1",
    sink=REDIS,
    contexts=frozenset({"catalog"}),
    state=Categories,
    touches=touches,
    evolve=evolve,
    render=render,
)

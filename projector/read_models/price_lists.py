"""Price lists in Redis: for whom, where and when each is, now and lately. What they ask stands on the product's key."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from projector.model import REDIS, Folded, Keys, ReadModel, Rendered, encode
from projector.read_models.price_times import held_since
from shared.codec import Event
from shared.documents.prices import ANY, HISTORY_DAYS, LISTS, ShownPriceList, TermsStep
from shared.envelope import Recorded
from shared.events.pricing import PriceListAnnounced, PriceListEnded, PriceListEvent, PriceListRevised


class PriceListState(Folded, frozen=True):
    id: UUID
    steps: list[TermsStep]


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The list."""
    told = PriceListAnnounced | PriceListRevised | PriceListEnded
    return (str(event.price_list_id),) if isinstance(event, told) else ()


def begins(_recorded: Recorded, event: Event) -> bool:
    """A list begins with its announcement."""
    return isinstance(event, PriceListAnnounced)


def evolve(state: PriceListState | None, recorded: Recorded, event: PriceListEvent) -> PriceListState:
    """Other terms, or none any more, from now on; what was over long ago is forgotten."""
    new = TermsStep(recorded.recorded_at, None if isinstance(event, PriceListEnded) else event.terms)
    steps = [*(state.steps if state else []), new]
    horizon = recorded.recorded_at - timedelta(days=HISTORY_DAYS)
    return PriceListState(recorded.position, event.price_list_id, held_since(steps, horizon))


def render(id_: str, state: PriceListState, _keys: Keys) -> Rendered:
    """A document per list, and the name by which all are found."""
    return Rendered({id_: encode(ShownPriceList(state.id, state.steps))}, frozenset({(ANY, id_)}))


MODEL = ReadModel(
    name=LISTS,
    version="v2",
    sink=REDIS,
    contexts=frozenset({"pricing"}),
    state=PriceListState,
    touches=touches,
    begins=begins,
    evolve=evolve,
    render=render,
    named=True,
)

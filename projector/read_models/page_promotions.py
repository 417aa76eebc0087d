"""Promotions in Redis that pages show by themselves: with which terms they are, now and lately."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from projector.model import REDIS, Folded, Keys, ReadModel, Rendered, encode
from projector.read_models.price_times import held_since
from shared.codec import Event
from shared.documents.prices import HISTORY_DAYS
from shared.documents.promotions import ON_PAGES, PROMOTIONS, PromotionStep, ShownPromotion, name_of
from shared.envelope import Recorded
from shared.events.promotions import PromotionAnnounced, PromotionEnded, PromotionEvent, PromotionRevised
from shared.promotion_rule import shows_on_pages


class PromotionState(Folded, frozen=True):
    id: UUID
    steps: list[PromotionStep]


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The promotion; who used it changes no price."""
    told = PromotionAnnounced | PromotionRevised | PromotionEnded
    return (str(event.promotion_id),) if isinstance(event, told) else ()


def begins(_recorded: Recorded, event: Event) -> bool:
    """A promotion begins with its announcement."""
    return isinstance(event, PromotionAnnounced)


def evolve(state: PromotionState | None, recorded: Recorded, event: PromotionEvent) -> PromotionState:
    """Other terms, or none that a page could show, from now on; what was over long ago is forgotten."""
    told = event.terms if isinstance(event, PromotionAnnounced | PromotionRevised) else None
    new = PromotionStep(recorded.recorded_at, told if told and shows_on_pages(told) else None)
    steps = [*(state.steps if state else []), new]
    horizon = recorded.recorded_at - timedelta(days=HISTORY_DAYS)
    return PromotionState(recorded.position, event.promotion_id, held_since(steps, horizon))


def render(id_: str, state: PromotionState, _keys: Keys) -> Rendered:
    """A document, and the name by which it is found until no page tells it, for each that one showed or may show."""
    if all(step.terms is None for step in state.steps):
        return Rendered({id_: None})
    shown = ShownPromotion(state.id, state.steps)
    return Rendered({id_: encode(shown)}, frozenset({(ON_PAGES, name_of(shown))}))


MODEL = ReadModel(
    name=PROMOTIONS,
    version="v2",
    sink=REDIS,
    contexts=frozenset({"promotions"}),
    state=PromotionState,
    touches=touches,
    begins=begins,
    evolve=evolve,
    render=render,
    named=True,
)

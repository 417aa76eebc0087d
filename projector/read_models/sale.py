"""Doorbuster sales in Redis, by id and, while they run, by SKU: who wants one of these queues there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from projector.model import REDIS, Folded, Keys, ReadModel, Rendered, encode
from shared.codec import Event
from shared.documents.sales import MODEL as NAME
from shared.documents.sales import Sale
from shared.envelope import Recorded
from shared.events.sales import Gate, SaleAnnounced, SaleEnded, SaleEvent, SaleRevised, SaleTerms


class SaleState(Folded, frozen=True):
    id: UUID
    announced_at: datetime
    terms: SaleTerms
    gate: Gate
    state: Literal["running", "ended"]


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The sale; whose turns were taken is shown to nobody."""
    return (str(event.sale_id),) if isinstance(event, SaleAnnounced | SaleRevised | SaleEnded) else ()


def evolve(state: SaleState | None, recorded: Recorded, event: SaleEvent) -> SaleState:
    """Announced once, revised, ended for good."""
    if isinstance(event, SaleAnnounced):
        return SaleState(
            recorded.position, event.sale_id, recorded.recorded_at, event.terms, event.gate, "running"
        )
    if state is None:
        raise ValueError(f"sale {event.sale_id} was changed before it was announced")
    terms, gate = (event.terms, event.gate) if isinstance(event, SaleRevised) else (state.terms, state.gate)
    ended = "ended" if isinstance(event, SaleEnded) else state.state
    return SaleState(recorded.position, state.id, state.announced_at, terms, gate, ended)


def render(id_: str, state: SaleState, _keys: Keys) -> Rendered:
    """What shoppers see, found by id, and while it runs by SKU."""
    terms = state.terms
    sale = Sale(
        state.id, terms.name, terms.skus, state.announced_at, terms.waiting_from or state.announced_at,
        terms.starts_at, terms.ends_at, terms.pass_seconds, state.gate, state.state,
    )  # fmt: skip
    skus = terms.skus if state.state == "running" else []
    return Rendered({id_: encode(sale)}, frozenset(("sku", sku) for sku in skus))


MODEL = ReadModel(
    name=NAME,
    version="v1",
    sink=REDIS,
    contexts=frozenset({"sales"}),
    state=SaleState,
    touches=touches,
    evolve=evolve,
    render=render,
    named=True,
)

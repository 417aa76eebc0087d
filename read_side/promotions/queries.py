"""The promotions in force that pages show: what depends on a code, a cart or a customer is told by the quote alone."""

from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct

from read_side.answers import CATALOG, Answer
from read_side.prices.promotions import PromotionShelf
from shared.events.promotions import Off
from shared.http.problems import Told
from shared.position import Position
from shared.promotion_rule import Offer

NO_PROMOTION = Told(404, "unknown_promotion", "No such promotion is in force, or pages don't show it.")


class Running(Struct, frozen=True):
    """A promotion in force. `everything`: it is for all SKUs; `ends_at`: null until staff ends it."""

    id: UUID
    name: str
    off: Off
    everything: bool
    ends_at: datetime | None


class RunningPromotions(Struct, frozen=True):
    """All of them, those that are taken off first in front."""

    promotions: list[Running]


async def running(shelf: PromotionShelf, position: Position | None) -> Answer[RunningPromotions]:
    """Those in force at this moment."""
    known = await shelf.known(position)
    offers = sorted(known.offers(datetime.now(UTC)), key=lambda offer: (offer.terms.priority, offer.id))
    told = [Running(o.id, o.terms.name, o.terms.off, not o.terms.skus, o.terms.ends_at) for o in offers]
    return Answer.made(RunningPromotions(told), CATALOG, known.stale)


async def in_force(shelf: PromotionShelf, id_: str, position: Position | None) -> Offer:
    """One of them; answers 404 `unknown_promotion`."""
    for offer in (await shelf.known(position)).offers(datetime.now(UTC)):
        if str(offer.id) == id_:
            return offer
    raise NO_PROMOTION.problem()

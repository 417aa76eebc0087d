"""Promotion commands: load, decide, save."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.promotions import PromotionEvent
from shared.ids import uuid7
from write_side import commands
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool, first_of
from write_side.errors import check_version
from write_side.event_log import Positions
from write_side.promotions import domain, store
from write_side.promotions.domain import Promotion, PromotionInput, UnknownPromotion


class PromotionList(Struct, frozen=True):
    """Promotions, the newest first; `next`: where the next page begins, null on the last one."""

    promotions: list[Promotion]
    next: UUID | None


async def announce_promotion(pool: Pool, said: PromotionInput, cause: Metadata, call: Call) -> Answer[Promotion]:
    """A new promotion; refuses `code_taken`, `broken_promotion`, `unknown_currency`."""
    event = domain.announce(uuid7(), said)

    async def decide(conn: Connection) -> tuple[Promotion, Positions]:
        return domain.evolve(None, event, 1), await store.announce(conn, event, cause)

    return await commands.run(pool, decide, call)


async def revise_promotion(
    pool: Pool, promotion_id: UUID, said: PromotionInput, expected: int | None, cause: Metadata
) -> Answer[Promotion]:
    """Other terms from now on; refuses `unknown_promotion`, `version_conflict` and what `domain.revise` refuses."""

    def decide(promotion: Promotion) -> PromotionEvent | None:
        check_version(promotion.version, expected)
        return domain.revise(promotion, said)

    return await _changed(pool, promotion_id, decide, cause)


async def end_promotion(pool: Pool, promotion_id: UUID, cause: Metadata) -> Answer[Promotion]:
    """Nobody uses it any more; refuses `unknown_promotion`. A repeat changes nothing."""
    return await _changed(pool, promotion_id, domain.end, cause)


async def _changed(
    pool: Pool, promotion_id: UUID, decide: Callable[[Promotion], PromotionEvent | None], cause: Metadata
) -> Answer[Promotion]:
    async def locked(conn: Connection) -> Promotion:
        return _known(promotion_id, await store.lock(conn, promotion_id))

    return await commands.change(pool, locked, decide, store.save, cause)


async def show_promotion(pool: Pool, promotion_id: UUID) -> Promotion:
    """As it stands now; refuses `unknown_promotion`."""
    async with pool.acquire() as conn:
        return _known(promotion_id, await store.find(conn, promotion_id))


async def list_promotions(pool: Pool, after: UUID | None, limit: int) -> PromotionList:
    """A page of them."""
    async with pool.acquire() as conn:
        found = await store.page(conn, after, limit + 1)
    shown, last = first_of(found, limit)
    return PromotionList(shown, last.id if last else None)


def _known(promotion_id: UUID, found: Promotion | None) -> Promotion:
    if found is None:
        raise UnknownPromotion(f"there is no promotion {promotion_id}")
    return found

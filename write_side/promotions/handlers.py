"""Promotion commands: load, decide, save."""

from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.promotions import Gift, PromotionEvent, PromotionTerms
from shared.ids import uuid7
from write_side import catalog, commands
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool, first_of
from write_side.errors import check_version
from write_side.event_log import Positions
from write_side.promotions import domain, sets, store
from write_side.promotions.domain import Promotion, PromotionInput, UnknownPromotion


class PromotionList(Struct, frozen=True):
    """Promotions, the newest first; `next`: where the next page begins, null on the last one."""

    promotions: list[Promotion]
    next: UUID | None


async def announce_promotion(pool: Pool, said: PromotionInput, cause: Metadata, call: Call) -> Answer[Promotion]:
    """A new promotion; refuses `code_taken`, `unknown_sku`, what `domain.terms_of` and `sets` refuse."""
    event = domain.announce(uuid7(), said)

    async def decide(conn: Connection) -> tuple[Promotion, Positions]:
        await _check_there(conn, event.terms)
        return domain.evolve(None, event, 1), await store.announce(conn, event, cause)

    return await commands.run(pool, decide, call)


async def revise_promotion(
    pool: Pool, promotion_id: UUID, said: PromotionInput, expected: int | None, cause: Metadata
) -> Answer[Promotion]:
    """Other terms from now on; refuses `unknown_promotion`, `version_conflict`, `unknown_sku` of what they did not name
    before, what `domain.revise` and `sets` refuse."""

    async def checked(conn: Connection) -> Promotion:
        promotion = await _locked(conn, promotion_id)
        await _check_there(conn, domain.terms_of(said), promotion.terms)
        return promotion

    def decide(promotion: Promotion) -> PromotionEvent | None:
        check_version(promotion.version, expected)
        return domain.revise(promotion, said)

    return await commands.change(pool, checked, decide, store.save, cause)


async def end_promotion(pool: Pool, promotion_id: UUID, cause: Metadata) -> Answer[Promotion]:
    """Nobody uses it any more; refuses `unknown_promotion`. A repeat changes nothing."""

    async def locked(conn: Connection) -> Promotion:
        return await _locked(conn, promotion_id)

    return await commands.change(pool, locked, domain.end, store.save, cause)


async def _check_there(conn: Connection, terms: PromotionTerms, before: PromotionTerms | None = None) -> None:
    """Whether what it names is there, and takes part in promotions at all; of what it named before some may be gone by
    now."""
    sold = await catalog.variants_of(conn, sets.skus_of(terms), sets.skus_of(before).values() if before else ())
    if terms.skus and not (before and terms.skus == before.skus):
        sets.check_goods(terms.skus, "/skus", sold)
    if before and terms.off == before.off:
        return
    if isinstance(terms.off, Gift):
        sets.check_goods([terms.off.sku], "/off/sku", sold)
    for pointer, products in sets.sets_of(terms):
        there = await catalog.all_categories(conn, products.categories) if products.categories else []
        sets.check_there(products, pointer, {category.id for category in there}, sold)


async def _locked(conn: Connection, promotion_id: UUID) -> Promotion:
    return _known(promotion_id, await store.lock(conn, promotion_id))


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

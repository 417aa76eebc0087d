"""Price list commands: load, decide, save."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.pricing import PriceListEvent, Tier
from shared.ids import uuid7
from write_side import catalog, commands, event_log
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool, first_of
from write_side.errors import check_version
from write_side.event_log import Positions
from write_side.pricing import domain as prices
from write_side.pricing import store as prices_store
from write_side.pricing.domain import Repriced
from write_side.pricing.lists import domain, store
from write_side.pricing.lists.domain import ListPriceInput, PriceList, PriceListInput, UnknownPriceList


class PriceListPage(Struct, frozen=True):
    """Price lists, the newest first; `next`: where the next page begins, null on the last one."""

    price_lists: list[PriceList]
    next: UUID | None


class ListPrice(Struct, frozen=True):
    """What a SKU costs by a price list, by quantity; without tiers the list says nothing of it."""

    sku: str
    tiers: list[Tier]


class ListPrices(Struct, frozen=True):
    """What a price list says, in minor units of its currency; `next`: where the next page begins, null on the last."""

    price_list_id: UUID
    prices: list[ListPrice]
    next: str | None = None


async def announce_price_list(pool: Pool, said: PriceListInput, cause: Metadata, call: Call) -> Answer[PriceList]:
    """A new price list; refuses `broken_price_list`, `unknown_currency`."""
    event = domain.announce(uuid7(), said)
    return await commands.run(pool, lambda conn: store.announce(conn, event, cause), call)


async def revise_price_list(
    pool: Pool, price_list_id: UUID, said: PriceListInput, expected: int | None, cause: Metadata
) -> Answer[PriceList]:
    """Other terms from now on; refuses `unknown_price_list`, `version_conflict` and what `domain.revise` refuses."""

    def decide(price_list: PriceList) -> PriceListEvent | None:
        check_version(price_list.version, expected)
        return domain.revise(price_list, said)

    return await _changed(pool, price_list_id, decide, cause)


async def end_price_list(pool: Pool, price_list_id: UUID, cause: Metadata) -> Answer[PriceList]:
    """Nobody pays by it any more; refuses `unknown_price_list`. A repeat changes nothing."""
    return await _changed(pool, price_list_id, domain.end, cause)


async def _changed(
    pool: Pool, price_list_id: UUID, decide: Callable[[PriceList], PriceListEvent | None], cause: Metadata
) -> Answer[PriceList]:
    async def locked(conn: Connection) -> PriceList:
        return _known(price_list_id, await store.lock(conn, price_list_id))

    return await commands.change(pool, locked, decide, store.save, cause)


async def set_list_prices(
    pool: Pool, price_list_id: UUID, said: Sequence[ListPriceInput], cause: Metadata, call: Call
) -> Answer[ListPrices]:
    """What SKUs cost by a price list from now on, all or none; the prices of others stay.

    Refuses `unknown_price_list`, `price_list_over`, `unknown_sku`, `broken_tiers`, and a SKU that is named twice.
    """
    domain.check_once(said)

    async def decide(conn: Connection) -> tuple[ListPrices, Positions]:
        domain.check_running(_known(price_list_id, await store.find(conn, price_list_id)))
        changed = await _repriced(conn, price_list_id, said, datetime.now(UTC))
        positions = await event_log.append(conn, await prices_store.save_prices(conn, changed), cause)
        told = [ListPrice(each.sku, [Tier(t.from_quantity, t.amount_minor) for t in each.tiers]) for each in said]
        return ListPrices(price_list_id, told), positions

    return await commands.run(pool, decide, call)


async def _repriced(
    conn: Connection, list_id: UUID, wanted: Sequence[ListPriceInput], now: datetime
) -> list[Repriced]:
    skus = [each.sku for each in wanted]
    sold = await catalog.variants_of(conn, {f"/prices/{n}/sku": sku for n, sku in enumerate(skus)})
    known = await prices_store.find_priced(conn, skus)
    found = []
    for each in wanted:
        variant = sold[each.sku]
        decide = partial(
            prices.set_list_price, product_id=variant.product_id, sku=each.sku, list_id=list_id, said=each.tiers
        )
        found.append(prices.repriced(known.get(each.sku), variant.variant_id, now, decide))
    return [changed for changed in found if changed is not None]


async def show_price_list(pool: Pool, price_list_id: UUID) -> PriceList:
    """As it stands now; refuses `unknown_price_list`."""
    async with pool.acquire() as conn:
        return _known(price_list_id, await store.find(conn, price_list_id))


async def list_price_lists(pool: Pool, after: UUID | None, limit: int) -> PriceListPage:
    """A page of them."""
    async with pool.acquire() as conn:
        found = await store.page(conn, after, limit + 1)
    shown, last = first_of(found, limit)
    return PriceListPage(shown, last.id if last else None)


async def show_list_prices(pool: Pool, price_list_id: UUID, after: str | None, limit: int) -> ListPrices:
    """A page of what it says, by SKU; refuses `unknown_price_list`."""
    await show_price_list(pool, price_list_id)
    async with pool.acquire() as conn:
        found = await prices_store.page_of_list(conn, price_list_id, after, limit + 1)
    shown, last = first_of([ListPrice(*each) for each in found], limit)
    return ListPrices(price_list_id, shown, last.sku if last else None)


def _known(price_list_id: UUID, found: PriceList | None) -> PriceList:
    if found is None:
        raise UnknownPriceList(f"there is no price list {price_list_id}")
    return found

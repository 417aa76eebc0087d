"""Price commands: load, decide, save."""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.pricing import PriceEvent
from write_side import catalog, commands, event_log
from write_side.catalog import SoldVariant
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.pricing import domain, store
from write_side.pricing.domain import NewPrice, PricedVariant, PriceTakenBack, Scheduled, SetPrice


class PriceState(Struct, frozen=True):
    """A price as a command leaves it; without an amount the SKU is not sold in this currency, unless by a price list.
    `scheduled`: those that are to come, the soonest first."""

    sku: str
    currency: str
    amount_minor: int | None
    scheduled: list[Scheduled]


Decide = Callable[[SoldVariant, PricedVariant | None, datetime], PriceEvent | None]


async def set_price(
    pool: Pool, sku: str, currency: str, given: NewPrice, cause: Metadata, call: Call
) -> Answer[PriceState]:
    """A SKU costs so much from now on, or from a time on that is to come. What is so already changes nothing.

    Refuses `unknown_sku`, `unknown_currency`, `starts_in_the_past`, `too_many_scheduled`.
    """

    def decide(sold: SoldVariant, priced: PricedVariant | None, now: datetime) -> PriceEvent | None:
        wanted = SetPrice(sold.variant_id, sold.product_id, sku, currency, given.amount_minor)
        if given.starts_at is None:
            return domain.set_price(priced, wanted)
        return domain.schedule_price(priced, wanted, given.starts_at, now)

    return await _changed(pool, sku, currency, decide, cause, call)


async def remove_price(pool: Pool, sku: str, currency: str, cause: Metadata, call: Call) -> Answer[PriceState]:
    """A SKU is no longer sold in this currency, until a price comes that is scheduled. A repeat changes nothing.

    Refuses `unknown_sku`, `unknown_currency`.
    """

    def decide(_: SoldVariant, priced: PricedVariant | None, now: datetime) -> PriceEvent | None:
        return domain.remove_price(priced, currency)

    return await _changed(pool, sku, currency, decide, cause, call)


async def take_back_price(
    pool: Pool, sku: str, currency: str, given: PriceTakenBack, cause: Metadata, call: Call
) -> Answer[PriceState]:
    """A price that was to come won't; one whose time has come stays. Refuses `unknown_sku`, `unknown_currency`."""

    def decide(_: SoldVariant, priced: PricedVariant | None, now: datetime) -> PriceEvent | None:
        return domain.unschedule_price(priced, currency, given.starts_at)

    return await _changed(pool, sku, currency, decide, cause, call)


async def _changed(
    pool: Pool, sku: str, currency: str, decide: Decide, cause: Metadata, call: Call
) -> Answer[PriceState]:
    async def change(conn: Connection) -> tuple[PriceState, Positions]:
        domain.check_currency(currency)
        sold, now = await catalog.variant_of(conn, sku), datetime.now(UTC)
        priced = (await store.find_priced(conn, [sku])).get(sku)
        changed = domain.repriced(priced, sold.variant_id, now, lambda begun: decide(sold, begun, now))
        new = await store.save_prices(conn, [changed] if changed else [])
        return _state(sku, currency, changed.after if changed else priced), await event_log.append(conn, new, cause)

    return await commands.run(pool, change, call)


def _state(sku: str, currency: str, priced: PricedVariant | None) -> PriceState:
    if priced is None:
        return PriceState(sku, currency, None, [])
    to_come = [one for one in priced.scheduled if one.currency == currency]
    return PriceState(sku, currency, priced.prices.get(currency), to_come)


async def show_prices(pool: Pool, sku: str) -> PricedVariant:
    """All that a SKU costs; refuses `unknown_sku`."""
    async with pool.acquire() as conn:
        sold = await catalog.variant_of(conn, sku)
        priced = (await store.find_priced(conn, [sku])).get(sku)
    return priced or PricedVariant(sold.variant_id, 0, sold.product_id, sku)

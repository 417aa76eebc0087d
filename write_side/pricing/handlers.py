"""Price commands: load, decide, save."""

from datetime import UTC, datetime
from functools import partial

from msgspec import Struct

from shared.envelope import Metadata
from write_side import catalog, commands, event_log
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.pricing import domain, store
from write_side.pricing.domain import NewPrice, SetPrice


class PriceState(Struct, frozen=True):
    """A price as a command leaves it; without an amount the SKU is not sold in this currency."""

    sku: str
    currency: str
    amount_minor: int | None


async def set_price(
    pool: Pool, sku: str, currency: str, given: NewPrice, cause: Metadata, call: Call
) -> Answer[PriceState]:
    """A SKU costs so much from now on; refuses `unknown_sku`, `unknown_currency`. The old price changes nothing."""

    async def decide(conn: Connection) -> tuple[PriceState, Positions]:
        domain.check_currency(currency)
        sold = await catalog.variant_of(conn, sku)
        wanted = SetPrice(sold.variant_id, sold.product_id, sku, currency, given.amount_minor)
        changed = domain.set_prices(await store.find_priced(conn, [sku]), [wanted], datetime.now(UTC))
        new = await store.save_prices(conn, changed)
        return PriceState(sku, currency, given.amount_minor), await event_log.append(conn, new, cause)

    return await commands.run(pool, decide, call)


async def remove_price(pool: Pool, sku: str, currency: str, cause: Metadata, call: Call) -> Answer[PriceState]:
    """A SKU is no longer sold in this currency; refuses `unknown_sku`, `unknown_currency`. A repeat changes nothing."""

    async def decide(conn: Connection) -> tuple[PriceState, Positions]:
        domain.check_currency(currency)
        sold = await catalog.variant_of(conn, sku)
        priced = (await store.find_priced(conn, [sku])).get(sku)
        removing = partial(domain.remove_price, currency=currency)
        changed = domain.repriced(priced, sold.variant_id, datetime.now(UTC), removing)
        new = await store.save_prices(conn, [changed] if changed else [])
        return PriceState(sku, currency, None), await event_log.append(conn, new, cause)

    return await commands.run(pool, decide, call)

"""What goods are called in the language of whoever buys them: told in the quote, so that mails of a year later say what
was bought then."""

from collections.abc import Iterable, Mapping

from msgspec import structs

from shared.events.orders import PricedLine
from shared.locales import wider
from write_side import catalog
from write_side.database import Pool
from write_side.orders.costing import Priced
from write_side.orders.domain import Order


async def names_of(pool: Pool, priced: Priced, locale: str) -> dict[str, str]:
    """SKU → what goods and bundles are called in a language, where that is otherwise; nobody is asked for the shop's
    own ("")."""
    if not locale:
        return {}
    async with pool.acquire() as conn:
        return await catalog.names_in(conn, {line.sku for line in (*priced.lines, *priced.bundles)}, wider(locale))


def as_read(order: Order) -> Order:
    """An order whose lines are called as its buyer reads them. To tell of it, not to decide or to write by."""
    if not order.names:
        return order
    lines, bundles = _called(order.lines, order.names), _called(order.bundles, order.names)
    return structs.replace(order, lines=lines, bundles=bundles)


def _called(lines: Iterable[PricedLine], names: Mapping[str, str]) -> list[PricedLine]:
    return [structs.replace(line, name=names.get(line.sku, line.name)) for line in lines]

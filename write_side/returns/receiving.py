"""What has come back, within the transaction of whoever unpacks it: its money goes, the sellable lies on the shelf."""

from collections.abc import Sequence
from uuid import UUID

from shared.envelope import Metadata
from shared.events.returns import ReturnedUnits
from shared.settings import Settings
from write_side import inventory, refunds
from write_side.database import Connection
from write_side.event_log import Positions, together
from write_side.inventory import Demand, UnknownStock
from write_side.refunds import NewRefund, NothingToRefund, RefundExceedsCaptured
from write_side.returns import domain, replacing
from write_side.returns.books import Books
from write_side.returns.domain import Return


async def paid_back(
    conn: Connection, books: Books, each: Return, units: Sequence[ReturnedUnits], settings: Settings, cause: Metadata,
    *, shipping: bool,
) -> tuple[Return, UUID | None, Positions]:  # fmt: skip
    """The refund of what came, by the order that replaces it if one is to. What was replaced before it came was
    refunded then."""
    before = each
    positions: Positions = {}
    if each.exchange_state == "held":
        wanted = NewRefund("returned", lines=to_refund(books, units), shipping=shipping)
        each, positions = await replacing.place(
            conn, books.order, each, units, wanted, settings, cause, early=False
        )
        if each.exchange_state == "placed":
            return each, each.refund_id, positions
    if each.refund_id is not None:
        units = []
    refund_id, given = await _give_back(conn, books, units, cause, shipping=shipping)
    freed = await replacing.free(conn, before, each, cause)
    return each, each.refund_id or refund_id, together(positions, given, freed)


def to_refund(books: Books, units: Sequence[ReturnedUnits]) -> list[Demand]:
    """What of these is paid back, as far as it was not before."""
    return domain.to_refund(units, refunds.unrefunded(books.order.lines, books.gone.refunds))


async def put_on_shelf(
    conn: Connection, order_id: UUID, warehouse: str, units: Sequence[ReturnedUnits], cause: Metadata
) -> Positions:
    """What is sellable lies in this warehouse again. Refuses `unknown_stock`."""
    sellable = inventory.summed(unit for unit in units if unit.condition == "sellable")
    if not sellable:
        return {}
    items = await inventory.find_places(conn, [(sku, warehouse) for sku in sellable], lock=True)
    if lacking := [sku for sku in sellable if (sku, warehouse) not in items]:
        raise UnknownStock(f"not kept in {warehouse}: {', '.join(lacking[:20])}", pointer="/warehouse")
    back = [(item.id, sellable[sku]) for (sku, _), item in items.items()]
    return await inventory.put_back(conn, order_id, back, "returned", cause)


async def _give_back(
    conn: Connection, books: Books, units: Sequence[ReturnedUnits], cause: Metadata, *, shipping: bool
) -> tuple[UUID | None, Positions]:
    """The refund of what came; of no more than is left of the order and of its money, and none where nothing is."""
    lines = to_refund(books, units)
    if not lines and not shipping:
        return None, {}
    try:
        wanted = NewRefund("returned", lines=lines, shipping=shipping)
        refund, positions = await refunds.request_within(conn, books.order.id, wanted, cause)
    except NothingToRefund:
        return None, {}
    except RefundExceedsCaptured as refusal:  # an amount went back before, of nothing in particular
        rest = NewRefund("returned", amount_minor=refusal.facts["left_minor"])
        if rest.amount_minor == 0:
            return None, {}
        refund, positions = await refunds.request_within(conn, books.order.id, rest, cause)
    return refund.id, positions

"""Goods come back: asked for, approved or not, received, their money given back. Each step is decided under the lock of
the order: two who send the same unit back see one another."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct, structs

from shared.envelope import Metadata
from shared.events.returns import ReturnedUnits, ReturnReceived, ReturnRefunded
from shared.ids import uuid7
from shared.settings import Settings
from write_side import commands, inventory, orders, refunds
from write_side.causes import joining_order
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.orders import Order, OrderState
from write_side.refunds import NewRefund
from write_side.returns import domain, exchanging, replacing, store
from write_side.returns.books import lock, order_of
from write_side.returns.domain import ApproveReturn, By, NewReturn, ReceiveReturn, RejectReturn, Return
from write_side.returns.receiving import paid_back, put_on_shelf, to_refund
from write_side.returns.refusals import ReturnNotToRefund, UnknownReturn
from write_side.returns.replacing import Offer

AT_ONCE = timedelta(0)


class Returns(Struct, frozen=True):
    """Returns, oldest first."""

    returns: list[Return]


async def open_returns(pool: Pool, state: str, after: UUID) -> Returns:
    """What waits to be decided on, or to be received; so many at a time."""
    async with pool.acquire() as conn:
        return Returns(await store.open_in(conn, state, after))


async def request_return(
    pool: Pool, order_id: UUID, wanted: NewReturn, by: By, settings: Settings, cause: Metadata, call: Call,
    offer: Offer | Exception | None = None,
) -> Answer[Return]:  # fmt: skip
    """Somebody wants to send goods back, and others instead (`replacing.offer`); approved at once if staff asks or
    `RETURN_APPROVAL` says so.

    Refuses `unknown_order`, `returns_too_much`, `outside_return_window`, of an exchange what its offer does, and
    `out_of_stock`.
    """
    since = datetime.now(UTC) - timedelta(days=settings.return_window_days)
    async with joining_order(pool, order_id, cause, "return") as joined:

        async def decide(conn: Connection) -> tuple[Return, Positions]:
            books = await lock(conn, order_id)
            event = domain.request(order_id, books.gone, wanted, by, since, uuid7())
            if isinstance(offer, Exception):
                raise offer
            quoted: Positions = {}
            if offer is not None:
                event = exchanging.wish(event, offer.quote, offer.credit_minor, offer.beside)
                quoted = await replacing.save(conn, offer, joined)
            each = domain.evolve(None, event, 1)
            positions = together(quoted, await store.insert(conn, each, event, joined))
            if by == "customer" and settings.return_approval == "by_hand":
                return each, positions
            each, approved = await _approve(conn, books.order, each, ApproveReturn(), settings, joined)
            return each, together(positions, approved)

        return await commands.run(pool, decide, call)


async def approve_return(
    pool: Pool, return_id: UUID, wanted: ApproveReturn, settings: Settings, cause: Metadata, call: Call
) -> Answer[Return]:
    """It may be sent, and what is wished instead is held. Refuses `unknown_return`, `return_not_requested`,
    `unknown_warehouse`, `purchase_limit`, `out_of_stock`."""
    order_id = await order_of(pool, return_id)
    async with joining_order(pool, order_id, cause, "return") as joined:

        async def decide(conn: Connection) -> tuple[Return, Positions]:
            books = await lock(conn, order_id)
            return await _approve(conn, books.order, books.one(return_id), wanted, settings, joined)

        return await commands.run(pool, decide, call)


async def _approve(
    conn: Connection, order: Order, each: Return, wanted: ApproveReturn, settings: Settings, cause: Metadata
) -> tuple[Return, Positions]:
    first = each.lines[0].sku
    came_from = next((place.warehouse for place in order.allocations if place.sku == first), None)
    waits = await inventory.ensure_warehouse(conn, wanted.warehouse or settings.return_warehouse or came_from, cause)
    event = domain.approve(each, waits, datetime.now(UTC) + timedelta(days=settings.return_expires_days))
    held: Positions = {}
    if each.exchange is not None and wanted.exchange:
        places, held = await replacing.hold(conn, order, each, replacement_id := uuid7(), settings, cause)
        event = structs.replace(event, replacement_id=replacement_id, allocations=places)
    after, saved = await store.save(conn, each, event, cause, AT_ONCE if settings.carrier_url else None)
    return after, together(held, saved)


async def reject_return(
    pool: Pool, return_id: UUID, wanted: RejectReturn, cause: Metadata, call: Call
) -> Answer[Return]:
    """It may not be sent. Refuses `unknown_return`, `return_not_requested`."""
    order_id = await order_of(pool, return_id)
    async with joining_order(pool, order_id, cause, "return") as joined:

        async def decide(conn: Connection) -> tuple[Return, Positions]:
            each = (await lock(conn, order_id)).one(return_id)
            return await store.save(conn, each, domain.reject(each, wanted), joined)

        return await commands.run(pool, decide, call)


async def cancel_return(pool: Pool, order_id: UUID, return_id: UUID, cause: Metadata, call: Call) -> Answer[Return]:
    """The goods stay with the customer; a label is made void. Refuses `unknown_order`, `unknown_return`,
    `return_not_open`."""
    async with joining_order(pool, order_id, cause, "return") as joined:

        async def decide(conn: Connection) -> tuple[Return, Positions]:
            each = (await lock(conn, order_id)).one(return_id)
            event = domain.cancel(each)
            freed = await replacing.let_go(conn, each, "return_cancelled", joined)
            after, saved = await store.save(conn, each, event, joined, AT_ONCE if each.label else None)
            return after, together(freed, saved)

        return await commands.run(pool, decide, call)


async def receive_return(
    pool: Pool, return_id: UUID, wanted: ReceiveReturn, settings: Settings, cause: Metadata, call: Call
) -> Answer[Return]:
    """Goods are unpacked: sellable ones lie on the shelf, and their money goes back, or pays what is sent instead.

    Refuses `unknown_return`, `return_not_approved`, `receives_too_much`, `unknown_stock`.
    """
    order_id = await order_of(pool, return_id)
    async with joining_order(pool, order_id, cause, "return") as joined:

        async def decide(conn: Connection) -> tuple[Return, Positions]:
            books = await lock(conn, order_id)
            each = books.one(return_id)
            units = domain.unpack(each, books.gone, wanted)
            # Gift cards and credit are held ahead of the stock, as placing does.
            each, refund_id, given = await paid_back(
                conn, books, each, units, settings, joined, shipping=wanted.shipping
            )
            stocked = await put_on_shelf(conn, order_id, wanted.warehouse, units, joined)
            event = ReturnReceived(each.id, order_id, wanted.warehouse, units, refund_id)
            after, saved = await store.save(conn, each, event, joined)
            return after, together(stocked, given, saved)

        return await commands.run(pool, decide, call)


async def send_early(pool: Pool, return_id: UUID, settings: Settings, cause: Metadata, call: Call) -> Answer[Return]:
    """Send what is wished before the goods are here, as if all of them had come.

    Refuses `unknown_return`, `replacement_not_held`.
    """
    order_id = await order_of(pool, return_id)
    async with joining_order(pool, order_id, cause, "return") as joined:

        async def decide(conn: Connection) -> tuple[Return, Positions]:
            books = await lock(conn, order_id)
            each = books.one(return_id)
            exchanging.check_held(each)
            coming = [ReturnedUnits(line.sku, line.quantity, "sellable", True) for line in each.lines]
            wanted = NewRefund("returned", lines=to_refund(books, coming))
            after, placed = await replacing.place(
                conn, books.order, each, coming, wanted, settings, joined, early=True
            )
            return after, together(placed, await replacing.free(conn, each, after, joined))

        return await commands.run(pool, decide, call)


async def show_replacement(pool: Pool, order_id: UUID, return_id: UUID) -> Answer[OrderState]:
    """The order that was placed instead. Refuses `unknown_return`, `no_replacement`."""
    async with pool.acquire() as conn:
        each = await store.find(conn, return_id)
    if each is None or each.order_id != order_id:
        raise UnknownReturn("this order has no such return")
    return await orders.show_order(pool, exchanging.replacement_of(each))


async def refund_again(pool: Pool, return_id: UUID, cause: Metadata, call: Call) -> Answer[Return]:
    """Other refunds in place of those that failed: where several payments give it back, each may.

    Refuses `unknown_return`, `return_not_to_refund`, `nothing_to_refund`.
    """
    order_id = await order_of(pool, return_id)
    async with joining_order(pool, order_id, cause, "return") as joined:

        async def decide(conn: Connection) -> tuple[Return, Positions]:
            books = await lock(conn, order_id)
            each = books.one(return_id)
            failed = refunds.failed_parts(each.refund_id, books.gone.refunds) if each.refund_id else []
            if not failed or each.refund_id is None:
                raise ReturnNotToRefund("nothing of it is paid back, or no refund failed", return_state=each.state)
            made, given = await refunds.again_within(conn, order_id, each.refund_id, joined)
            own = next((refund.intent_id for refund in failed if refund.id == each.refund_id), None)
            instead = next((refund for refund in made if refund.intent_id == own), None)
            if instead is None:  # its goods are in the part that did not fail
                return each, given
            event = ReturnRefunded(each.id, order_id, instead.id)
            after, saved = await store.save(conn, each, event, joined, keeps_due=True)
            return after, together(given, saved)

        return await commands.run(pool, decide, call)

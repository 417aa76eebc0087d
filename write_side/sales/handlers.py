"""Commands about doorbuster sales: load, decide, save."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.sales import SaleEvent
from shared.ids import uuid7
from shared.tickets import BrokenTicket, Ticket, read_ticket
from write_side import carts, catalog, commands
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool, first_of
from write_side.errors import check_version
from write_side.event_log import Positions
from write_side.sales import domain, store
from write_side.sales.domain import BadTicket, Sale, SaleInput, SalePass, TurnTaken, UnknownSale


class SaleList(Struct, frozen=True):
    """Sales, the newest first; `next`: where the next page begins, null on the last one."""

    sales: list[Sale]
    next: UUID | None


async def announce_sale(pool: Pool, said: SaleInput, cause: Metadata, call: Call) -> Answer[Sale]:
    """A new sale; refuses `broken_sale`, `unknown_sku`, `sku_in_sale`."""
    event = domain.announce(uuid7(), said)

    async def decide(conn: Connection) -> tuple[Sale, Positions]:
        await _check_sold(conn, said)
        return await store.announce(conn, event, cause)

    return await commands.run(pool, decide, call)


async def revise_sale(
    pool: Pool, sale_id: UUID, said: SaleInput, expected: int | None, cause: Metadata
) -> Answer[Sale]:
    """Other terms from now on; refuses `unknown_sale`, `version_conflict`, `unknown_sku` of what it did not name
    before, `sku_in_sale` and what `domain.revise` refuses."""

    async def checked(conn: Connection) -> Sale:
        sale = _known(sale_id, await store.lock(conn, sale_id))
        await _check_sold(conn, said, sale.terms.skus)
        return sale

    def decide(sale: Sale) -> SaleEvent | None:
        check_version(sale.version, expected)
        return domain.revise(sale, said, datetime.now(UTC))

    return await commands.change(pool, checked, decide, store.save, cause)


async def _check_sold(conn: Connection, said: SaleInput, before: Collection[str] = ()) -> None:
    """A misspelt SKU would keep nothing: anybody would buy the one that is meant, without a pass."""
    await catalog.variants_of(conn, {f"/skus/{n}": sku for n, sku in enumerate(said.skus)}, before)


async def end_sale(pool: Pool, sale_id: UUID, cause: Metadata) -> Answer[Sale]:
    """Anybody may buy its SKUs again; refuses `unknown_sale`. A repeat changes nothing."""

    async def locked(conn: Connection) -> Sale:
        return _known(sale_id, await store.lock(conn, sale_id))

    return await commands.change(pool, locked, domain.end, store.save, cause)


async def show_sale(pool: Pool, sale_id: UUID) -> Sale:
    """As it stands now; refuses `unknown_sale`."""
    async with pool.acquire() as conn:
        return _known(sale_id, await store.find(conn, sale_id))


async def list_sales(pool: Pool, after: UUID | None, limit: int) -> SaleList:
    """A page of them."""
    async with pool.acquire() as conn:
        found = await store.page(conn, after, limit + 1)
    shown, last = first_of(found, limit)
    return SaleList(shown, last.id if last else None)


async def take_turn(
    pool: Pool, link_secret: str, cart_id: UUID, secret: str | None, token: str, cause: Metadata
) -> Answer[SalePass]:
    """A ticket's turn, for this cart and no other. A cart that holds a pass keeps it, and the ticket its turn.

    Refuses `bad_ticket`, `unknown_sale`, `sale_over`, `not_your_turn`, `turn_missed`, `turn_taken`, `cart_ordered`.
    """
    ticket = _read(link_secret, token)
    position = ticket.position(link_secret)

    async def decide(conn: Connection) -> tuple[SalePass, Positions]:
        cart = await carts.find_cart(conn, cart_id, secret)
        if cart.order_id is not None:
            raise carts.CartOrderedAlready("an order was placed from this cart; open another one")
        now = datetime.now(UTC)
        if held := await _good(conn, ticket.sale_id, cart_id, now):
            return held, {}
        sale = _known(ticket.sale_id, await store.find(conn, ticket.sale_id))
        event = domain.give_pass(uuid7(), sale, position, cart_id, now)
        positions = await store.give_pass(conn, event, cause)
        if positions is not None:
            return domain.evolve_pass(None, event, 1), positions
        if held := await _good(conn, ticket.sale_id, cart_id, now):  # by the same call, sent twice at once
            return held, {}
        raise TurnTaken("this turn was taken for another cart; take another ticket", sale_id=str(sale.id))

    return await commands.run(pool, decide)


async def take_along(conn: Connection, from_id: UUID, into_id: UUID, cause: Metadata) -> Positions:
    """What is sold by turns went from one cart into another, and with it the passes that are good: one for each sale of
    which that one holds none, so that a turn still makes one order. In the transaction of a caller who holds both."""
    good = await store.good_passes(conn, [from_id, into_id], datetime.now(UTC))
    return await store.save_moved(conn, good, domain.move_passes(good, into_id), cause)


async def _good(conn: Connection, sale_id: UUID, cart_id: UUID, now: datetime) -> SalePass | None:
    held = await store.latest_pass(conn, sale_id, cart_id)
    return held if held is not None and held.until > now else None


def _read(link_secret: str, token: str) -> Ticket:
    try:
        return read_ticket(link_secret, token)
    except BrokenTicket:
        raise BadTicket("this is no ticket of ours") from None


def _known(sale_id: UUID, found: Sale | None) -> Sale:
    if found is None:
        raise UnknownSale(f"there is no sale {sale_id}")
    return found

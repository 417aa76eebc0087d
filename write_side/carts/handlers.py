"""Cart commands: load, decide, save."""

import os
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from msgspec import Struct, structs

from shared.envelope import Metadata, as_json
from shared.events.carts import DEFAULT_CHANNEL
from shared.ids import uuid7
from shared.links import cart_secret
from shared.money import Money
from write_side import accounts, catalog, commands, pricing, sales
from write_side.carts import domain, store
from write_side.carts.domain import AddLine, NewCart, NotSold
from write_side.carts.store import CartPlace, LineChange
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.pricing import Asked


class FoundCart(Struct, frozen=True):
    """Which cart."""

    id: UUID


class PricedCartLine(Struct, frozen=True):
    """A line at today's price; without one it is not sold in this currency (any more)."""

    sku: str
    name: str | None
    quantity: int
    unit_price: Money | None
    total: Money | None
    tax_included: bool = False


class CartState(Struct, frozen=True):
    """A cart, priced; tax and shipping come with a quote. `secret` is shown only when it is opened."""

    id: UUID
    version: int
    currency: str
    lines: list[PricedCartLine]
    subtotal: Money
    order_id: UUID | None = None
    secret: str | None = None
    channel: str = DEFAULT_CHANNEL


class LineState(Struct, frozen=True):
    """One line as a command leaves it. A cart may have 2,000 lines, so they are not all told each time."""

    cart_id: UUID
    version: int
    sku: str
    quantity: int


_found = msgspec.json.Decoder(FoundCart)


async def open_cart(pool: Pool, command: NewCart, cause: Metadata) -> Answer[CartState]:
    """A new, empty cart and its secret; refuses `unknown_currency`."""
    event = domain.open_cart(uuid7(), command)
    secret = domain.new_secret(os.urandom(32))

    async def decide(conn: Connection) -> tuple[CartState, Positions]:
        positions = await store.save_opened(conn, event, domain.hash_of(secret), cause)
        nothing = Money(0, command.currency)
        state = CartState(event.cart_id, 1, command.currency, [], nothing, secret=secret, channel=command.channel)
        return state, positions

    return await commands.run(pool, decide)


async def open_account_cart(
    pool: Pool, link_secret: str, account_id: UUID, command: NewCart, cause: Metadata
) -> Answer[CartState]:
    """The cart that an account shops with, the same on every device until something is ordered from it.

    The session says whose it is, and its secret follows from `link_secret`: whatever was kept of one before opens it no
    more.
    """
    event = domain.open_cart(uuid7(), command, account_id)

    async def decide(conn: Connection) -> tuple[FoundCart, Positions]:
        found = await store.find_of_account(conn, account_id, command.currency, command.channel)
        if found is not None:
            await store.keep_secret(conn, found.id, domain.hash_of(cart_secret(link_secret, found.id)))
            return FoundCart(found.id), {}
        kept = domain.hash_of(cart_secret(link_secret, event.cart_id))
        return FoundCart(event.cart_id), await store.save_opened(conn, event, kept, cause)

    answer = await commands.run(pool, decide)
    cart_id = _found.decode(answer.body).id
    secret = cart_secret(link_secret, cart_id)
    state = structs.replace(await show_cart(pool, cart_id, secret), secret=secret)
    return Answer(as_json(state), answer.positions)


async def take_over_cart(
    pool: Pool, account_id: UUID, cart_id: UUID, into_id: UUID, secret: str | None, cause: Metadata
) -> Answer[FoundCart]:
    """The lines of a guest's cart, whose secret was shown, go into the cart of an account, and with them what passes of
    sales it holds. A repeat changes nothing.

    Refuses `cart_ordered`, `other_currency_or_channel`, `too_many_lines`, `wrong_cart_secret`.
    """

    async def decide(conn: Connection) -> tuple[FoundCart, Positions]:
        await store.open_with(conn, cart_id, secret)
        locked = await store.lock_carts(conn, [cart_id, into_id])
        own = locked.get(into_id)
        if own is None or own.account_id != account_id or cart_id == into_id or own.order_id is not None:
            raise domain.OtherPlace("that is no cart that this account shops with")
        taken: Positions = {}
        if (events := domain.take_over(locked[cart_id], own)) is not None:
            taken = await store.save_taken(conn, own, locked[cart_id], *events, cause)
        along = await sales.take_along(conn, cart_id, into_id, cause)
        return FoundCart(into_id), together(taken, along)

    return await commands.run(pool, decide)


async def add_line(
    pool: Pool, cart_id: UUID, secret: str | None, command: AddLine, cause: Metadata, call: Call | None
) -> Answer[LineState]:
    """So many more of a SKU; two at once add up. Refuses `unknown_sku`, `not_sold`, `pass_required` and what the cart's
    row says."""

    async def decide(conn: Connection) -> tuple[LineState, Positions]:
        place = await store.open_with(conn, cart_id, secret)
        await _check_sold(conn, command.sku, command.quantity, place, cart_id)
        change = await store.change_line(conn, cart_id, command.sku, add=command.quantity, cause=cause)
        return _line(cart_id, command.sku, change)

    return await commands.run(pool, decide, call)


async def set_line(
    pool: Pool, cart_id: UUID, secret: str | None, sku: str, quantity: int, cause: Metadata
) -> Answer[LineState]:
    """So many of a SKU from now on, 0 for none. A repeat changes nothing."""

    async def decide(conn: Connection) -> tuple[LineState, Positions]:
        place = await store.open_with(conn, cart_id, secret)
        if quantity:
            await _check_sold(conn, sku, quantity, place, cart_id)
        return _line(cart_id, sku, await store.change_line(conn, cart_id, sku, to=quantity, cause=cause))

    return await commands.run(pool, decide)


async def show_cart(pool: Pool, cart_id: UUID, secret: str | None) -> CartState:
    """The cart at today's prices, from the write side."""
    async with pool.acquire() as conn:
        cart = await store.find_cart(conn, cart_id, secret)
        sold = await catalog.find_variants(conn, list(cart.lines))
        book = await pricing.book_of(conn, list(cart.lines), cart.currency)
        groups = await accounts.groups_of(conn, cart.account_id)
    asked = Asked(cart.currency, cart.channel, groups, datetime.now(UTC))
    lines = []
    for sku, quantity in cart.lines.items():
        name = sold[sku].name if sku in sold else None
        price = book.unit_price(sku, quantity, asked) if name is not None and sold[sku].status == "active" else None
        unit = None if price is None else Money(price.amount_minor, cart.currency)
        total = None if price is None else Money(price.amount_minor * quantity, cart.currency)
        included = price is not None and price.tax_included
        lines.append(PricedCartLine(sku, name, quantity, unit, total, included))
    subtotal = Money(sum(line.total.amount_minor for line in lines if line.total), cart.currency)
    return CartState(cart.id, cart.version, cart.currency, lines, subtotal, cart.order_id, channel=cart.channel)


async def _check_sold(conn: Connection, sku: str, quantity: int, place: CartPlace, cart_id: UUID) -> None:
    sold = await catalog.variant_of(conn, sku)
    currency, channel, account_id = place
    book = await pricing.book_of(conn, [sku], currency)
    asked = Asked(currency, channel, await accounts.groups_of(conn, account_id), datetime.now(UTC))
    if sold.status != "active" or book.unit_price(sku, quantity, asked) is None:
        raise NotSold(f"{sku} is not sold in {currency} at the moment", sku=sku, currency=currency)
    await sales.check(conn, [sku], cart_id)


def _line(cart_id: UUID, sku: str, change: LineChange) -> tuple[LineState, Positions]:
    if change.outcome not in ("done", "unchanged"):
        raise domain.refusal(change.outcome, sku)
    return LineState(cart_id, change.version, sku, change.quantity), change.positions

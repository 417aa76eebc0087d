"""More goes with a paid order, before it is picked: an order of its own, placed under the lock of the first."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from shared.events.orders import Discount, OrderTax, PricedLine, QuoteIssued, Shipping
from shared.settings import Settings
from write_side import commands, fraud, inventory, orders, payments, refunds
from write_side.causes import joining_order
from write_side.commands import Answer, Call
from write_side.customers import Keyring
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.fraud import Asker
from write_side.fulfilment.editing import domain
from write_side.fulfilment.editing import group as groups
from write_side.fulfilment.editing.domain import AddLines, IsAddition
from write_side.fulfilment.editing.group import Group, going, sent_for, what_goes
from write_side.fulfilment.editing.keeping import kept_of
from write_side.fulfilment.standing import Standing
from write_side.invoices import PayBy
from write_side.orders import Amounts, OrderState, Outside, PlacedOrder, There


class Additions(Struct, frozen=True):
    """What was added to an order, oldest first: orders of their own."""

    additions: list[PlacedOrder]


class Offered(Struct, frozen=True):
    """What an addition costs, beside what it is sent for that, and what was seen of whoever asks; None where nobody
    looks."""

    quote: QuoteIssued
    there: There
    visit: fraud.Visit | None = None


class AdditionPreview(Struct, frozen=True):
    """What adding would cost, as of `as_of`: nothing is kept, and placing prices anew. Line amounts in minor units of
    the totals' currency; `discounts`: by promotions that apply by themselves; `shipping`: what sending all together
    costs more than was paid for that so far."""

    as_of: datetime
    lines: list[PricedLine]
    totals: Amounts
    discounts: list[Discount]
    shipping: Shipping | None
    taxes: list[OrderTax]
    duties_due: bool
    payment_method: str
    bundles: list[PricedLine]


async def list_additions(pool: Pool, order_id: UUID, settings: Settings) -> Additions:
    """Each as it stands, with its token. Refuses `unknown_order`."""
    async with pool.acquire() as conn:
        order = await orders.find_head(conn, order_id)
        if order is None:
            raise orders.UnknownOrder("there is no such order")
        found = [await orders.find_state(conn, addition_id) for addition_id in order.additions]
    return Additions([orders.opened(each, settings) for each in found])


async def offer(
    pool: Pool, keyring: Keyring, order_id: UUID, wanted: AddLines, settings: Settings, outside: Outside, *,
    by_token: bool = False, asker: Asker = fraud.NOBODY,
) -> Offered | Exception:  # fmt: skip
    """The price of what is to be added; a refusal is to be raised where the command is decided, behind its
    Idempotency-Key. `by_token`: whoever asks has shown the order's token and no more."""
    try:
        return await _offer(pool, keyring, order_id, wanted, settings, outside, asker, by_token=by_token)
    except Exception as refusal:
        return refusal


async def _offer(
    pool: Pool, keyring: Keyring, order_id: UUID, wanted: AddLines, settings: Settings, outside: Outside,
    asker: Asker, *, by_token: bool,
) -> Offered:  # fmt: skip
    async with pool.acquire() as conn:
        order = await orders.find_order(conn, order_id)
        if order is None:
            raise orders.UnknownOrder("there is no such order")
        if order.adds_to is not None:
            raise IsAddition("add to the order that this one adds to", adds_to=order.adds_to)
        payment = await payments.find_payment(conn, order.payment_id)
        assert payment is not None
        there = there_of(await groups.read(conn, order))
    domain.check_charges(on_credit=payments.can(payment.method).on_credit, by_token=by_token)
    until = datetime.now(UTC) + timedelta(seconds=settings.quote_ttl_seconds)
    pay_by = PayBy(payments.chosen_like(payment.method), settings.invoicing)
    asked = inventory.summed(wanted.lines)
    quote, contact = await orders.quote_addition(pool, keyring, order, there, asked, pay_by, until, outside)
    return Offered(quote, there, fraud.visit_if_looked_at(settings, contact.mail, contact.address, *asker))


def there_of(group: Group) -> There:
    """What goes with whatever is added to a group now: what was taken off before it left is bought no more."""
    bought = [_bought(each) for each in (group.first, *group.added)]
    return There(what_goes(group), sent_for(group), refunds.added_up(pair for each in bought for pair in each.items()))


def _bought(stands: Standing) -> dict[str, int]:
    left = going(stands)
    kept = kept_of(stands.order, left)
    alone = {sku: quantity - kept.gifts.get(sku, 0) for sku, quantity in left.items()}
    return alone | {bundle.sku: kept.bought[bundle.sku] for bundle in stands.order.bundles}


async def preview(
    pool: Pool, keyring: Keyring, order_id: UUID, wanted: AddLines, settings: Settings, outside: Outside, *,
    by_token: bool = False,
) -> AdditionPreview:  # fmt: skip
    """The price of what might be added, by what prices it as it is placed. Nothing is held, and nobody waits.

    Refuses what `add_lines` refuses, as it stands at the moment.
    """
    as_of = datetime.now(UTC)
    async with pool.acquire() as conn:
        first = await orders.find_order(conn, order_id)
        if first is None:
            raise orders.UnknownOrder("there is no such order")
        group = await groups.read(conn, first)
        _check(group.first, group)
    quote = (await _offer(pool, keyring, order_id, wanted, settings, outside, fraud.NOBODY, by_token=by_token)).quote
    async with pool.acquire() as conn:
        await orders.check_there(conn, quote, settings.allocation)
    return AdditionPreview(
        as_of, quote.lines, orders.amounts(quote.totals), quote.discounts, quote.shipping, quote.taxes,
        quote.duties_due, quote.payment_method, quote.bundles,
    )  # fmt: skip


def _check(now: Standing, group: Group) -> None:
    domain.check_editable(now.order.state, now.picks, now.parcels)
    domain.check_addable(now.order, now.owed, captured=now.captured)
    group.check_settled()


async def add_lines(
    pool: Pool, order_id: UUID, offered: Offered | Exception, settings: Settings, cause: Metadata, call: Call
) -> Answer[OrderState]:
    """Place the order of what is added: its stock is held and its payment requested, as by any order.

    Refuses `unknown_order`, what `domain.check_editable` and `domain.check_addable` refuse, `addition_unpaid`, what
    `orders.quote_addition` refused, and what `orders.place_addition` refuses.
    """
    async with joining_order(pool, order_id, cause, "add") as joined:

        async def decide(conn: Connection) -> tuple[OrderState, Positions]:
            now, group = await groups.lock(conn, order_id)
            _check(now, group)
            if isinstance(offered, Exception):
                raise offered
            if offered.there != there_of(group):
                raise commands.TryAgain("what goes with it was changed meanwhile; try again", retry_after=1)
            if offered.quote.address != now.order.address:
                raise commands.TryAgain("where it goes was changed meanwhile; try again", retry_after=1)
            until = datetime.now(UTC) + timedelta(seconds=settings.payment_ttl_seconds)
            new, positions = await orders.place_addition(
                conn, now.order, offered.quote, offered.visit, settings.allocation, until, joined
            )
            return await orders.find_state(conn, new.id), positions

        return await commands.run(pool, decide, call)

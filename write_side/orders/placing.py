"""From quote to order, for all who place one at the same time.

A batch of commands (`write_side.group_commit`) reads what its decisions need in one snapshot, decides each by itself
(domain.py), and asks the rows in one call (`orders_place`), which reserves the stock, writes orders and payments and
appends the events, or refuses. A single buyer is a batch of one.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import asyncpg
from msgspec import Struct, structs

from shared.codec import encode_event
from shared.envelope import Metadata, as_json
from shared.events.carts import CartOrdered
from shared.events.orders import OrderPlaced, Shipping
from shared.events.payments import PaymentRequested
from shared.ids import uuid7
from shared.settings import AllocationStrategy
from write_side import carts, commands, gift_cards, inventory, invoices, payments, sales
from write_side.carts import CartOrderedAlready
from write_side.commands import RETRIES, Answer, Call, TryAgain
from write_side.database import Pool
from write_side.group_commit import MOST, Carried, GroupCommit
from write_side.orders import costing, domain
from write_side.orders.bundling import Offer, gifts_among
from write_side.orders.calls import Known, Outcome, Placing
from write_side.orders.calls import store as calls
from write_side.orders.domain import Quote
from write_side.orders.handlers import OrderState, ordered, show_order
from write_side.orders.numbering import spoken_number
from write_side.orders.offers import on_sale, spare_of
from write_side.orders.refusals import QuoteStale
from write_side.promotions import Claim, Offered, Spare, claims_of, gift_skus

# Trying each command by itself doesn't help against these.
_FOR_ALL = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.LockNotAvailableError)


class PlaceOrder(Struct, frozen=True):
    """Take up a quote: its stock is held and its payment requested, for `payment_ttl` seconds."""

    quote_id: UUID
    secret: str | None  # of the cart
    payment_ttl: int
    cause: Metadata
    call: Call
    strategy: AllocationStrategy = "priority"


Placements: TypeAlias = GroupCommit[PlaceOrder, Outcome]


def open_placements(pool: Pool, most: int = MOST) -> Placements:
    """Where commands wait for one another, up to `most` in a call. Two of one cart never share one: `orders_place` asks
    for that. Whoever may place an order of a cart shows its secret, so that tells the carts apart."""

    async def carry_out(batch: Sequence[PlaceOrder]) -> Carried[Outcome]:
        return await place_all(pool, batch)

    return GroupCommit(carry_out, lambda command: command.secret or command.quote_id, most=most, name="orders")


async def place_order(placements: Placements, pool: Pool, command: PlaceOrder) -> Answer[OrderState]:
    """The order of a quote. The same quote again, under whatever key, is the same order.

    Refuses `quote_expired`, `quote_stale`, `not_sellable`, `cart_ordered`, `pass_required`, `purchase_limit`,
    `invoice_not_permitted`, `credit_exceeded`, `out_of_stock` with what is left of each line, and what the
    Idempotency-Key says.
    """
    for _ in range(RETRIES):
        try:
            outcome = await placements.submit(command)
        except (asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError):
            continue
        # Gone from that warehouse since we read: perhaps another one has it, and if not, the next reading says so. So
        # with the last use of a promotion: somebody who took it may have been refused for another reason.
        if outcome.outcome not in ("out_of_stock", "discount_gone", "limit_reached", "gift_card_gone", "credit_gone"):
            return await _answer(pool, outcome)
    raise TryAgain("others wanted the same at the same time; try again", retry_after=1)


async def place_all(pool: Pool, batch: Sequence[PlaceOrder]) -> list[Outcome | Exception]:
    """An outcome, refusal or failure for each command. If one makes the call fail, all are tried by themselves."""
    try:
        return await _place_together(pool, batch)
    except asyncpg.PostgresError as error:
        if len(batch) == 1 or isinstance(error, _FOR_ALL):
            return [error] * len(batch)
    return [outcome for command in batch for outcome in await place_all(pool, [command])]


async def _place_together(pool: Pool, batch: Sequence[PlaceOrder]) -> list[Outcome | Exception]:
    # All of it in one snapshot: while an earlier call with a key or quote is not visible, what it took isn't either, so
    # a repeat is never refused for the sake of its own first call.
    known = await calls.look(pool, [command.quote_id for command in batch])
    now = datetime.now(UTC)
    decided = [_decided(known, command, now) for command in batch]
    to_place = [placing for placing in decided if isinstance(placing, Placing)]
    outcomes = iter(await calls.place(pool, to_place) if to_place else [])
    return [next(outcomes) if isinstance(each, Placing) else each for each in decided]


def _decided(known: Known, command: PlaceOrder, now: datetime) -> Placing | Exception:
    try:
        return decide(known, command, now)
    except Exception as error:  # a refusal, or what is wrong with this one: raised where its command waits
        return error


def decide(known: Known, command: PlaceOrder, now: datetime) -> Placing:
    """The command that `orders_place` is to carry out; raises a refusal."""
    quote = known.quotes.get(command.quote_id)
    cart = None if quote is None else known.carts.get(quote.cart_id)
    if quote is None or cart is None:
        raise carts.unopened(command.secret)  # as if its cart were somebody else's
    cart.check(command.secret)
    asked = _asked(quote, command)
    if quote.id in known.ordered:
        return asked
    if cart.order_id is not None:
        raise _ordered_already()
    bought, everything = quote.bought, quote.counted
    sales.check_passes(known.gates, everything, quote.cart_id)
    offers = on_sale(dict.fromkeys(quote.wanted, 1) | bought, known.sold, known.prices, quote.asked(now))
    uses = known.uses.get(quote.customer, {})
    offered = Offered(known.promotions, quote.codes, uses, now, _spare(known, quote, offers), known.around)
    fresh = costing.goods_of(bought, offers, _shipping(quote), quote.totals.currency, offered)
    domain.check_quote(quote, cart.version, fresh, now)
    _check_paying(quote, known, now)
    inventory.check_limits(everything, known.limits, known.bought.get(quote.customer, {}))
    # Unlocked: turns away early whom the rows would turn away.
    taken = inventory.allocate(quote.kept_in_stock, known.stock, command.strategy, quote.nearest)
    expires_at = now + timedelta(seconds=command.payment_ttl)
    number = spoken_number(os.urandom(8))
    placed = domain.place(quote, [allocation for allocation, _ in taken], uuid7(), uuid7(), number, expires_at)
    claims = claims_of(known.promotions, placed.discounts)
    counted = inventory.counted(everything, known.limits)
    return _placing(asked, placed, [item_id for _, item_id in taken], claims, counted, quote.payment_method)


def _spare(known: Known, quote: Quote, offers: Mapping[str, Offer]) -> dict[str, Spare]:
    """What may be given away, as much as the quote gives: a gift that was left out of it then is left out now."""
    given = gifts_among(quote.sold)
    if not (gifts := [sku for sku in gift_skus(known.promotions) if sku in offers and sku in given]):
        return {}
    available = {sku: sum(item.available for item in known.stock if item.sku == sku) for sku in gifts}
    there = spare_of(gifts, offers, available, quote.counted)
    return {sku: spare._replace(quantity=min(spare.quantity, given[sku])) for sku, spare in there.items()}


def _check_paying(quote: Quote, known: Known, now: datetime) -> None:
    """Unlocked, too. Raises `QuoteStale`, `InvoiceNotPermitted`, `CreditExceeded`."""
    if not gift_cards.covers(quote.gift_cards, known.gift_cards, now):
        raise QuoteStale("a gift card pays less by now; ask for a new quote", changes=[{"what": "gift_card"}])
    if payments.can(quote.payment_method).on_credit and quote.charged_minor:
        credit = known.credits.get(quote.account_id) if quote.account_id else None
        invoices.check(credit, quote.totals.currency, quote.charged_minor)


def _shipping(quote: Quote) -> Shipping:
    return quote.shipping or Shipping("", "", quote.totals.shipping_minor)  # quoted before there was a choice


def _asked(quote: Quote, command: PlaceOrder) -> Placing:
    call = command.call
    return Placing(
        call.actor, call.route, call.key, call.request_hash.hex(), quote.id, quote.cart_id, quote.cart_version,
        as_json(command.cause).decode(),
    )  # fmt: skip


def _placing(
    asked: Placing, placed: OrderPlaced, item_ids: list[UUID], claims: list[Claim], counted: dict[str, int],
    rest_by: str,
) -> Placing:  # fmt: skip
    state = domain.evolve(None, placed, 1)
    charged, currency = state.charged_minor, placed.totals.currency
    method = rest_by if charged else "gift_card"
    requested = PaymentRequested(placed.payment_id, placed.order_id, charged, currency, method)
    return structs.replace(
        asked,
        order_id=placed.order_id,
        payment_id=placed.payment_id,
        item_ids=item_ids,
        customer=state.customer,
        claims=claims,
        counted=counted,
        gift_cards=placed.gift_cards,
        account_id=placed.account_id,
        credit_minor=charged if payments.can(method).on_credit else 0,
        currency=currency,
        placed=encode_event(placed).decode(),
        payment_requested=encode_event(requested).decode(),
        cart_ordered=encode_event(CartOrdered(placed.cart_id, placed.order_id)).decode(),
        answer=as_json(ordered(state, "pending")).decode(),
    )


async def _answer(pool: Pool, outcome: Outcome) -> Answer[OrderState]:
    match outcome.outcome:
        case "done":
            return Answer(outcome.answer or b"", calls.decoded(outcome.positions))
        case "placed":
            return structs.replace(await show_order(pool, UUID(outcome.facts["order_id"])), replayed=True)
        case "cart_ordered":
            raise _ordered_already()
        case "cart_changed":
            raise QuoteStale("the cart was changed since; ask for a new quote", changes=[{"what": "cart"}])
        case by_key:
            answer = commands.replay_of(by_key, outcome.answer, outcome.positions)
            assert answer is not None
            return answer


def _ordered_already() -> CartOrderedAlready:
    return CartOrderedAlready("another order was placed from this cart")

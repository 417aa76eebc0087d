"""Exchanges, pure: may goods be sent instead of money, and when are they.

A wish goes wished → held (its goods are reserved) → placed (an order of its own is), or is refused by staff, dropped
with its return, or fails.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from uuid import UUID

from msgspec import structs

from shared.events.fulfilment import ParcelLine
from shared.events.orders import PricedLine, QuoteIssued
from shared.events.returns import Exchange, ReplacementFailed, ReplacementPlaced, ReturnedUnits, ReturnRequested
from write_side.inventory import Line, summed
from write_side.orders import Order
from write_side.returns.domain import Return
from write_side.returns.refusals import NoReplacement, NotExchangeable, NotHeld, TooLittleCame

MOST_FOR_ONE = 3  # pieces that are held, unpaid, for each one that comes back


def check_pieces(wanted: Mapping[str, int], given: Mapping[str, int]) -> None:
    """Whether so much may be held for what comes back: one cheap return must not empty a shelf for a month. Refuses
    `not_exchangeable` (`too_many`)."""
    if sum(wanted.values()) > MOST_FOR_ONE * sum(given.values()):
        raise NotExchangeable(f"at most {MOST_FOR_ONE} pieces are sent for each that comes back", why="too_many")


def check_kept(quote: QuoteIssued) -> None:
    """What is sent lies on a shelf. Refuses `not_exchangeable` (`gift_card`)."""
    if any(line.gift_card for line in quote.lines):
        raise NotExchangeable("a gift card is bought, not exchanged for", why="gift_card")


def wish(
    event: ReturnRequested, quote: QuoteIssued, credit_minor: int, beside: Mapping[str, int]
) -> ReturnRequested:
    """The same return, with goods wished instead of the money."""
    lines = [ParcelLine(line.sku, line.quantity) for line in quote.lines]
    pieces = [ParcelLine(*piece) for piece in beside.items()]
    exchange = Exchange(quote.quote_id, lines, quote.totals.total_minor, credit_minor, quote.totals.currency, pieces)
    return structs.replace(event, exchange=exchange)


def wanted(each: Return) -> dict[str, int]:
    """SKU → how many are wished instead."""
    return summed(each.exchange.lines) if each.exchange else {}


def counted_already(
    wished: Mapping[str, int], announced: Mapping[str, int], came: Mapping[str, int]
) -> dict[str, int]:  # fmt: skip
    """SKU → how many of what is wished purchase limits need not be asked for once these came: what was more than was
    announced of the same was counted as it was held, and as many as came are no purchase."""
    more = {sku: max(n - announced.get(sku, 0), 0) for sku, n in wished.items()}
    return {sku: n - max(n - came.get(sku, 0), 0) + more[sku] for sku, n in wished.items()}


def check_came(each: Return, came: Iterable[Line]) -> None:
    """Whether all came that something costs less than today for, or is sent past those who wait for their turn. Refuses
    `too_little_came`."""
    here = summed(came)
    if each.exchange and any(here.get(line.sku, 0) < line.quantity for line in each.exchange.beside):
        raise TooLittleCame("what was had in a sale is no price, and no turn, for more than comes back")


def check_held(each: Return) -> None:
    """Whether it may be sent before its goods are here. Refuses `replacement_not_held`."""
    if each.state != "approved" or each.exchange_state != "held":
        raise NotHeld(f"the exchange is {each.exchange_state}", exchange_state=each.exchange_state)


def replacement_of(each: Return) -> UUID:
    """The order that was placed instead. Refuses `no_replacement`."""
    if each.exchange_state not in ("placed", "failed") or each.replacement_id is None or each.refund_id is None:
        raise NoReplacement(f"the exchange is {each.exchange_state}", exchange_state=each.exchange_state)
    return each.replacement_id


def placed(each: Return, order: Order, refund_id: UUID, *, early: bool) -> ReplacementPlaced:
    """It is ordered; what gift cards pay of it had paid for what comes back."""
    charged, totals = order.charged_minor, order.totals
    return ReplacementPlaced(
        each.id, each.order_id, order.id, refund_id, totals.total_minor - charged, charged, totals.currency, early
    )


def earned(
    credit_minor: int, came: Iterable[ReturnedUnits], carried: Iterable[Line], bought: Sequence[PricedLine]
) -> int:
    """What of a credit is given back as the exchange falls through: of goods that were to come and of which not all
    did, the share of these, down to the minor unit."""
    here = summed(unit for unit in came if unit.refunded)
    cost = Counter[str]()
    for line in bought:
        cost[line.sku] += line.cost_minor
    unit = {sku: Fraction(cost[sku], quantity) for sku, quantity in summed(bought).items()}
    wanted = summed(carried)
    whole = sum(unit[sku] * quantity for sku, quantity in wanted.items())
    part = sum(unit[sku] * min(quantity, here.get(sku, 0)) for sku, quantity in wanted.items())
    return int(credit_minor * part / whole) if whole else credit_minor


def fail(each: Return, reason: str) -> ReplacementFailed:
    """Nothing is sent instead."""
    return ReplacementFailed(each.id, each.order_id, reason)

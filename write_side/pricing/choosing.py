"""What a line costs: which of all prices of a SKU is asked, pure. Quoting and placing choose by this one function.

Of the price lists that are in force for this currency, channel, customer and moment, and name a price for so many, the
one with the lowest `priority` goes; of equal ones the lower price, then the older list. Within a list the tier with the
largest quantity that is reached. Where no list says anything, the SKU's own price in the currency.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.price_rule import precedence
from write_side.pricing.lists.domain import PriceList


class Asked(NamedTuple):
    """Who buys, where and when: of all groups that they are in."""

    currency: str
    channel: str
    groups: frozenset[str]
    now: datetime


class UnitPrice(NamedTuple):
    """What one costs in minor units, by which price list and tier (without a list it is the SKU's own price), and
    whether taxes are in that."""

    amount_minor: int
    price_list_id: UUID | None = None
    from_quantity: int = 1
    tax_included: bool = False


class Tier(NamedTuple):
    """From how many on, and what each costs then."""

    from_quantity: int
    amount_minor: int


_NO_TIER = Tier(0, 0)


class PriceRows(Struct, frozen=True):
    """What `pricing_book` answers."""

    prices: list[tuple[str, str, int]]  # SKU, currency, minor units
    scheduled: list[tuple[str, str, datetime, int]]  # SKU, currency, from when on, minor units
    lists: list[PriceList]
    tiers: list[tuple[str, UUID, int, int]]  # SKU, price list, from how many on, minor units


class PriceBook:
    """All that some SKUs cost, whoever asks."""

    def __init__(self, rows: PriceRows) -> None:
        self._own = {(sku, currency): amount for sku, currency, amount in rows.prices}
        self._scheduled: dict[tuple[str, str], list[tuple[datetime, int]]] = {}
        for sku, currency, starts_at, amount in rows.scheduled:
            self._scheduled.setdefault((sku, currency), []).append((starts_at, amount))
        self._lists = {price_list.id: price_list for price_list in rows.lists}
        self._tiers: dict[str, list[tuple[UUID, Tier]]] = {}
        for sku, list_id, from_quantity, amount in rows.tiers:
            self._tiers.setdefault(sku, []).append((list_id, Tier(from_quantity, amount)))

    def unit_price(self, sku: str, quantity: int, asked: Asked) -> UnitPrice | None:
        """What each costs of so many; None if it isn't sold so."""
        if offers := list(self._in_lists(sku, quantity, asked)):
            return min(offers, key=lambda offer: offer[:3])[3]
        own = self._own_price(sku, asked)
        return None if own is None else UnitPrice(own)

    def _in_lists(self, sku: str, quantity: int, asked: Asked) -> Iterator[tuple[int, int, UUID, UnitPrice]]:
        """(priority, minor units, price list, what it would be) by each list that says something."""
        reached: dict[UUID, Tier] = {}
        for list_id, tier in self._tiers.get(sku, ()):
            if tier.from_quantity <= quantity and tier.from_quantity > reached.get(list_id, _NO_TIER).from_quantity:
                reached[list_id] = tier
        for list_id, (from_quantity, amount) in reached.items():
            price_list = self._lists.get(list_id)
            if price_list is not None and price_list.is_for(*asked):
                price = UnitPrice(amount, list_id, from_quantity, price_list.terms.tax_included)
                yield *precedence(price_list.terms, amount, list_id), price

    def _own_price(self, sku: str, asked: Asked) -> int | None:
        """A scheduled price is asked from its time on, whether the worker has written so yet or not."""
        begun = [each for each in self._scheduled.get((sku, asked.currency), ()) if each[0] <= asked.now]
        return max(begun)[1] if begun else self._own.get((sku, asked.currency))

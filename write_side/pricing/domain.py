"""Prices, pure: one explicit price per SKU and currency, tax excluded."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct, structs

from shared.events.pricing import PriceRemoved, PriceSet, PricingEvent
from shared.money import EXPONENTS, MinorUnits, is_known
from write_side.errors import Invalid

LARGEST = 10**12


class UnknownCurrency(Invalid):
    """Not a currency that prices are kept in."""

    code = "unknown_currency"


class BrokenAmount(Invalid):
    """Not a number of minor units from 0 to 10^12."""

    code = "broken_amount"


class NewPrice(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"amount_minor": 1999}`: minor units of the currency in the address."""

    amount_minor: MinorUnits


class PricedVariant(Struct, frozen=True):
    """All prices of a variant: currency → minor units."""

    id: UUID
    version: int
    product_id: UUID
    sku: str
    prices: dict[str, int] = {}


class SetPrice(Struct, frozen=True):
    """This SKU costs so much from now on."""

    variant_id: UUID
    product_id: UUID
    sku: str
    currency: str
    amount_minor: int


def check_currency(currency: str) -> None:
    """Raises `UnknownCurrency`."""
    if not is_known(currency):
        raise UnknownCurrency(f"no prices are kept in {currency[:10]}", known=sorted(EXPONENTS), currency=currency[:10])


def set_price(priced: PricedVariant | None, command: SetPrice) -> PriceSet | None:
    """The event of a new price, None if it is the old one; raises `UnknownCurrency`, `BrokenAmount`."""
    check_currency(command.currency)
    if not 0 <= command.amount_minor <= LARGEST:
        raise BrokenAmount(f"a price is from 0 to {LARGEST} minor units", pointer="/amount_minor")
    if priced is not None and priced.prices.get(command.currency) == command.amount_minor:
        return None
    return PriceSet(command.product_id, command.sku, command.currency, command.amount_minor)


def remove_price(priced: PricedVariant | None, currency: str) -> PriceRemoved | None:
    """The event of a price that is no longer asked, None if there was none; raises `UnknownCurrency`."""
    check_currency(currency)
    if priced is None or currency not in priced.prices:
        return None
    return PriceRemoved(priced.product_id, priced.sku, currency)


def set_prices(
    known: Mapping[str, PricedVariant], commands: Sequence[SetPrice]
) -> list[tuple[PricedVariant, PriceSet]]:
    """What becomes of each SKU whose price changes; `known` is by SKU."""
    changed = []
    for command in commands:
        before = known.get(command.sku)
        event = set_price(before, command)
        if event is not None:
            after = evolve(before, command.variant_id, (before.version if before else 0) + 1, event)
            changed.append((after, event))
    return changed


def evolve(priced: PricedVariant | None, variant_id: UUID, version: int, event: PricingEvent) -> PricedVariant:
    """A variant's prices after an event."""
    prices = {} if priced is None else priced.prices
    if isinstance(event, PriceSet):
        after = prices | {event.currency: event.amount_minor}
        return PricedVariant(variant_id, version, event.product_id, event.sku, after)
    assert priced is not None, "only a price that was set is removed"
    left = {currency: amount for currency, amount in prices.items() if currency != event.currency}
    return structs.replace(priced, version=version, prices=left)

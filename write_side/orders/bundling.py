"""What is in bundles, pure: a line of the cart is opened into the goods that are taxed, reserved, sent and given back.

A bundle is priced, and promotions act on it, as one SKU; then its price and its discount are shared by its components,
by what they cost alone, so that the shares add up to it to the minor unit. Where a share can't be divided by the units
of its component, some of them cost one minor unit more: they are a line of their own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.events.orders import PricedLine
from shared.money import allocated
from write_side.pricing import UnitPrice
from write_side.promotions import BasketLine
from write_side.taxes import GIFT_CARD, STANDARD


class Part(Struct, frozen=True):
    """So many of a component in one bundle; `price_minor` is what one costs alone, None where it is not sold alone."""

    sku: str
    quantity: int
    product_id: UUID
    variant_id: UUID
    name: str
    price_minor: int | None
    weight_grams: int = 0
    tax_class: str = STANDARD


class Offer(Struct, frozen=True):
    """What one SKU is sold as, right now, if so many are taken; `parts` of a bundle."""

    product_id: UUID
    variant_id: UUID
    name: str
    price: UnitPrice
    weight_grams: int = 0
    tax_class: str = STANDARD
    parts: Sequence[Part] = ()

    @property
    def is_gift_card(self) -> bool:
        """Whether a gift card is what is sold."""
        return self.tax_class == GIFT_CARD

    @property
    def grams(self) -> int:
        """What one weighs: of a bundle what is in it."""
        return sum(part.weight_grams * part.quantity for part in self.parts) if self.parts else self.weight_grams


class Good(NamedTuple):
    """What is taxed and sent: a line of the cart, or a component's share of one, the SKU of whose bundle it names."""

    line: BasketLine
    discount_minor: int
    offer: Offer
    bundle: str = ""


def opened(lines: Sequence[BasketLine], discounts: Sequence[int], offers: Mapping[str, Offer]) -> list[Good]:
    """The goods in these lines, each with its share of its line's price and discount."""
    found: list[Good] = []
    for line, discount in zip(lines, discounts, strict=True):
        offer = offers[line.sku]
        found += _shares(line, discount, offer) if offer.parts else [Good(line, discount, offer)]
    return found


def _shares(line: BasketLine, discount: int, bundle: Offer) -> Iterator[Good]:
    shares = allocated(line.total_minor, _weights(bundle.parts))
    split = [
        (part, piece)
        for part, share in zip(bundle.parts, shares, strict=True)
        for piece in _pieces(part.sku, part.quantity * line.quantity, share)
    ]
    off = allocated(discount, [piece.total_minor for _, piece in split])
    for (part, piece), less in zip(split, off, strict=True):
        price = UnitPrice(piece.unit_price_minor, tax_included=bundle.price.tax_included)
        sold_as = Offer(part.product_id, part.variant_id, part.name, price, part.weight_grams, part.tax_class)
        yield Good(piece, less, sold_as, line.sku)


def _weights(parts: Sequence[Part]) -> list[int]:
    """By what they cost alone; by the number of units where that is not known of all of them, or nothing."""
    alone = [(part.price_minor or 0) * part.quantity for part in parts]
    known = any(alone) and all(part.price_minor is not None for part in parts)
    return alone if known else [part.quantity for part in parts]


def _pieces(sku: str, quantity: int, total_minor: int) -> list[BasketLine]:
    each, dearer = divmod(total_minor, quantity)
    pieces = [BasketLine(sku, quantity - dearer, each), BasketLine(sku, dearer, each + 1)]
    return [piece for piece in pieces if piece.quantity]


def counted(wanted: Mapping[str, int], offers: Mapping[str, Offer]) -> dict[str, int]:
    """SKU → how many of it are bought, of bundles both themselves and what is in them: what limits are about."""
    found = dict(wanted)
    for sku, quantity in wanted.items():
        for part in offers[sku].parts if sku in offers else ():
            found[part.sku] = found.get(part.sku, 0) + part.quantity * quantity
    return found


def with_whole_bundles(
    given: Mapping[str, int], lines: Sequence[PricedLine], bundles: Sequence[PricedLine]
) -> dict[str, int]:
    """SKU → how many of an order's goods are given, with each bundle of which all is among them."""
    found, parts = dict(given), in_bundles(lines)
    for bundle in bundles:
        if whole := whole_of(bundle, parts[bundle.sku], given):
            found[bundle.sku] = whole
    return found


def in_bundles(lines: Iterable[PricedLine]) -> dict[str, dict[str, int]]:
    """Bundle → SKU → how many of an order's goods are in all its bundles of this SKU."""
    found: dict[str, dict[str, int]] = {}
    for line in lines:
        if line.bundle:
            parts = found.setdefault(line.bundle, {})
            parts[line.sku] = parts.get(line.sku, 0) + line.quantity
    return found


def whole_of(bundle: PricedLine, parts: Mapping[str, int], given: Mapping[str, int]) -> int:
    """How many of an ordered bundle, of which all together hold these parts, are whole among what is given."""
    whole = min((given.get(sku, 0) * bundle.quantity // n for sku, n in parts.items()), default=0)
    return min(whole, bundle.quantity)


def sold(lines: Sequence[PricedLine], bundles: Sequence[PricedLine]) -> list[PricedLine]:
    """Lines as they were put into the cart: each bundle in the place of what is in it."""
    by_sku = {bundle.sku: bundle for bundle in bundles}
    found = {line.bundle or (line.sku, n): by_sku.get(line.bundle, line) for n, line in enumerate(lines)}
    return list(found.values())


def gifts_apart(lines: Iterable[PricedLine]) -> dict[str, int]:
    """SKU → how many that are no gifts."""
    found: dict[str, int] = {}
    for line in lines:
        if bought := line.quantity - line.gift_quantity:
            found[line.sku] = found.get(line.sku, 0) + bought
    return found


def gifts_among(lines: Iterable[PricedLine]) -> dict[str, int]:
    """SKU → how many that are gifts: they are all in one line."""
    return {line.sku: line.gift_quantity for line in lines if line.gift_quantity}

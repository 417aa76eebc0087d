"""What an order costs, pure: goods at today's prices (`goods_of`), what has to be asked of their taxes (`question_of`),
and both together as lines and totals (`price`)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.events.orders import Discount, OrderTax, PricedLine, Shipping, Totals
from write_side.orders.refusals import CartEmpty, NotSellable, TotalOutOfRange
from write_side.pricing import UnitPrice
from write_side.promotions import NO_PROMOTIONS, Applied, BasketLine, LeftOut, Offered
from write_side.promotions import apply as apply_promotions
from write_side.taxes import GIFT_CARD, STANDARD, Question, Taxable, Taxed, Taxes, summed

LEAST_TOTAL = 50  # minor units: payment providers charge no less
MOST_TOTAL = 99_999_999  # nor more than eight digits


class Offer(Struct, frozen=True):
    """What one SKU is sold as, right now, if so many are taken."""

    product_id: UUID
    variant_id: UUID
    name: str
    price: UnitPrice
    weight_grams: int = 0
    tax_class: str = STANDARD

    @property
    def is_gift_card(self) -> bool:
        """Whether a gift card is what is sold."""
        return self.tax_class == GIFT_CARD


class Where(Struct, frozen=True):
    """The part of an address that tells what sending costs, and what tax there is."""

    country: str
    region: str = ""
    postal_code: str = ""


class Goods(NamedTuple):
    """What is wanted, as it is sold and sent at the moment, and what promotions take off: all but tax."""

    lines: Sequence[BasketLine]
    offers: Mapping[str, Offer]
    shipping: Shipping
    off: Applied
    currency: str


class Priced(Struct, frozen=True):
    """Lines and totals: lines + shipping − discount + tax = total, to the minor unit. `refused`: code → why it takes
    nothing off; `left_out`: gifts that aren't there."""

    lines: list[PricedLine]
    totals: Totals
    discounts: list[Discount]
    refused: dict[str, str]
    taxes: list[OrderTax]
    duties_due: bool
    left_out: list[LeftOut]


class Sent(Struct, frozen=True):
    """What the goods weigh, and what they cost after promotions: shipping is told by both. `nothing`: there are none,
    but gift cards, which are mailed."""

    grams: int
    value_minor: int
    nothing: bool = False


def goods_of(
    wanted: Mapping[str, int], offers: Mapping[str, Offer], shipping: Shipping, currency: str,
    offered: Offered = NO_PROMOTIONS,
) -> Goods:  # fmt: skip
    """SKU → quantity as goods at today's prices, with the gifts that promotions add behind them; raises `CartEmpty`,
    `NotSellable` naming each SKU without an offer."""
    basket = _basket(wanted, offers, currency)
    off = apply_promotions(basket, shipping.price_minor, currency, offered)
    return Goods(off.basket, offers, shipping, off, currency)


def question_of(goods: Goods, where: Where) -> Question:
    """What has to be known of taxes: they are on what is left after discounts."""
    lines = [
        Taxable(0 if offer.is_gift_card else line.total_minor - part, offer.tax_class, offer.price.tax_included)
        for line, part in zip(goods.lines, goods.off.lines, strict=True)
        for offer in (goods.offers[line.sku],)
    ]
    shipping = Taxable(goods.shipping.price_minor - goods.off.shipping_minor, included=goods.shipping.tax_included)
    return Question(where.country, where.region, where.postal_code, goods.currency, lines, shipping)


def price(goods: Goods, taxes: Taxes) -> Priced:
    """Goods with the taxes on them as priced lines and totals; raises `TotalOutOfRange`."""
    parts = zip(goods.lines, goods.off.lines, taxes.lines, strict=True)
    lines = [_line(line, goods.offers[line.sku], part, taxed) for line, part, taxed in parts]
    net, shipping = sum(line.total_minor for line in lines), goods.shipping.price_minor
    tax = sum(taxed.added_minor for taxed in (*taxes.lines, *taxes.shipping))
    total = net + shipping - goods.off.total_minor + tax
    if not LEAST_TOTAL <= total <= MOST_TOTAL:
        detail = f"an order costs between {LEAST_TOTAL} and {MOST_TOTAL} minor units, this one {total}"
        raise TotalOutOfRange(detail, total_minor=total)
    totals = Totals(goods.currency, net, shipping, tax, total, goods.off.total_minor)
    return Priced(
        lines, totals, goods.off.discounts, goods.off.refused, summed(taxes), taxes.duties_due, goods.off.left_out
    )


def sent_of(
    wanted: Mapping[str, int], offers: Mapping[str, Offer], currency: str, offered: Offered = NO_PROMOTIONS
) -> Sent:
    """What is to be sent; raises `CartEmpty`, `NotSellable`."""
    basket = _basket(wanted, offers, currency)
    off = apply_promotions(basket, 0, currency, offered)
    goods = [pair for pair in zip(off.basket, off.lines, strict=True) if not offers[pair[0].sku].is_gift_card]
    grams = sum(offers[line.sku].weight_grams * line.quantity for line, _ in goods)
    return Sent(grams, sum(line.total_minor - part for line, part in goods), not goods)


def _basket(wanted: Mapping[str, int], offers: Mapping[str, Offer], currency: str) -> list[BasketLine]:
    if not wanted:
        raise CartEmpty("the cart has no lines")
    if missing := [sku for sku in wanted if sku not in offers]:
        raise NotSellable(f"not sold in {currency} at the moment: {', '.join(missing)}", skus=missing)
    return [BasketLine(sku, quantity, offers[sku].price.amount_minor) for sku, quantity in wanted.items()]


def _line(line: BasketLine, offer: Offer, discount: int, taxed: Taxed) -> PricedLine:
    price = offer.price
    return PricedLine(
        line.sku, offer.product_id, offer.variant_id, offer.name, line.quantity, line.unit_price_minor,
        line.total_minor, taxed.added_minor, discount, price.price_list_id, price.from_quantity, price.tax_included,
        taxed.contained_minor, line.gift_quantity, offer.is_gift_card,
    )  # fmt: skip

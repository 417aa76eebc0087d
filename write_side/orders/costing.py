"""What an order costs, pure: goods at today's prices (`goods_of`), what has to be asked of their taxes (`question_of`),
and both together as lines and totals (`price`)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from shared.documents.orders import Address
from shared.events.orders import Discount, OrderTax, PricedLine, Shipping, Totals
from shared.money import Money, least_charge
from write_side.orders.bundling import Good, Offer, opened
from write_side.orders.refusals import CartEmpty, NotSellable, TotalOutOfRange
from write_side.promotions import NO_PROMOTIONS, Applied, BasketLine, LeftOut, Offered
from write_side.promotions import apply as apply_promotions
from write_side.taxes import Question, Taxable, Taxes, summed

LEAST_TOTAL = 50  # minor units, however it is paid; what is charged by card is more in some currencies
MOST_TOTAL = 99_999_999  # payment providers charge no more than eight digits


class Where(Struct, frozen=True):
    """The part of an address that tells what sending costs, and what tax there is."""

    country: str
    region: str = ""
    postal_code: str = ""
    vat_id: str = ""

    @classmethod
    def of(cls, country: str, address: Address) -> "Where":
        """Of an address; an order's stays in its country, wherever it is sent since."""
        return cls(country, address.region, address.postal_code, address.vat_id)


class Goods(NamedTuple):
    """What is wanted, as it is sold and sent at the moment, and what promotions take off: all but tax. `opened`: the
    goods in the lines, bundles opened."""

    lines: Sequence[BasketLine]
    opened: Sequence[Good]
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
    bundles: list[PricedLine] = []  # as they were put into the cart; what is in them stands in `lines`


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
    return Goods(off.basket, opened(off.basket, off.lines, offers), offers, shipping, off, currency)


def question_of(goods: Goods, where: Where) -> Question:
    """What has to be known of taxes: they are on what is left after discounts."""
    lines = [
        Taxable(
            0 if good.offer.is_gift_card else good.line.total_minor - good.discount_minor, good.offer.tax_class,
            good.offer.price.tax_included,
        )
        for good in goods.opened
    ]
    shipping = Taxable(goods.shipping.price_minor - goods.off.shipping_minor, included=goods.shipping.tax_included)
    return Question(where.country, where.region, where.postal_code, goods.currency, lines, shipping, where.vat_id)


def price(goods: Goods, taxes: Taxes) -> Priced:
    """Goods with the taxes on them as priced lines and totals; raises `TotalOutOfRange`."""
    opened_and_taxed = zip(goods.opened, taxes.lines, strict=True)
    lines = [_line(good, taxed.added_minor, taxed.contained_minor) for good, taxed in opened_and_taxed]
    net, shipping = sum(line.total_minor for line in lines), goods.shipping.price_minor
    tax = sum(taxed.added_minor for taxed in (*taxes.lines, *taxes.shipping))
    total = net + shipping - goods.off.total_minor + tax
    if not LEAST_TOTAL <= total <= MOST_TOTAL:
        detail = f"an order costs between {LEAST_TOTAL} and {MOST_TOTAL} minor units, this one {total}"
        raise TotalOutOfRange(detail, total_minor=total)
    totals = Totals(goods.currency, net, shipping, tax, total, goods.off.total_minor)
    return Priced(
        lines, totals, goods.off.discounts, goods.off.refused, summed(taxes), taxes.duties_due, goods.off.left_out,
        _bundles(goods, lines),
    )  # fmt: skip


def check_charged(charged: Money, *, on_credit: bool) -> None:
    """Whether what gift cards leave to pay can be charged; on credit nobody has to. Raises `TotalOutOfRange`."""
    least = least_charge(charged.currency)
    if 0 < charged.amount_minor < least and not on_credit:
        detail = f"no less than {least} minor units of {charged.currency} can be charged, not {charged.amount_minor}"
        raise TotalOutOfRange(detail, total_minor=charged.amount_minor, least_minor=least)


def sent_of(
    wanted: Mapping[str, int], offers: Mapping[str, Offer], currency: str, offered: Offered = NO_PROMOTIONS
) -> Sent:
    """What is to be sent; raises `CartEmpty`, `NotSellable`."""
    basket = _basket(wanted, offers, currency)
    off = apply_promotions(basket, 0, currency, offered)
    goods = [pair for pair in zip(off.basket, off.lines, strict=True) if not offers[pair[0].sku].is_gift_card]
    grams = sum(offers[line.sku].grams * line.quantity for line, _ in goods)
    return Sent(grams, sum(line.total_minor - part for line, part in goods), not goods)


def _basket(wanted: Mapping[str, int], offers: Mapping[str, Offer], currency: str) -> list[BasketLine]:
    if not wanted:
        raise CartEmpty("the cart has no lines")
    if missing := [sku for sku in wanted if sku not in offers]:
        raise NotSellable(f"not sold in {currency} at the moment: {', '.join(missing)}", skus=missing)
    return [
        BasketLine(sku, quantity, offers[sku].price.amount_minor, gift_card=offers[sku].is_gift_card)
        for sku, quantity in wanted.items()
    ]


def _line(good: Good, added_minor: int, contained_minor: int) -> PricedLine:
    line, offer, price = good.line, good.offer, good.offer.price
    return PricedLine(
        line.sku, offer.product_id, offer.variant_id, offer.name, line.quantity, line.unit_price_minor,
        line.total_minor, added_minor, good.discount_minor, price.price_list_id, price.from_quantity,
        price.tax_included, contained_minor, line.gift_quantity,
        offer.is_gift_card, good.bundle,
    )  # fmt: skip


def _bundles(goods: Goods, lines: Sequence[PricedLine]) -> list[PricedLine]:
    """The lines of the cart that are bundles, with the taxes on what is in them."""
    found = []
    for line, discount in zip(goods.lines, goods.off.lines, strict=True):
        if not (offer := goods.offers[line.sku]).parts:
            continue
        within = [each for each in lines if each.bundle == line.sku]
        added, contained = sum(each.tax_minor for each in within), sum(each.included_tax_minor for each in within)
        found.append(_line(Good(line, discount, offer), added, contained))
    return found

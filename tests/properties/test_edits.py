"""Less of an order never costs less than it would have cost alone: whatever an edit may leave, by what was promised."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product
from uuid import UUID

from hypothesis import event, given, settings
from hypothesis import strategies as st

from shared.events.orders import Shipping
from shared.events.shipping import Bracket, Method, Place
from shared.events.taxes import TaxRules
from tests.properties.values import BOUNDED
from write_side.fulfilment.editing.group import Group
from write_side.fulfilment.editing.keeping import BelowTerms, check_terms
from write_side.fulfilment.standing import Standing
from write_side.orders.bundling import Offer, Part
from write_side.orders.costing import Goods, Where, goods_of, price, question_of, sent_of
from write_side.orders.domain import Order
from write_side.pricing import UnitPrice
from write_side.promotions import Offered, Promotion, Spare
from write_side.promotions.domain import (
    BuyGetInput,
    FreeShippingInput,
    GiftInput,
    PercentageInput,
    PromotionInput,
    terms_of,
)
from write_side.promotions.sets import ProductSetInput
from write_side.shipping.domain import Parcel, Zone, options
from write_side.taxes.computing import answered

ID = UUID(int=7)
AT = datetime(2026, 11, 27, tzinfo=UTC)
PRICES = {"lamp": 4000, "cord": 1000, "bulb": 300, "mug": 700, "set": 4500, "pair": 4000, "kit": 4960}
TIERS = {"lamp": (5, 3000), "bulb": (10, 150), "set": (3, 3500)}  # from how many on, what each costs
LAMP = Part("lamp", 1, ID, ID, "Lamp", 4000)
CORD, BULBS = Part("cord", 1, ID, ID, "Cord", 1000), Part("bulb", 4, ID, ID, "Bulb", 300)
PARTS = {"set": [LAMP, BULBS], "pair": [LAMP, CORD], "kit": [LAMP, CORD, BULBS]}
SENT = Method("parcel", "Parcel", {"EUR": [Bracket(490, None, None)]}, {"EUR": 6000}, None, None, False)
ZONES = [Zone(ID, "germany", "Germany", [Place("DE", [], [])], [SENT], 1)]
LAMPS = ["lamp", "set", "pair", "kit"]
OFFS = [
    PromotionInput("Ten", PercentageInput(1000), minimum={"EUR": 6000}),
    PromotionInput("Lamps", PercentageInput(3000), minimum={"EUR": 5000}, skus=LAMPS),
    PromotionInput("Three", BuyGetInput(2, 1)),
    PromotionInput("Any two", BuyGetInput(1, 1, buy_of=ProductSetInput(["cord", "bulb"]))),
    PromotionInput("Cords", BuyGetInput(1, 1, buy_of=ProductSetInput(["lamp"]), get_of=ProductSetInput(["cord"]))),
    PromotionInput("Mug", GiftInput("mug"), minimum={"EUR": 4000}),
    PromotionInput("Mug for a lamp", GiftInput("mug", 2), skus=LAMPS),
    PromotionInput("Bulb", GiftInput("bulb"), minimum={"EUR": 2000}),
    PromotionInput("Sent", FreeShippingInput(), minimum={"EUR": 3000}),
    PromotionInput("Lamps are sent", FreeShippingInput(), skus=LAMPS),
]
WANTED = st.dictionaries(st.sampled_from(sorted(PRICES)), st.integers(1, 7), min_size=1, max_size=4)


def offer(sku: str, quantity: int) -> Offer:
    least, amount = TIERS.get(sku, (10**6, 0))
    unit = UnitPrice(amount, ID, least) if quantity >= least else UnitPrice(PRICES[sku])
    return Offer(ID, ID, sku, unit, parts=PARTS.get(sku, ()))


def goods(wanted: Mapping[str, int], said: list[PromotionInput], sent: Shipping | None = None) -> Goods:
    """Goods at today's prices, with what promotions take off and add; sent so, or as the zone says."""
    promotions = [Promotion(UUID(int=n), terms_of(each), "running", 0, 1) for n, each in enumerate(said)]
    spare = {sku: Spare(PRICES[sku], 100) for sku in ("mug", "bulb")}
    offers = {sku: offer(sku, wanted.get(sku, 1)) for sku in PRICES}
    spare |= {sku: Spare(offers[sku].price.amount_minor, 100) for sku in spare}
    offered = Offered(promotions, [], {}, AT, spare)
    value = sent_of(wanted, offers, "EUR", offered).value_minor
    [shipping] = options(ZONES, Parcel("DE", "", "", "EUR", 0, value))
    return goods_of(wanted, offers, sent or shipping, "EUR", offered)


def ordered(found: Goods) -> Order:
    told = price(found, answered(TaxRules([], "none"), question_of(found, Where("DE"))))
    return Order(
        ID, "", ID, ID, ID, ID, "", "", "DE", told.lines, told.totals, [], AT, "confirmed", None, True, 1,
        told.discounts, shipping=found.shipping, bundles=told.bundles,
    )  # fmt: skip


def sku_counts(order: Order) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in order.lines:
        found[line.sku] = found.get(line.sku, 0) + line.quantity
    return found


def paid_for(order: Order, left: Mapping[str, int]) -> int:
    """What stays paid of it once the rest was paid back, as refunds reckon it, with its shipping."""
    has, cost = sku_counts(order), dict.fromkeys(left, 0)
    for line in order.lines:
        cost[line.sku] += line.cost_minor
    shipping = order.totals.total_minor - sum(cost.values())
    return shipping + sum(cost[sku] - cost[sku] * (has[sku] - n) // has[sku] for sku, n in left.items())


def alone(left: Mapping[str, int], order: Order, said: list[PromotionInput]) -> int:
    """The least that exactly this costs by itself, sent as it is, whichever of it are bundles and gifts."""
    most = [left.get("mug", 0), min(left.get("bulb", 0), 1), *[left.get("lamp", 0)] * 3]
    ways = product(*(range(n + 1) for n in most))
    return min(cost for way in ways if (cost := _cost(left, order, said, *way)) is not None)


def _cost(
    left: Mapping[str, int], order: Order, said: list[PromotionInput], mugs: int, bulbs: int, *bundles: int
) -> int | None:
    """With so many gifts and bundles; None if it is not sold so."""
    wanted = {sku: left.get(sku, 0) for sku in PRICES} | dict(zip(PARTS, bundles, strict=True))
    wanted["mug"] -= mugs
    wanted["bulb"] -= bulbs
    for sku, parts in PARTS.items():
        for part in parts:
            wanted[part.sku] -= part.quantity * wanted[sku]
    if min(wanted.values()) < 0 or not any(wanted.values()):
        return None
    found = goods({sku: n for sku, n in wanted.items() if n}, said, order.shipping)
    given = {line.sku: line.gift_quantity for line in found.lines}
    if given.get("mug", 0) < mugs or given.get("bulb", 0) < bulbs:
        return None
    return sum(line.total_minor for line in found.lines) + found.shipping.price_minor - found.off.total_minor


@given(WANTED, st.lists(st.sampled_from(range(len(OFFS))), unique=True, max_size=4), st.data())
@settings(BOUNDED, max_examples=300)  # the rules are many, and each shows in few orders
def test_less_of_an_order_never_costs_less_than_it_would_have_alone(
    wanted: dict[str, int], chosen: list[int], data: st.DataObject
) -> None:
    said = [OFFS[n] for n in chosen]
    order = ordered(goods(wanted, said))
    has = sku_counts(order)
    left = {sku: data.draw(st.integers(0, n), sku) for sku, n in has.items()}
    if not any(left.values()) or all(left[sku] <= gifts_of(order, sku) for sku in left):
        return  # nothing but gifts: they go, too
    stands = Standing(order, True, has, [], [], [])
    try:
        check_terms(stands, Group(stands, []), left)
    except BelowTerms as refused:
        event(", ".join(sorted({each["what"] for each in refused.facts["terms"]})))
        return
    event("may stay")
    rounding, paid = len(order.lines) * (len(said) + 1), paid_for(order, left)
    assert paid + rounding >= alone(left, order, said)
    assert order.shipping is not None
    assert paid + rounding >= order.shipping.from_minor


def gifts_of(order: Order, sku: str) -> int:
    return sum(line.gift_quantity for line in order.lines if line.sku == sku)


def test_shipping_is_free_by_what_an_order_comes_to_and_says_so() -> None:
    assert goods({"lamp": 1}, []).shipping == Shipping("parcel", "Parcel", 490, "germany")
    assert goods({"lamp": 2}, []).shipping == Shipping("parcel", "Parcel", 0, "germany", from_minor=6000)

"""What an edit has to leave, pure: tiers, discounts, gifts, free shipping and bundles stay what they were given for.

Nothing is priced anew: what would be left below the terms under which it was sold is refused, naming these (decision
113). Who wants less than that takes off what was given, too, or all of it. Staff are not asked.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from msgspec import to_builtins

from shared.events.orders import Discount, Needs
from write_side.errors import Refusal
from write_side.fulfilment.editing.group import cut
from write_side.orders import Order, gifts_apart, in_bundles, with_whole_bundles

MOST_NAMED = 20


class BelowTerms(Refusal):
    """What would be left is less than a price, a discount, a gift or free shipping was given for; `terms` says of each
    what it needs."""

    code = "below_terms"


class Kept(NamedTuple):
    """What stays of an order. `bought`: SKU of the cart → how many, gifts apart; `gifts`: SKU → how many of them;
    `broken`: bundles of which a part would stay."""

    bought: Mapping[str, int]
    gifts: Mapping[str, int]
    broken: set[str]


def check_terms(order: Order, owed: Mapping[str, int], left: Mapping[str, int]) -> None:
    """Whether an order of which so many are to be sent (SKU → quantity) may stay with so many of each. What was below
    its terms already, since staff have seen to that, holds nobody up. What is both bought and a gift is a gift as long
    as that many stay. Refuses `below_terms`."""
    before = [_name(each) for each in _short(order, owed)]
    short = [each for each in _short(order, left) if _name(each) not in before]
    if short:
        named = ", ".join(dict.fromkeys(each["name"] for each in short[:MOST_NAMED]))
        detail = f"too little would be left for what it was sold by: {named}"
        raise BelowTerms(detail, terms=short[:MOST_NAMED])


def _name(term: Mapping[str, Any]) -> tuple[Any, ...]:
    return term["what"], term.get("sku"), term.get("promotion_id")


def _short(order: Order, left: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    kept = _kept(order, left)
    yield from ({"what": "bundle", "name": sku, "sku": sku} for sku in sorted(kept.broken))
    worth = 0
    for line in order.sold:
        stay = 0 if line.gift_card else kept.bought.get(line.sku, 0)
        worth += line.unit_price_minor * stay
        if 0 < stay < line.from_quantity:
            yield {"what": "price", "name": line.name, "sku": line.sku, "from_quantity": line.from_quantity,
                   "left": stay}  # fmt: skip
    grouped = _grouped(order)
    for discount in order.discounts:
        if discount.needs is not None and not _is_met(discount, discount.needs, kept, worth, grouped):
            yield {"what": "promotion", "name": discount.name, "promotion_id": discount.promotion_id,
                   "left_minor": worth, **_told(discount.needs)}  # fmt: skip
    if order.shipping is not None and order.shipping.free_from_minor:
        lines = cut([line for line in order.lines if not line.gift_card], left)
        value = sum(line.total_minor - line.discount_minor for line in lines)
        if value < order.shipping.free_from_minor:
            yield {"what": "shipping", "name": order.shipping.name, "minimum_minor": order.shipping.free_from_minor,
                   "left_minor": value}  # fmt: skip


def _told(needs: Needs) -> dict[str, Any]:
    told: dict[str, Any] = to_builtins(needs)
    return told | {"one_of": needs.one_of[:MOST_NAMED]} if needs.one_of else told


def _kept(order: Order, left: Mapping[str, int]) -> Kept:
    """Pieces go alone as long as there are any beside those in bundles."""
    given = {line.sku: line.gift_quantity for line in order.lines if line.gift_quantity}
    gifts = {sku: min(left.get(sku, 0), quantity) for sku, quantity in given.items()}
    goods = {sku: quantity - gifts.get(sku, 0) for sku, quantity in left.items()}
    bought = with_whole_bundles(goods, order.lines, order.bundles)
    for bundle in order.bundles:
        for sku, quantity in in_bundles(bundle, order.lines).items():
            bought[sku] = bought.get(sku, 0) - quantity * bought.get(bundle.sku, 0) // bundle.quantity
    alone = gifts_apart(line for line in order.lines if not line.bundle)
    parts = {sku for sku in goods if bought[sku] > alone.get(sku, 0)}
    broken = {line.bundle for line in order.lines if line.bundle and line.sku in parts}
    return Kept({sku: max(quantity, 0) for sku, quantity in bought.items()}, gifts, broken)


def _grouped(order: Order) -> dict[str, int]:
    """SKU → how many pieces are in groups, of whichever promotions: one piece is hardly ever in two of them."""
    found: dict[str, int] = {}
    for discount in order.discounts:
        for sku, pieces in (discount.needs.together if discount.needs else {}).items():
            found[sku] = found.get(sku, 0) + pieces
    bought = gifts_apart(order.sold)
    return {sku: min(pieces, bought.get(sku, 0)) for sku, pieces in found.items()}


def _is_met(
    discount: Discount, needs: Needs, kept: Kept, worth_minor: int, grouped: Mapping[str, int]
) -> bool:
    """Whether it keeps what it needs, or nothing of the discount."""
    if not _keeps_some(discount, needs, kept):
        return True
    here = not needs.one_of or any(kept.bought.get(sku, 0) for sku in needs.one_of)
    whole = all(kept.bought.get(sku, 0) >= grouped[sku] for sku in needs.together)
    return here and whole and worth_minor >= needs.minimum_minor


def _keeps_some(discount: Discount, needs: Needs, kept: Kept) -> bool:
    if needs.gift:
        return kept.gifts.get(needs.gift, 0) > 0
    of = [] if discount.shipping_minor else needs.one_of or [*needs.together]
    return any(kept.bought.get(sku, 0) for sku in of) if of else any(kept.bought.values())

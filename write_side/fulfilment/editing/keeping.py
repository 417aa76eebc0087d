"""What an edit has to leave, pure: tiers, discounts, gifts, free shipping and bundles stay what they were given for.

Nothing is priced anew: what would be left below the terms under which it was sold is refused, naming these (decision
113). Who wants less than that takes off what was given, too, or all of it. Staff are not asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from msgspec import to_builtins

from shared.events.orders import Discount, Needs
from write_side.errors import Refusal
from write_side.fulfilment.editing.group import Group, going, worth
from write_side.fulfilment.standing import Standing
from write_side.orders import Order, gifts_among, gifts_apart, in_bundles, whole_of
from write_side.refunds import added_up

MOST_NAMED = 20
Term = dict[str, Any]


class BelowTerms(Refusal):
    """What would be left is less than a price, a discount, a gift or free shipping was given for; `terms` says of each
    what it needs."""

    code = "below_terms"


class Kept(NamedTuple):
    """What stays of an order. `bought`: SKU of the cart, of bundles their own → how many, gifts apart; `gifts`: SKU →
    how many of them; `broken`: bundles of which a part would stay."""

    bought: Mapping[str, int]
    gifts: Mapping[str, int]
    broken: set[str]


def check_terms(now: Standing, group: Group, left: Mapping[str, int]) -> None:
    """Whether an order may stay with so many of each SKU, beside what was added, or what it was added to. What was
    below its terms already, since staff have seen to that, holds nobody up. Refuses `below_terms`."""
    before = [_name(each) for each in _short(now, group, now.owed)]
    short = [each for each in _short(now, group, left) if _name(each) not in before]
    if short:
        named = ", ".join(dict.fromkeys(each["name"] for each in short[:MOST_NAMED]))
        detail = f"too little would be left for what it was sold by: {named}"
        raise BelowTerms(detail, terms=short[:MOST_NAMED])


def _name(term: Term) -> tuple[Any, ...]:
    return term["what"], term.get("sku"), term.get("promotion_id"), term.get("order_id")


def _short(now: Standing, group: Group, left: Mapping[str, int]) -> Iterator[Term]:
    kept, members = kept_of(now.order, left), _staying(now, group, left)
    if any(left.values()):
        yield from ({"what": "bundle", "name": sku, "sku": sku} for sku in sorted(kept.broken))
        mixed = _cheaper_by_others(now.order, left, kept.bought)
        yield from ({"what": "ways", "name": sku, "sku": sku} for sku in sorted(mixed))
        yield from _tiers(now.order, kept)
    itself = next(n for n, each in enumerate(members) if each.order.id == now.order.id)
    yield from _promotions(now.order, kept, carries=_carries(members[itself:]))
    yield from _shipping(members)


def _tiers(order: Order, kept: Kept) -> Iterator[Term]:
    for line in order.sold:
        stay = kept.bought.get(line.sku, 0)
        if 0 < stay < line.from_quantity and not line.gift_card:
            yield {"what": "price", "name": line.name, "sku": line.sku, "from_quantity": line.from_quantity,
                   "left": stay}  # fmt: skip


# --- promotions -------------------------------------------------------------------------------------------------------


def _promotions(order: Order, kept: Kept, *, carries: bool) -> Iterator[Term]:
    """`carries`: whether anything goes by its shipping."""
    goods = [line for line in order.sold if not line.gift_card]
    worth = sum(line.unit_price_minor * kept.bought.get(line.sku, 0) for line in goods)
    grouped, spare = _grouped(order), dict(kept.gifts)
    short = list[tuple[Discount, Needs]]()
    for discount in order.discounts:
        if (needs := discount.needs) is None or not _keeps_some(discount, needs, kept, carries=carries):
            continue
        if not _is_met(needs, kept, worth, grouped):
            short.append((discount, needs))
        elif needs.gift:
            spare[needs.gift] -= needs.gift_quantity
    for discount, needs in short:
        if not needs.gift or spare[needs.gift] > 0:  # what is left of gifts may be those of others
            yield {"what": "promotion", "name": discount.name, "promotion_id": discount.promotion_id,
                   "left_minor": worth, **_told(needs, kept)}  # fmt: skip


def _keeps_some(discount: Discount, needs: Needs, kept: Kept, *, carries: bool) -> bool:
    if needs.gift:
        return kept.gifts.get(needs.gift, 0) > 0
    if discount.shipping_minor:
        return carries
    of = needs.one_of or needs.together
    return any(kept.bought.get(sku, 0) for sku in of) if of else any(kept.bought.values())


def _is_met(needs: Needs, kept: Kept, worth_minor: int, grouped: Mapping[str, int]) -> bool:
    here = not needs.one_of or any(kept.bought.get(sku, 0) for sku in needs.one_of)
    some = [sku for sku in needs.together if kept.bought.get(sku, 0) or not needs.each_alone]
    whole = all(kept.bought.get(sku, 0) >= grouped[sku] for sku in some)
    return here and whole and worth_minor >= needs.minimum_minor


def _grouped(order: Order) -> dict[str, int]:
    """SKU → how many pieces are in groups: of those of one SKU as many as in the greatest, and a piece of those over
    sets is in one (`shared.promotion_groups`)."""
    grouping = [each.needs for each in order.discounts if each.needs]
    over_sets = added_up(each for needs in grouping if not needs.each_alone for each in needs.together.items())
    alone = dict[str, int]()
    for sku, pieces in (each for needs in grouping if needs.each_alone for each in needs.together.items()):
        alone[sku] = max(alone.get(sku, 0), pieces)
    bought = gifts_apart(order.sold)
    both = alone.keys() | over_sets.keys()
    return {sku: min(alone.get(sku, 0) + over_sets.get(sku, 0), bought.get(sku, 0)) for sku in both}


def _told(needs: Needs, kept: Kept) -> Term:
    """What it needs, of many SKUs a few: of groups those first that lack most."""
    told: Term = to_builtins(needs)
    if needs.one_of:
        told["one_of"] = needs.one_of[:MOST_NAMED]
    if needs.together:
        lacking = sorted(needs.together, key=lambda sku: kept.bought.get(sku, 0) - needs.together[sku])
        told["together"] = {sku: needs.together[sku] for sku in lacking[:MOST_NAMED]}
    return told


# --- shipping ---------------------------------------------------------------------------------------------------------


class Staying(NamedTuple):
    """An order of a group, and SKU → how many of it stay."""

    order: Order
    left: Mapping[str, int]


def _staying(now: Standing, group: Group, left: Mapping[str, int]) -> list[Staying]:
    """In the order in which they were added; of what is being cancelled nothing stays."""
    found = []
    for each in (group.first, *group.added):
        stays = going(each) if each.order.state != "closing" else {}
        found.append(Staying(each.order, left if each.order.id == now.order.id else stays))
    return found


def _carries(members: Sequence[Staying]) -> bool:
    """Whether anything goes by the shipping of the first of these: of itself, or of what was added later."""
    return any(any(each.left.values()) for each in members)


def _shipping(members: Sequence[Staying]) -> Iterator[Term]:
    """Whose shipping costs so little by what it and all before it came to: as it was priced, when what was added later
    did not count. So whatever was added last can be taken back first."""
    value = 0
    for n, (order, left) in enumerate(members):
        value += worth(order, left)
        sent = order.shipping
        if sent is not None and value < sent.from_minor and _carries(members[n:]):
            yield {"what": "shipping", "name": sent.name, "order_id": order.id, "minimum_minor": sent.from_minor,
                   "left_minor": value}  # fmt: skip


# --- what stays -------------------------------------------------------------------------------------------------------


def kept_of(order: Order, left: Mapping[str, int]) -> Kept:
    """What stays of an order of which so many of each of its goods do. Of what is both bought and a gift the gift stays
    longest; pieces go alone ahead of those in bundles, and of bundles that share a SKU those with most parts stay."""
    gifts = {sku: min(left.get(sku, 0), quantity) for sku, quantity in gifts_among(order.lines).items()}
    rest = {sku: quantity - gifts.get(sku, 0) for sku, quantity in left.items()}
    parts, whole = in_bundles(order.lines), dict[str, int]()
    for bundle in sorted(order.bundles, key=lambda each: -len(parts[each.sku])):
        whole[bundle.sku] = whole_of(bundle, parts[bundle.sku], rest)
        for sku, quantity in parts[bundle.sku].items():
            rest[sku] = rest.get(sku, 0) - quantity * whole[bundle.sku] // bundle.quantity
    alone = gifts_apart(line for line in order.lines if not line.bundle)
    loose = {sku for sku in rest if rest[sku] > alone.get(sku, 0)}
    broken = {bundle.sku for bundle in order.bundles if not loose.isdisjoint(parts[bundle.sku])}
    return Kept(rest | whole, gifts, broken)


def _cheaper_by_others(order: Order, left: Mapping[str, int], whole: Mapping[str, int]) -> set[str]:
    """SKUs that were sold in several ways, alone and in bundles, of which what stays would keep the price of what goes:
    units of a SKU go back for what they have cost on the average. `whole`: bundle → how many stay."""
    ways = dict[str, dict[str, tuple[int, int]]]()  # SKU → bundle, or alone → how many, and what they have cost
    for line in order.lines:
        n, cost = ways.setdefault(line.sku, {}).get(line.bundle, (0, 0))
        ways[line.sku][line.bundle] = n + line.quantity, cost + line.cost_minor
    sold = {bundle.sku: bundle.quantity for bundle in order.bundles}
    found = set[str]()
    for sku in (sku for sku, each in ways.items() if len(each) > 1):
        stays = {way: n * whole[way] // sold[way] for way, (n, _) in ways[sku].items() if way}
        stays[""] = max(left.get(sku, 0) - sum(stays.values()), 0)
        worth = sum(Fraction(cost * stays[way], n) for way, (n, cost) in ways[sku].items())
        all_, paid = (sum(each) for each in zip(*ways[sku].values(), strict=True))
        if Fraction(paid * left.get(sku, 0), all_) < worth:
            found.add(sku)
    return found

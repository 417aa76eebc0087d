"""Edits of an order, pure: whether it may still be changed, and what it has less afterwards.

What it costs is frozen in its quote: less of a line gives back what these units have cost, and an address is changed
for another one by which shipping and taxes are the same. What is added is an order of its own (adding.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from write_side.customers import AddressInput
from write_side.errors import Invalid, Refusal
from write_side.fulfilment.domain import Parcel
from write_side.fulfilment.picking.domain import Pick, is_holding
from write_side.inventory import Demand, Line, Sku
from write_side.invoices import InvoiceNotPermitted
from write_side.orders import Order


class NotEditable(Refusal):
    """It is not paid, or over: only paid orders that wait to be picked are changed. `order_state` says how it is."""

    code = "not_editable"


class PickingHasBegun(Refusal):
    """Somebody is at the shelf with its list, or was: what is not wanted comes back by a return."""

    code = "picking_has_begun"


class AddsToOrder(Refusal):
    """More than is ordered: `POST …/additions` adds. `lines` says how many are ordered."""

    code = "adds_to_order"


class NothingToChange(Refusal):
    """It is so already."""

    code = "nothing_to_change"


class AddressChangesPrice(Refusal):
    """Shipping or taxes are others there: cancel the order, or refund it, and place another one."""

    code = "address_changes_price"


class IsAddition(Refusal):
    """It adds to another order and goes with it: `adds_to` is the one to be changed."""

    code = "is_addition"


class AdditionUnpaid(Refusal):
    """What was added before waits to be paid, or cancelled, or its money to be taken; `addition_id` says which order
    that is."""

    code = "addition_unpaid"


class NewQuantity(Struct, frozen=True, forbid_unknown_fields=True):
    """So many of a SKU from now on; 0 for none."""

    sku: Sku
    quantity: Annotated[int, Meta(ge=0, le=1_000_000)]  # of what bundles hold an order may have more than a cart


class EditOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"lines": [{"sku": "DB100000", "quantity": 0}]}`: none of it any more; other lines stay as they are."""

    lines: Annotated[list[NewQuantity], Meta(min_length=1, max_length=5_000)]


class AddLines(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"lines": [{"sku": "DB100000", "quantity": 1}]}`: so many more, of what is ordered or of something else."""

    lines: Annotated[list[Demand], Meta(min_length=1, max_length=5_000)]


class ChangeAddress(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"address": {"name": "Ada", "line1": "Hill 2", "city": "Ulm", "postal_code": "89073", "country": "DE"}}`."""

    address: AddressInput


def check_editable(order_state: str, picks: Iterable[Pick], parcels: Iterable[Parcel]) -> None:
    """Refuses `not_editable`, `picking_has_begun`."""
    if order_state != "confirmed":
        raise NotEditable(f"the order is {order_state}", order_state=order_state)
    if any(map(is_holding, picks)) or any(True for _ in parcels):
        raise PickingHasBegun("its goods are being packed, or have left")


def check_movable(*, held: bool, by_staff: bool, on_credit: bool = False, by_token: bool = False) -> None:
    """An address is half of what a payment is judged by: while a person looks at it, only staff change it. And what
    an account owes for goes nowhere else by a link that was forwarded. Refuses `not_editable`."""
    if held and not by_staff:
        raise NotEditable("its payment is still being looked at", order_state="confirmed")
    if on_credit and by_token:
        raise NotEditable("it is on invoice: its account says where it goes, signed in", order_state="confirmed")


def check_charges(*, on_credit: bool, by_token: bool) -> None:
    """An order's token stands in the link of every mail: nobody buys on an account's credit by it alone. Refuses
    `invoice_not_permitted`."""
    if on_credit and by_token:
        raise InvoiceNotPermitted("its account adds to what is on invoice, signed in")


def check_addable(order: Order, owed: Mapping[str, int], *, captured: bool) -> None:
    """Whether more may go with an order that may still be changed. Refuses `is_addition`, `not_editable`."""
    if order.adds_to is not None:
        raise IsAddition("add to the order that this one adds to", adds_to=order.adds_to)
    if not captured:
        raise NotEditable("its money is not taken yet", order_state=order.state)
    if not any(quantity > 0 for quantity in owed.values()):
        raise NotEditable("nothing of it is to be sent any more", order_state=order.state)


def lowered(owed: Mapping[str, int], wanted: EditOrder) -> list[Demand]:
    """How many less of which SKU. `owed`: SKU → how many are to be sent. Refuses `adds_to_order`,
    `nothing_to_change`, `invalid`."""
    asked = _asked(wanted)
    if adding := [sku for sku, quantity in asked.items() if quantity > owed.get(sku, 0)]:
        facts = [{"sku": sku, "wanted": asked[sku], "ordered": owed.get(sku, 0)} for sku in adding]
        raise AddsToOrder(f"not so many are ordered: {', '.join(adding[:20])}", lines=facts)
    less = [Demand(sku, owed[sku] - quantity) for sku, quantity in asked.items() if owed.get(sku, 0) > quantity]
    if not less:
        raise NothingToChange("it has so many already")
    return less


def _asked(wanted: EditOrder) -> dict[str, int]:
    found: dict[str, int] = {}
    for n, line in enumerate(wanted.lines):
        if line.sku in found:  # money goes back by it, and nobody can tell which of both is meant
            raise Invalid(f"{line.sku} is named twice", pointer=f"/lines/{n}/sku")
        found[line.sku] = line.quantity
    return found


def with_gifts_alone(owed: Mapping[str, int], less: Sequence[Demand], gifts: Mapping[str, int]) -> list[Demand]:
    """What is lowered, and with it all gifts (SKU → how many of it are) where nothing else would be left: they go with
    what is bought, or whoever wants them alone would buy something and take it back before it leaves."""
    if bought_among(left_of(owed, less), gifts):
        return [*less]
    return [Demand(sku, quantity) for sku, quantity in owed.items() if quantity > 0]


def bought_among(left: Mapping[str, int], gifts: Mapping[str, int]) -> bool:
    """Whether so many (SKU → how many) are more than what was given of it."""
    return any(n > gifts.get(sku, 0) for sku, n in left.items())


def left_of(owed: Mapping[str, int], less: Iterable[Line]) -> dict[str, int]:
    """SKU → how many are still to be sent; where there are none, shipping costs nothing either."""
    gone = {line.sku: line.quantity for line in less}
    return {sku: max(quantity - gone.get(sku, 0), 0) for sku, quantity in owed.items()}

"""Purchase limits, pure: at most so many of a SKU in an order, and at most so many for a customer.

What a customer has is what their orders say that were neither cancelled nor expired, and what is held for exchanges:
there is no second count of it, so nothing has to be given back. Two orders of one customer (who is one: decision 97) at
the same time are told apart by a lock (`orders_hold_limits`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from shared.events.inventory import PurchaseLimitSet
from write_side.errors import Invalid, NotFound, Refusal

Most = Annotated[int, Meta(ge=1, le=1_000_000)]


class PurchaseLimitReached(Refusal):
    """More than one order, or one customer, may have; `lines` tells how many are left for this one."""

    code = "purchase_limit"


class UnknownPurchaseLimit(NotFound):
    """This SKU has no purchase limit, and never had."""

    code = "unknown_purchase_limit"


class SetPurchaseLimit(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"most_per_order": 2, "most_per_customer": 4, "window_days": 30}`; null: no such limit, or for ever."""

    most_per_order: Most | None = None
    most_per_customer: Most | None = None
    window_days: Annotated[int, Meta(ge=1, le=3650)] | None = None


class PurchaseLimit(Struct, frozen=True):
    """The limits of a SKU; once they are lifted all are null."""

    id: UUID
    sku: str
    product_id: UUID
    most_per_order: int | None
    most_per_customer: int | None
    window_days: int | None  # only orders so young count
    version: int


def set_limit(
    limit: PurchaseLimit | None, limit_id: UUID, sku: str, product_id: UUID, command: SetPurchaseLimit
) -> PurchaseLimitSet | None:
    """The event, or None where it is so already. Raises `Invalid` for a window of nothing."""
    if command.window_days is not None and command.most_per_customer is None:
        raise Invalid("a window is for what a customer may have in it", pointer="/window_days")
    wanted = (command.most_per_order, command.most_per_customer, command.window_days)
    if limit is None:
        return PurchaseLimitSet(limit_id, sku, product_id, *wanted)
    if (limit.most_per_order, limit.most_per_customer, limit.window_days) == wanted:
        return None
    return PurchaseLimitSet(limit.id, sku, limit.product_id, *wanted)


def evolve(event: PurchaseLimitSet, version: int) -> PurchaseLimit:
    """The limits after an event, which says all of them."""
    return PurchaseLimit(
        event.limit_id, event.sku, event.product_id, event.most_per_order, event.most_per_customer, event.window_days,
        version,
    )  # fmt: skip


def check_limits(
    wanted: Mapping[str, int], limits: Iterable[PurchaseLimit], bought: Mapping[str, int],
    ordered: Mapping[str, int] | None = None,
) -> None:  # fmt: skip
    """Raises `PurchaseLimitReached` naming each line that is too much; `bought`: what the customer has, by SKU;
    `ordered`: what stands in the order that it adds to."""
    known = [(limit, wanted[limit.sku], (ordered or {}).get(limit.sku, 0)) for limit in limits if limit.sku in wanted]
    lines = [line for limit, more, there in known if (line := _too_much(limit, more, bought, there))]
    if lines:
        said = "; ".join(f"{line['sku']}: {line['wanted']} wanted, {line['left']} allowed" for line in lines)
        raise PurchaseLimitReached(said, lines=lines)


def _too_much(
    limit: PurchaseLimit, wanted: int, bought: Mapping[str, int], ordered: int
) -> dict[str, object] | None:
    line: dict[str, object] = {"sku": limit.sku, "wanted": wanted}
    if limit.most_per_customer is not None:
        left = max(limit.most_per_customer - bought.get(limit.sku, 0), 0)
        if wanted > left:
            most = {"left": left, "most_per_customer": limit.most_per_customer, "window_days": limit.window_days}
            return line | most
    if limit.most_per_order is not None and wanted + ordered > limit.most_per_order:
        left = max(limit.most_per_order - ordered, 0)
        return line | {"left": left, "most_per_order": limit.most_per_order}
    return None


def counted(wanted: Mapping[str, int], limits: Sequence[PurchaseLimit]) -> dict[str, int]:
    """SKU → quantity of what the rows have to be asked for: where a customer may have only so many."""
    return {one.sku: wanted[one.sku] for one in limits if one.most_per_customer is not None and one.sku in wanted}

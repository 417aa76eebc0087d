"""An order and what was added to it: how they stand together, and what of them goes by the shipping that was paid."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct, structs

from shared.events.orders import PricedLine
from write_side import orders
from write_side.database import Connection
from write_side.fulfilment import standing
from write_side.fulfilment.editing.domain import AdditionUnpaid
from write_side.fulfilment.standing import Standing
from write_side.inventory import summed
from write_side.orders import Order


class Group(Struct, frozen=True):
    """A first order, and its additions that are not over, oldest first."""

    first: Standing
    added: Sequence[Standing]

    def check_settled(self) -> None:
        """What is added later counts on the shipping of what was added before, which goes back if that is cancelled:
        its money has to be taken. Refuses `addition_unpaid`."""
        if waits := next((each.order.id for each in self.added if not each.captured), None):
            raise AdditionUnpaid("pay what was added before, or cancel it", addition_id=waits)

    def counts_on(self, order_id: UUID) -> bool:
        """Whether others go by what shipping this one has cost: of the first all, of an addition those added later.
        Refuses `addition_unpaid` where one of these may still be paid, or not."""
        ids = [each.order.id for each in self.added]
        later = self.added[ids.index(order_id) + 1 :] if order_id in ids else self.added
        later = [each for each in later if each.order.state != "closing"]
        if order_id in ids:
            Group(self.first, later).check_settled()
        return any(goes(each) for each in later if each.order.state == "confirmed")

    def freed_by(self, order_id: UUID) -> list[Order]:
        """Whose shipping nothing goes by any more once nothing goes of an addition, or it is over: those captured
        before it that don't go, nor what was added later."""
        ids = [self.first.order.id, *self.first.order.additions]
        before = ids[: ids.index(order_id)]
        kept = [each for each in (self.first, *self.added) if each.order.id != order_id]
        return [
            each.order
            for n, each in enumerate(kept)
            if each.order.id in before and each.captured and not any(map(goes, kept[n:]))
        ]


async def lock(conn: Connection, order_id: UUID) -> tuple[Standing, Group]:
    """An order, and the group that it is the first of or was added to, held until the transaction ends: the first one
    first. Refuses `unknown_order`."""
    head = await orders.find_head(conn, order_id)
    first = await standing.lock(conn, head.adds_to if head is not None and head.adds_to else order_id)
    added = [await standing.lock(conn, each.id) for each in await orders.lock_additions(conn, first.order)]
    group = Group(first, added)
    found = next((each for each in (first, *added) if each.order.id == order_id), None)
    return found or await standing.lock(conn, order_id), group


async def read(conn: Connection, first: orders.Order) -> Group:
    """The same as it is now, nobody held."""
    found = [await orders.find_order(conn, order_id) for order_id in first.additions]
    running = [each for each in found if each is not None and each.state in orders.RUNNING]
    return Group(await standing.read(conn, first), [await standing.read(conn, each) for each in running])


def going(stands: Standing) -> dict[str, int]:
    """SKU → how many were sent or are to be."""
    sent = summed(line for parcel in stands.parcels for line in parcel.lines)
    return {sku: max(quantity, 0) + sent.get(sku, 0) for sku, quantity in stands.owed.items()}


def goes(stands: Standing) -> bool:
    """Whether anything of it was sent or is to be; of what is being cancelled nothing is."""
    return stands.order.state != "closing" and any(going(stands).values())


def shipped_with(group: Group) -> list[PricedLine]:
    """What shipping was paid for: all of the first, and of each addition what was sent or is to be."""
    first = [line for line in group.first.order.lines if not line.gift_card]
    return first + [line for each in group.added for line in cut(each.order.lines, going(each))]


def cut(lines: Sequence[PricedLine], left: Mapping[str, int]) -> list[PricedLine]:
    """Lines with no more units than are left of each SKU, at what these have cost."""
    remaining, found = dict(left), []
    for line in lines:
        kept = min(line.quantity, remaining.get(line.sku, 0))
        remaining[line.sku] = remaining.get(line.sku, 0) - kept
        if kept:
            total, off = (amount * kept // line.quantity for amount in (line.total_minor, line.discount_minor))
            found.append(structs.replace(line, quantity=kept, total_minor=total, discount_minor=off))
    return found

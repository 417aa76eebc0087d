"""An order and what was added to it: how they stand together, and what of them goes by the shipping that was paid."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from write_side import orders, refunds
from write_side.database import Connection
from write_side.fulfilment import standing
from write_side.fulfilment.editing import domain
from write_side.fulfilment.editing.domain import AdditionUnpaid
from write_side.fulfilment.standing import Standing
from write_side.inventory import summed
from write_side.orders import Load, Order
from write_side.refunds import added_up

MEMBERS = (*orders.RUNNING, "completed")  # states of orders of which something may go, or went


class Group(Struct, frozen=True):
    """A first order, and its additions but for those that came to nothing, oldest first."""

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
        later = [each for each in self.later_than(order_id) if each.order.state != "closing"]
        if order_id != self.first.order.id:
            Group(self.first, later).check_settled()
        return any(goes(each) for each in later if each.order.state != "pending_payment")

    def may_count_on(self, order_id: UUID) -> bool:
        """The same, with what may still be paid among them: for who asks while nobody can decide about these."""
        return any(map(goes, self.later_than(order_id)))

    def later_than(self, order_id: UUID) -> list[Standing]:
        """What was added behind an order of the group."""
        ids = [self.first.order.id, *self.first.order.additions]
        later = ids[ids.index(order_id) + 1 :]
        return [each for each in self.added if each.order.id in later]

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
    await orders.lock_additions(conn, first.order)
    held = [await orders.lock_whole(conn, id_) for id_ in first.order.additions]
    group = Group(first, [await standing.read(conn, each) for each in held if each.state in MEMBERS])
    found = next((each for each in (first, *group.added) if each.order.id == order_id), None)
    return found or await standing.lock(conn, order_id), group  # what came to nothing is in no group


async def around(conn: Connection, order: Order) -> Group:
    """The group that a locked order is the first of or was added to, as it is now, nobody else held."""
    first = await orders.find_order(conn, order.adds_to) if order.adds_to else order
    assert first is not None
    return await read(conn, first)


async def read(conn: Connection, first: orders.Order) -> Group:
    """The same as it is now, nobody held."""
    found = [await orders.find_order(conn, order_id) for order_id in first.additions]
    members = [each for each in found if each is not None and each.state in MEMBERS]
    return Group(await standing.read(conn, first), [await standing.read(conn, each) for each in members])


def going(stands: Standing) -> dict[str, int]:
    """SKU → how many were sent or are to be."""
    sent = stands.sent
    return {sku: max(quantity, 0) + sent.get(sku, 0) for sku, quantity in stands.owed.items()}


def goes(stands: Standing) -> bool:
    """Whether anything that was bought of it was sent or is to be; of what is being cancelled, or came to nothing,
    nothing is."""
    return stands.order.state in MEMBERS and stands.order.state != "closing" and bought_among(stands, going(stands))


def bought_among(stands: Standing, left: Mapping[str, int]) -> bool:
    """Whether so many of its goods are more than what was given: shipping isn't paid for a gift alone."""
    return domain.bought_among(left, orders.gifts_among(stands.order.lines))


def what_goes(group: Group) -> Load:
    """All that is sent together, in one parcel if it can be."""
    going_ = [(each.order, going(each)) for each in (group.first, *group.added)]
    pieces = added_up(pair for _, left in going_ for pair in left.items())
    return Load(pieces, sum(worth(order, left) for order, left in going_))


def sent_for(group: Group) -> int:
    """What sending them has cost so far, before promotions, but for what of that went back: by what was given back
    once, nothing goes that is added later."""
    return sum(map(_sent_for, (group.first, *group.added)))


def _sent_for(stands: Standing) -> int:
    order = stands.order
    price, cost = order.shipping.price_minor if order.shipping else 0, refunds.shipping_cost(order)
    if cost <= 0:  # promotions have paid it all: nobody would see that it went back
        return price if goes(stands) else 0
    return price * refunds.shipping_kept(order, stands.given) // cost


def worth(order: Order, left: Mapping[str, int]) -> int:
    """What so many of its goods have cost after promotions, units of a SKU on the average."""
    value = added_up((line.sku, line.total_minor - line.discount_minor) for line in order.lines)
    quantity = summed(order.lines)
    return sum(value[sku] * n // quantity[sku] for sku, n in left.items())

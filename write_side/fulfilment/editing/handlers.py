"""A paid order is changed before it is picked. Each edit is decided under the lock of the order, like the start of a
pick list: whoever comes second sees what the first one did."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from msgspec import structs

from shared.documents.orders import Address
from shared.envelope import Metadata
from shared.settings import Settings
from write_side import commands, customers, fraud, orders, promotions, refunds, shipping, taxes
from write_side.causes import joining_order
from write_side.commands import Answer, Call, Done
from write_side.customers import AddressInput, Keyring, SealedContact
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.fraud import AddressNotAccepted, Wish
from write_side.fulfilment import standing
from write_side.fulfilment.editing import domain
from write_side.fulfilment.editing import group as groups
from write_side.fulfilment.editing.domain import AddressChangesPrice, EditOrder, IsAddition, NotEditable
from write_side.fulfilment.editing.freeing import give_shipping
from write_side.fulfilment.editing.group import Group
from write_side.fulfilment.editing.keeping import check_terms
from write_side.orders import Order, OrderState
from write_side.refunds import NewRefund, RefundState


async def lower_lines(
    pool: Pool, order_id: UUID, wanted: EditOrder, cause: Metadata, call: Call, *, by_staff: bool = False
) -> Answer[RefundState]:
    """Less of some lines: what they have cost is refunded, or released where it is not captured yet, and the goods are
    back in stock. Gifts that nothing goes with any more stay, too, and where nothing is left the uses of promotions are
    free again.

    Refuses `unknown_order`, what `domain.check_editable` and `domain.lowered` refuse, `below_terms` unless staff edit,
    `addition_unpaid` if nothing is left of an addition by whose shipping a later one would go, and what a refund or a
    release is refused for.
    """
    async with joining_order(pool, order_id, cause, "edit") as joined:

        async def decide(conn: Connection) -> tuple[RefundState, Positions]:
            now, group = await groups.lock(conn, order_id)
            domain.check_editable(now.order.state, now.picks, now.parcels)
            gifts = orders.gifts_among(now.order.lines)
            less = domain.with_gifts_alone(now.owed, domain.lowered(now.owed, wanted), gifts)
            left = domain.left_of(now.owed, less)
            none_left = not any(left.values())
            # What was added later goes by the shipping that was paid before.
            shipping = none_left and not group.counts_on(order_id)
            if not by_staff:
                check_terms(now, group, left)
            back = NewRefund("requested_by_customer", lines=less, shipping=shipping, restock=True)
            freed = await _hold(conn, now.order, group) if none_left else []
            returned = await promotions.give_back(conn, order_id, joined) if none_left else {}
            give = refunds.request_within if now.captured else refunds.release_within
            given, positions = await give(conn, order_id, back, joined)
            ended = await _end(conn, now.order, freed, joined) if none_left else {}
            return given, together(returned, positions, ended)

        return await commands.run(pool, decide, call)


async def _hold(conn: Connection, order: Order, group: Group) -> list[Order]:
    """Whose shipping was kept for what goes no more. All that is given back to is held, in the order in which everybody
    locks (refunds/giving.py): the money of several orders goes back, and uses of promotions ahead of it."""
    freed = group.freed_by(order.id) if order.adds_to is not None else []
    await promotions.hold(conn, order.id)
    await refunds.hold(conn, [order, *freed])
    return freed


async def _end(conn: Connection, order: Order, freed: Sequence[Order], cause: Metadata) -> Positions:
    """Nothing of it goes any more: nor does what would go along unpaid. What shipping has cost that was kept for it
    alone is paid back."""
    if order.adds_to is None:
        return await orders.close_unpaid(conn, order, cause)
    return await give_shipping(conn, freed, cause)


async def change_address(
    pool: Pool, keyring: Keyring, order_id: UUID, wanted: AddressInput, settings: Settings, cause: Metadata,
    call: Call, *, by_staff: bool = False, by_token: bool = False,
) -> Answer[OrderState]:  # fmt: skip
    """It goes elsewhere, for the same money. `by_token`: whoever asks has shown the order's token and no more.

    Refuses `unknown_order`, `broken_address`, `not_editable`, `picking_has_begun`, `is_addition`,
    `address_changes_price`, `keyring_unavailable`; `address_not_accepted`, which stands in the log with its reasons.
    """
    address = customers.usable_address(wanted)
    async with pool.acquire() as conn:
        order = await orders.find_order(conn, order_id)
    if order is None:
        raise orders.UnknownOrder("there is no such order")
    sealed, wish = await _sealed(pool, keyring, order, address, settings)
    async with joining_order(pool, order_id, cause, "edit") as joined:

        async def decide(conn: Connection) -> tuple[OrderState, Positions]:
            moved = await _lock_movable(conn, order_id, by_staff=by_staff, by_token=by_token)
            paid = [each.payment_id for each in moved]
            at, mode = datetime.now(UTC), settings.fraud_checks
            thought = await fraud.assessed_elsewhere(conn, paid, wish, mode, at, by_staff=by_staff)
            kept = await fraud.keep(conn, thought, joined)
            await fraud.move_unpaid(conn, [each.quote_id for each in moved if each.state != "confirmed"], wish)
            positions = together(kept, *[await orders.readdress(conn, each, sealed, joined) for each in moved])
            return await orders.find_state(conn, order_id), positions

        try:
            return await commands.run(pool, decide, call)
        except AddressNotAccepted as refused:
            await keep_refused(pool, order_id, refused, joined)
            raise


async def _lock_movable(conn: Connection, order_id: UUID, *, by_staff: bool, by_token: bool) -> list[Order]:
    """An order and what goes along with it, held; refuses what `change_address` refuses for how they stand."""
    now = await standing.lock(conn, order_id)
    domain.check_editable(now.order.state, now.picks, now.parcels)
    if not now.order.address:
        raise NotEditable("its customer was erased", order_state=now.order.state)
    if now.order.adds_to is not None:
        raise IsAddition("it goes where the order goes that it adds to", adds_to=now.order.adds_to)
    moved = [now.order, *await _going_along(conn, now.order)]
    held = any([await fraud.is_held(conn, each.payment_id) for each in moved])
    on_credit = await orders.is_on_credit(conn, now.order)  # then so is what was added to it
    domain.check_movable(held=held, by_staff=by_staff, on_credit=on_credit, by_token=by_token)
    return moved


async def keep_refused(pool: Pool, order_id: UUID, refused: AddressNotAccepted, cause: Metadata) -> None:
    """Write down why, if anything was thought of it. In a transaction of its own: the one that refuses is rolled back,
    and its answer is kept for no key."""
    if not refused.thought:
        return

    async def keep(conn: Connection) -> tuple[Done, Positions]:
        first = await orders.lock_order(conn, order_id)
        assert first is not None, "it was there"
        await orders.lock_additions(conn, first)
        return Done(changed=False), await fraud.keep_refused(conn, refused.thought, cause)

    await commands.run(pool, keep)


async def _going_along(conn: Connection, first: Order) -> Sequence[Order]:
    """What was added to a locked order, all of it still to be changed. Refuses `picking_has_begun`."""
    added = await orders.lock_additions(conn, first)
    for each in added:
        if each.state == "confirmed":
            stands = await standing.lock(conn, each.id)
            domain.check_editable(stands.order.state, stands.picks, stands.parcels)
    return added


async def _sealed(
    pool: Pool, keyring: Keyring, order: Order, address: Address, settings: Settings
) -> tuple[str, Wish]:
    """The new address under the customer's key, if it costs the same to send it there, and by what it is known."""
    known = SealedContact(order.person_id, order.mail, order.address)
    contact = await customers.open_contact(keyring, known) if order.address else None
    if contact is not None:  # who only sends the goods elsewhere doesn't repeat the rest
        before = contact.address
        address = structs.replace(
            address, gift_card_mail=address.gift_card_mail or before.gift_card_mail,
            vat_id=address.vat_id or before.vat_id,
        )  # fmt: skip
    sealed = await customers.seal_address(keyring, order.person_id, address)
    if contact is None or sealed is None:
        raise NotEditable("its customer was erased", order_state=order.state)
    if not await _costs_the_same(pool, contact.address, address):
        raise AddressChangesPrice("shipping or taxes are others there: place another order")
    return sealed, fraud.wish(settings.master_key, contact.mail, contact.address, address)


async def _costs_the_same(pool: Pool, before: Address, after: Address) -> bool:
    if (before.country, before.vat_id) != (after.country, after.vat_id):
        return False
    places = [(each.region, each.postal_code) for each in (before, after)]
    async with pool.acquire() as conn:
        zones = await shipping.zones_of(conn, after.country)
        destination = await taxes.find_destination(conn, after.country)
    old, new = (shipping.zone_of(zones, after.country, *place) for place in places)
    if destination is None or old is None or old != new:
        return places[0] == places[1]
    first, second = (taxes.rules_at(destination, *place) for place in places)
    return first == second

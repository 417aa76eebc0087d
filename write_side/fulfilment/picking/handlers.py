"""Goods of paid orders are listed, picked and packed. Each step is decided under the lock of the order."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from msgspec import Struct, structs

from shared.envelope import Metadata
from shared.events.fulfilment import ParcelLine
from shared.events.orders import Allocation
from shared.events.picking import PickFinished, PickListed, PickStarted
from shared.ids import uuid7
from shared.settings import AllocationStrategy
from write_side import commands, inventory, orders, refunds
from write_side.causes import joining_order
from write_side.commands import Answer, Call
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.fulfilment import standing
from write_side.fulfilment.booking import along
from write_side.fulfilment.dropping import handlers as dropping
from write_side.fulfilment.dropping.domain import check_paid_back
from write_side.fulfilment.editing import group as groups
from write_side.fulfilment.editing.domain import left_of
from write_side.fulfilment.picking import domain, store
from write_side.fulfilment.picking.domain import FinishPick, NothingToPick, OpenPick, Pick, UnknownPick
from write_side.fulfilment.standing import Standing
from write_side.inventory import Demand
from write_side.refunds import NewRefund, NothingToRefund


class Picks(Struct, frozen=True):
    """Pick lists, oldest first."""

    picks: list[Pick]


class OpenPicks(Struct, frozen=True):
    """What is to be picked in a warehouse or is being picked there, oldest first."""

    picks: list[OpenPick]


async def open_picks(pool: Pool, warehouse: str, after: UUID) -> OpenPicks:
    """What is to be picked in a warehouse, so many at a time, and what of it belongs together."""
    async with pool.acquire() as conn:
        picks = await store.open_in(conn, warehouse, after)
        firsts, boxes = await along.boxes(conn, {pick.order_id for pick in picks}, warehouse)
    return OpenPicks(
        [
            OpenPick(**structs.asdict(pick), adds_to=firsts.get(pick.order_id), goes_with=boxes.get(pick.id, []))
            for pick in picks
        ]
    )


async def list_order(pool: Pool, order_id: UUID, cause: Metadata, call: Call) -> Answer[Picks]:
    """List what of an order is due and stands on no list, such as goods whose refund failed.

    Refuses `unknown_order`, `not_shippable`, `nothing_to_pick`.
    """
    async with joining_order(pool, order_id, cause, "list") as joined:

        async def decide(conn: Connection) -> tuple[Picks, Positions]:
            now = await standing.lock(conn, order_id)
            now.check_shippable()
            picks, positions = await list_due(conn, now, joined)
            if not picks:
                raise NothingToPick("all that is due stands on lists already, or has left")
            return Picks(picks), positions

        return await commands.run(pool, decide, call)


async def list_due(
    conn: Connection, now: Standing, cause: Metadata, wait: timedelta = timedelta(0)
) -> tuple[list[Pick], Positions]:
    """New lists of what is due; none where nothing is. A list that is one too many finds nothing due when it is
    started, so that nobody has to hold the order to make one."""
    found = domain.list_up(now.due(), now.picks, now.places)
    return await _listed(conn, now.order.id, found, cause, wait)


async def _listed(
    conn: Connection, order_id: UUID, found: Mapping[str, list[ParcelLine]], cause: Metadata, wait: timedelta
) -> tuple[list[Pick], Positions]:
    events = [PickListed(uuid7(), order_id, warehouse, lines) for warehouse, lines in found.items()]
    picks = [domain.evolve(None, event, 1) for event in events]
    return picks, await store.insert(conn, list(zip(picks, events, strict=True)), cause, wait)


async def start_pick(pool: Pool, pick_id: UUID, cause: Metadata, call: Call) -> Answer[Pick]:
    """Somebody goes to the shelf; a list of which nothing is due any more is cancelled.

    Refuses `unknown_pick`, `not_shippable`, `pick_not_listed`.
    """
    order_id = await _order_of(pool, pick_id)
    async with joining_order(pool, order_id, cause, "pick") as joined:

        async def decide(conn: Connection) -> tuple[Pick, Positions]:
            return await start(conn, await standing.lock(conn, order_id), pick_id, joined)

        return await commands.run(pool, decide, call)


async def start(conn: Connection, now: Standing, pick_id: UUID, cause: Metadata) -> tuple[Pick, Positions]:
    """The same under the order's lock."""
    pick = now.pick(pick_id)
    await orders.lock_additions(conn, now.order)
    event = domain.start(pick, now.due(), domain.shelf(pick, now.picks, now.places))
    if isinstance(event, PickStarted):  # one of which nothing is due is cancelled, whatever became of its order
        now.check_shippable()
    after = domain.evolve(pick, event, pick.version + 1)
    saved = await store.save(conn, after, event, cause)
    return after, together(saved, await orders.close_unpaid(conn, now.order, cause))


async def finish_pick(
    pool: Pool, pick_id: UUID, wanted: FinishPick, strategy: AllocationStrategy, cause: Metadata, call: Call
) -> Answer[Pick]:
    """It is packed, but for what was missing: that leaves the books of its shelf, comes from others, or is refunded.

    Refuses `unknown_pick`, `not_shippable`, what `domain.split` refuses, and what a refund of the rest is refused for.
    """
    order_id = await _order_of(pool, pick_id)
    async with joining_order(pool, order_id, cause, "pick") as joined:

        async def decide(conn: Connection) -> tuple[Pick, Positions]:
            now = await standing.lock(conn, order_id)
            pick = now.pick(pick_id)
            due = now.due(pick_id)
            if any(due.get(line.sku, 0) > 0 for line in pick.lines):  # else its order may be done
                now.check_shippable()
            return await finish(conn, now, pick, wanted, strategy, joined)

        return await commands.run(pool, decide, call)


async def finish(
    conn: Connection, now: Standing, pick: Pick, wanted: FinishPick, strategy: AllocationStrategy, cause: Metadata
) -> tuple[Pick, Positions]:
    """The same under the order's lock."""
    found, missing = domain.split(pick, wanted)
    instead, refund_id, positions = await _made_up(conn, now, pick, found, missing, wanted, strategy, cause)
    gone = [ParcelLine(sku, quantity) for sku, quantity in missing.items()]
    event = PickFinished(pick.id, pick.order_id, found, gone, wanted.reason, instead, refund_id)
    after = domain.evolve(pick, event, pick.version + 1)
    saved = await store.save(conn, after, event, cause)
    elsewhere: dict[str, list[ParcelLine]] = {}
    for place in instead:
        elsewhere.setdefault(place.warehouse, []).append(ParcelLine(place.sku, place.quantity))
    _, listed = await _listed(conn, pick.order_id, elsewhere, cause, timedelta(0)) if elsewhere else ([], {})
    return after, together(positions, saved, listed)


async def _made_up(
    conn: Connection, now: Standing, pick: Pick, found: Sequence[ParcelLine], missing: Mapping[str, int],
    wanted: FinishPick, strategy: AllocationStrategy, cause: Metadata,
) -> tuple[list[Allocation], UUID | None, Positions]:  # fmt: skip
    """What is taken instead of what is missing, and the refund of what is nowhere."""
    if not missing or wanted.reason is None:
        return [], None, {}
    short = domain.short_of(found, missing, now.due(pick.id), domain.shelf(pick, now.picks, now.places))
    order = now.order
    if wanted.otherwise == "drop":
        check_paid_back(now, short.owed)
    await refunds.hold(conn, [order])
    written = await inventory.write_off(
        conn, order.id, pick.warehouse, short.missing, short.out, wanted.reason, cause
    )
    wanted_elsewhere = short.owed if wanted.otherwise == "reallocate" else {}
    near = await orders.nearest_to(conn, order)
    chosen, taken = await inventory.take_instead(conn, order.id, wanted_elsewhere, strategy, cause, near)
    instead = [place for place, _ in chosen]
    items = await orders.items_of(conn, order.id)
    items |= {(place.sku, place.warehouse): id_ for place, id_ in chosen}
    after = domain.reallocated(order.allocations, pick.warehouse, short.out, instead)
    from_now_on = [(place, items[place.sku, place.warehouse]) for place in after]
    moved = await orders.reallocate(conn, order, from_now_on, cause) if after != order.allocations else {}
    if wanted.otherwise == "drop":
        return [], None, together(written, moved, await dropping.drop_missing(conn, order.id, short.owed, cause))
    refund_id, refunded = await _refunded(conn, now, short.owed, instead, cause)
    return instead, refund_id, together(written, taken, moved, refunded)


async def _refunded(
    conn: Connection, now: Standing, owed: Mapping[str, int], instead: Sequence[Allocation], cause: Metadata
) -> tuple[UUID | None, Positions]:
    """The refund of what is nowhere, and of shipping that nothing that was bought goes by then. Where what was added
    goes by it, or may still be paid, it is paid back once that is over (`freed_shipping`). Of what an amount has gone
    back before as much is named as is left; what has cost nothing is named by no refund."""
    found = inventory.summed(instead)
    nowhere = [Demand(sku, quantity - found.get(sku, 0)) for sku, quantity in owed.items()]
    if not (lines := [line for line in nowhere if line.quantity > 0]):
        return None, {}
    sent = groups.bought_among(now, left_of(groups.going(now), lines))
    shipping = not sent and not (await groups.around(conn, now.order)).may_count_on(now.order.id)
    wanted = NewRefund("out_of_stock", lines=lines, shipping=shipping)
    try:
        refund, positions = await refunds.request_within(conn, now.order.id, wanted, cause, most=True)
    except NothingToRefund:  # a gift, or its money went back before: it holds up nothing that was found
        return None, {}
    return refund.id, positions


async def _order_of(pool: Pool, pick_id: UUID) -> UUID:
    async with pool.acquire() as conn:
        pick = await store.find(conn, pick_id)
    if pick is None:
        raise UnknownPick("there is no such pick list")
    return pick.order_id

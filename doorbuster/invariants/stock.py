"""Nothing is oversold: neither now nor at any time that the log remembers."""

from typing import cast

from doorbuster.verify import events_of, reserved_is_open
from shared.codec import decode_events
from shared.events.inventory import StockItemEvent
from write_side.database import Connection
from write_side.inventory import store


async def negative(conn: Connection) -> list[str]:
    """Stock items, and events of theirs, with less than nothing on hand, reserved or left to sell."""
    found = [
        f"stock_item {item.id} ({item.sku}): {told}"
        for item in await store.all_items(conn)
        if (told := _impossible(item.on_hand, item.reserved))
    ]
    async for recorded in events_of(conn, "stock_item"):
        for event in cast(tuple[StockItemEvent, ...], decode_events(recorded.type, recorded.payload)):
            if told := _impossible(event.on_hand, event.reserved):
                found.append(f"event {recorded.position} ({event.sku}): {told}")
    return found


async def unaccounted(conn: Connection) -> list[str]:
    """Stock items that reserve more or less than their open reservations hold."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        return [str(difference) for difference in await reserved_is_open(conn)]


def _impossible(on_hand: int, reserved: int) -> str:
    return f"{on_hand} on hand, {reserved} reserved" if not 0 <= reserved <= on_hand else ""

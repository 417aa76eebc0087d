"""One Idempotency-Key, one order: every order of the last day is the answer that its own key got."""

import msgspec
from msgspec import Raw, Struct

from write_side import commands
from write_side.database import Connection
from write_side.verifying import log_rows

ROUTE = "POST /v1/orders"
KEPT_HOURS = 23  # keys are kept for 24 hours; those of the last one may be being forgotten right now


class _Answered(Struct):
    id: str
    number: Raw = Raw(b"")


async def without_key(conn: Connection) -> list[str]:
    """Orders that no key was answered with: made by a key that had made another one already, or by none at all."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        placed = await log_rows.recent_aggregates(conn, "orders.order_placed.v1", KEPT_HOURS)
        answers = await commands.kept_answers(conn, ROUTE)
    answered = {msgspec.json.decode(answer, type=_Answered).id for answer in answers}
    return [f"order {id_}: no Idempotency-Key was answered with it" for id_ in map(str, placed) if id_ not in answered]

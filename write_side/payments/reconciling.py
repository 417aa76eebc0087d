"""After a restore to an earlier point the provider knows more than we do: what it knows comes into the log as facts.

An intent of ours is found by the ids in its metadata. What the provider says of an order that we have goes the way of
every fact (`orders.learn`); one whose order is lost can only be told to a person: there may be money without an order.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from write_side import orders
from write_side.causes import joining_order
from write_side.database import Pool
from write_side.payments import store
from write_side.payments.providers import Providers

_MONEY = ("requires_capture", "succeeded")
_NEWS = ("record", "decline", "confirm", "capture", "end", "alarm")


class LostOrder(Struct, frozen=True):
    """Money that the provider holds for an order that is not in our log any more."""

    order_id: UUID
    intent_id: str
    status: str
    amount_minor: int
    currency: str


class Reconciled(Struct, frozen=True):
    """How many intents were looked at, how many brought news, and those of lost orders that hold money."""

    looked_at: int
    learnt: int
    lost: list[LostOrder]


async def reconcile(pool: Pool, providers: Providers, since: datetime, cause: Metadata) -> Reconciled:
    """Learn what became of the intents made since then. Raises `ProviderDown`; may be repeated at any time."""
    looked_at = learnt = 0
    lost = []
    async for seen in providers.made_since(since):
        if seen.payment_id is None or seen.order_id is None:
            continue  # others may use the same account
        looked_at += 1
        if not await _is_known(pool, seen.payment_id):
            if seen.status in _MONEY:
                lost.append(LostOrder(seen.order_id, seen.intent_id, seen.status, seen.authorized_minor, seen.currency))
            continue
        async with joining_order(pool, seen.order_id, cause, "payment reconcile") as joined:
            learnt += await orders.learn(pool, seen, joined) in _NEWS
    return Reconciled(looked_at, learnt, lost)


async def _is_known(pool: Pool, payment_id: UUID) -> bool:
    async with pool.acquire() as conn:
        return await store.find_payment(conn, payment_id) is not None

"""After a restore to an earlier point the provider knows of refunds that we don't; what it says of ours comes in.

A refund that the log lost can only be told to a person. The order's books say that its money is still here, so somebody
could give it back once more.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from shared.envelope import Metadata
from write_side.causes import joining_order
from write_side.database import Pool
from write_side.payments import Payment, Providers, SeenRefund, find_by_intent
from write_side.refunds import learning, store

_NEWS = ("pending", "succeeded", "failed", "alarm")


class LostRefund(Struct, frozen=True):
    """A refund of ours at the provider that is not in our log any more."""

    refund_id: UUID
    order_id: UUID
    provider_id: str
    status: str
    amount_minor: int
    currency: str


class ReconciledRefunds(Struct, frozen=True):
    """How many refunds were looked at, how many brought news, and those that the log lost."""

    looked_at: int
    learnt: int
    lost: list[LostRefund]


async def reconcile_refunds(pool: Pool, providers: Providers, since: datetime, cause: Metadata) -> ReconciledRefunds:
    """Learn what became of the refunds made since then. Raises `ProviderDown`; may be repeated at any time."""
    looked_at = learnt = 0
    lost = []
    async for seen in providers.refunds_since(since):
        if seen.refund_id is None or seen.order_id is None:  # made outside, or others use the same account
            paid = await _paid_by(pool, seen)
            looked_at += paid is not None
            if paid is not None:
                async with joining_order(pool, paid.order_id, cause, "refund reconcile") as joined:
                    learnt += await learning.learn(pool, seen, joined) in _NEWS
            continue
        looked_at += 1
        if not await _is_known(pool, seen.refund_id):
            if seen.status not in ("failed", "canceled"):
                lost.append(LostRefund(seen.refund_id, seen.order_id, seen.provider_id, seen.status, seen.amount_minor,
                                       seen.currency))  # fmt: skip
            continue
        async with joining_order(pool, seen.order_id, cause, "refund reconcile") as joined:
            learnt += await learning.learn(pool, seen, joined) in _NEWS
    return ReconciledRefunds(looked_at, learnt, lost)


async def _paid_by(pool: Pool, seen: SeenRefund) -> Payment | None:
    if seen.intent_id is None or seen.refund_id is not None:
        return None
    async with pool.acquire() as conn:
        return await find_by_intent(conn, seen.intent_id)


async def _is_known(pool: Pool, refund_id: UUID) -> bool:
    async with pool.acquire() as conn:
        return await store.find(conn, refund_id) is not None

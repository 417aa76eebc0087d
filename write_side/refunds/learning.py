"""What the provider says of refunds comes in by `learn`, from wherever and however often.

Each fact is judged under the lock of the order, in one transaction.
"""

import logging

import msgspec
from msgspec import Struct

from shared.envelope import Metadata
from shared.events.refunds import RefundEvent, RefundFailed, RefundPending, RefundSucceeded
from write_side import commands, metrics, orders, payments
from write_side.database import Connection, Pool
from write_side.event_log import Positions, together
from write_side.payments import Notice, SeenRefund
from write_side.refunds import domain, outside, store
from write_side.refunds.domain import Refund, Verdict

log = logging.getLogger(__name__)


class Learnt(Struct, frozen=True):
    """What a fact did."""

    verdict: Verdict


_learnt = msgspec.json.Decoder(Learnt)


async def learn(pool: Pool, seen: SeenRefund, cause: Metadata, *, notice: Notice | None = None) -> Verdict:
    """Apply what the provider shows of a refund; a fact known already changes nothing.

    A `notice` goes into the inbox in the same transaction, and does nothing if it stands there.
    """

    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        refund = await _locked(conn, seen)
        paid = await outside.lock_paid(conn, seen)
        payment_id = refund.payment_id if refund else paid.id if paid else None
        if notice is not None and not await payments.take_in(conn, notice.id, notice.type, payment_id):
            return Learnt("known"), {}
        made: Positions = {}
        if refund is None and paid is not None:
            refund, made = await outside.take_down(conn, paid, seen, cause)
        if refund is None:
            return Learnt("ignore"), {}
        verdict = domain.judge(refund, seen)
        return Learnt(verdict), together(made, await _carry_out(conn, verdict, refund, seen, cause))

    verdict = _learnt.decode((await commands.run(pool, decide)).body).verdict
    metrics.REFUND_FACTS.labels(verdict).inc()
    return verdict


async def _locked(conn: Connection, seen: SeenRefund) -> Refund | None:
    if seen.order_id is None or seen.refund_id is None or await orders.lock_order(conn, seen.order_id) is None:
        return None
    refund = await store.find(conn, seen.refund_id)
    return refund if refund and refund.order_id == seen.order_id else None


async def _carry_out(
    conn: Connection, verdict: Verdict, refund: Refund, seen: SeenRefund, cause: Metadata
) -> Positions:
    match verdict:
        case "pending":
            return await _save(conn, refund, RefundPending(refund.id, refund.order_id, seen.provider_id), cause)
        case "succeeded":
            return await _save(conn, refund, RefundSucceeded(refund.id, refund.order_id, seen.provider_id), cause)
        case "failed":
            return await _fail(conn, refund, seen.provider_id, seen.failure or seen.status, cause)
        case "alarm":
            log.error("a refund needs a person", extra={"fields": {"refund_id": str(refund.id), "seen": seen.status}})
            await store.park(conn, refund.id, f"{seen.provider_id} {seen.status}, which does not fit")
    return {}


async def _save(conn: Connection, refund: Refund, event: RefundEvent, cause: Metadata) -> Positions:
    return await store.save(conn, domain.evolve(refund, event, refund.version + 1), event, cause)


async def _fail(conn: Connection, refund: Refund, provider_id: str | None, code: str, cause: Metadata) -> Positions:
    fields = {"refund_id": str(refund.id), "order_id": str(refund.order_id), "code": code}
    log.error("a refund failed: somebody has to ask for another one", extra={"fields": fields})
    return await _save(conn, refund, RefundFailed(refund.id, refund.order_id, provider_id, code), cause)


async def give_up(pool: Pool, refund: Refund, code: str, cause: Metadata) -> None:
    """The provider will never make this refund: its amount is free again. One that is known there stays."""

    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        await orders.lock_order(conn, refund.order_id)
        now = await store.find(conn, refund.id)
        if now is None or now.state != "requested":
            return Learnt("ignore"), {}
        return Learnt("failed"), await _fail(conn, now, None, code, cause)

    await commands.run(pool, decide)

"""What is done about a dispute: the payment is found, and the fraud checks take down what the bank says."""

from typing import Literal

import msgspec
from msgspec import Struct

from shared.envelope import Metadata
from write_side import commands, orders
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.fraud import disputed
from write_side.payments import store
from write_side.payments.domain import Payment, SeenDispute

Verdict = Literal["known", "ignore", "disputed"]


class Learnt(Struct):
    """What became of a notice."""

    verdict: Verdict


_learnt = msgspec.json.Decoder(Learnt)


async def learn(
    pool: Pool, seen: SeenDispute, payment: Payment, cause: Metadata, notice_id: str, notice_type: str
) -> Verdict:
    """Take the notice into the inbox, and what it says of the dispute down, in one transaction."""

    async def decide(conn: Connection) -> tuple[Struct, Positions]:
        if not await store.take_in(conn, notice_id, notice_type, payment.id):
            return Learnt("known"), {}
        await orders.lock_order(conn, payment.order_id)
        positions = await disputed(conn, payment.id, payment.order_id, seen.dispute, cause)
        return (Learnt("ignore"), {}) if positions is None else (Learnt("disputed"), positions)

    return _learnt.decode((await commands.run(pool, decide)).body).verdict

"""Another door after the payment is assessed, too: whoever pays with a stolen card sends to its owner first."""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.envelope import Metadata
from shared.events.fraud import AddressAssessed
from shared.settings import FraudChecks
from write_side.database import Connection
from write_side.event_log import Positions, together
from write_side.fraud import elsewhere, store
from write_side.fraud.assessing import thought_of
from write_side.fraud.domain import Attempted
from write_side.fraud.elsewhere import AddressNotAccepted, Wish

log = logging.getLogger(__name__)


async def assessed_elsewhere(
    conn: Connection, payment_ids: Sequence[UUID], wish: Wish, mode: FraudChecks, now: datetime, *, by_staff: bool
) -> list[AddressAssessed]:
    """What is thought of sending the orders of these payments, which go together, to another door; to be kept.

    Staff are never refused, and nothing is thought of what was paid unassessed. In the caller's transaction, under the
    locks of the orders. Refuses `address_not_accepted`: its `thought` is to be kept then, by `keep_refused`.
    """
    checks = await store.all_checks(conn, payment_ids)
    asked = [] if mode == "off" else elsewhere.asked(checks, wish)
    if by_staff or elsewhere.went_there(checks, wish):
        return [elsewhere.unopposed(paid, wish, now, mode, by_staff=by_staff) for _, paid in asked]
    for check, _ in asked:
        elsewhere.check_tries(check)
    if mode == "enforce":
        await store.hold(conn, [mark for _, paid in asked for mark in (str(paid.customer), paid.card, paid.device)])
    thought = [await _assessed(conn, paid, wish, mode, now) for _, paid in asked]
    if refused := elsewhere.not_accepted(thought):
        raise AddressNotAccepted(refused)
    return thought


async def _assessed(
    conn: Connection, paid: Attempted, wish: Wish, mode: FraudChecks, now: datetime
) -> AddressAssessed:
    attempt = elsewhere.as_if(paid, wish, now)
    earlier = await store.lately(conn, attempt)
    found = await thought_of(conn, attempt, elsewhere.but_itself(paid, earlier))
    return elsewhere.answer(attempt, paid, wish, found, mode)


async def keep(conn: Connection, thought: Sequence[AddressAssessed], cause: Metadata) -> Positions:
    """Write down what was thought; what is accepted is found at its new door from now on."""
    saved = [await store.save(conn, await store.find(conn, each.payment_id), each, cause) for each in thought]
    return together(*[positions for _, positions in saved])


async def keep_refused(conn: Connection, thought: Sequence[AddressAssessed], cause: Metadata) -> Positions:
    """Write down why an address was not accepted, under the order's lock; of those who ask at once, as of those who ask
    again, the first few."""
    checks = {check.id: check for check in await store.all_checks(conn, [each.payment_id for each in thought])}
    for each in thought:
        fields = {"order_id": str(each.order_id), "points": each.points}
        log.warning("an address was not accepted", extra={"fields": fields})
    return await keep(conn, [each for each in thought if elsewhere.may_try(checks[each.payment_id])], cause)

"""An order as it is answered to whoever may open it, with the token that does; and whether one opens it."""

import time
from datetime import datetime
from math import inf
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.codec import tag_of
from shared.envelope import as_json
from shared.events.orders import OrderCancelled, OrderCompleted, OrderExpired
from shared.links import ENDED, signed_until
from shared.settings import Settings
from write_side import event_log
from write_side.commands import Answer
from write_side.database import Connection, Pool
from write_side.orders import store
from write_side.orders.handlers import Amounts, OrderState, PaymentState
from write_side.orders.refusals import OrderTokenEnded, OrderTokenRequired, WrongOrderToken

_state = msgspec.json.Decoder(OrderState)
_OVER = tuple(tag_of(each) for each in (OrderCancelled, OrderExpired, OrderCompleted))


class PlacedOrder(Struct, frozen=True):
    """An order just placed. The token opens its status, its payment and its cancellation; whoever has it may use it."""

    id: UUID
    number: str
    state: str
    totals: Amounts
    payment: PaymentState
    expires_at: datetime
    order_token: str
    status_url: str


def with_token(answer: Answer[OrderState], settings: Settings) -> Answer[PlacedOrder]:
    """The same with its token: put on here, so that the answer kept for repeats holds none."""
    return Answer(as_json(opened(_state.decode(answer.body), settings)), answer.positions, answer.replayed)


def opened(order: OrderState, settings: Settings) -> PlacedOrder:
    """An order with its token."""
    token = settings.order_links.token(order.id, order.state, time.time())
    return PlacedOrder(
        order.id, order.number, order.state, order.totals, order.payment, order.expires_at, token,
        f"{settings.public_read_url}/v1/orders/{order.id}?token={token}",
    )  # fmt: skip


async def check_token(pool: Pool, settings: Settings, order_id: UUID | None, token: str | None) -> None:
    """Whether a token opens an order; none opens what there is not (None), which is told the same. Raises
    `OrderTokenRequired`, `WrongOrderToken`, `OrderTokenEnded`."""
    if not token:
        raise OrderTokenRequired("This needs the order's token in the header Order-Token.")
    links, now = settings.order_links, time.time()
    if order_id is None or (until := signed_until(links.secret, token, order_id)) is None:
        raise WrongOrderToken("The Order-Token does not open this order.")
    if until == inf and links.may_have_ended(order_id, now):
        async with pool.acquire() as conn:
            until = links.ends(await _ended_at(conn, order_id))
    if now >= until:
        raise OrderTokenEnded("this link has ended; ask for a fresh one")


async def _ended_at(conn: Connection, order_id: UUID) -> float | None:
    """When an order has ended, as its log tells; None while it runs."""
    order = await store.find_head(conn, order_id)
    if order is None or order.state not in ENDED:
        return None
    told = await event_log.read_aggregate(conn, "order", order_id, 0, order.version)
    return max((each.recorded_at.timestamp() for each in told if each.type in _OVER), default=None)

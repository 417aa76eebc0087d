"""An order as it is answered to whoever may open it, with the token that does."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.envelope import as_json
from shared.links import order_token
from shared.settings import Settings
from write_side.commands import Answer
from write_side.orders.handlers import Amounts, OrderState, PaymentState

_state = msgspec.json.Decoder(OrderState)


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
    token = order_token(settings.link_secret, order.id)
    return PlacedOrder(
        order.id, order.number, order.state, order.totals, order.payment, order.expires_at, token,
        f"{settings.public_read_url}/v1/orders/{order.id}?token={token}",
    )  # fmt: skip

"""Orders in Elasticsearch, for analysts: no personal data beyond the country."""

import msgspec

from projector.model import ELASTICSEARCH, Keys, ReadModel, Rendered, encode
from projector.read_models import order
from projector.read_models.order import (
    Happening,
    Order,
    fulfilment_of,
    payment_state_of,
    placed_of,
    refunded_minor,
    released_minor,
)
from shared.documents.orders import RECORDS, OrderRecord
from shared.envelope import Recorded
from shared.events.orders import OrderPlaced


def evolve(state: Order | None, recorded: Recorded, event: Happening) -> Order:
    """The order, without what is the person's."""
    if isinstance(event, OrderPlaced):
        event = msgspec.structs.replace(event, mail="", address="")
    return order.evolve(state, recorded, event)


def render(id_: str, state: Order, _keys: Keys) -> Rendered:
    """A document per placed order."""
    placed = placed_of(state)
    if placed is None or state.placed_at is None:
        return Rendered({})
    totals = placed.totals
    record = OrderRecord(
        order_id=placed.order_id,
        number=placed.number,
        state=state.state,
        payment_state=payment_state_of(state, totals.total_minor),
        country=placed.country,
        currency=totals.currency,
        lines_minor=totals.lines_minor,
        shipping_minor=totals.shipping_minor,
        discount_minor=totals.discount_minor,
        tax_minor=totals.tax_minor,
        total_minor=totals.total_minor,
        refunded_minor=refunded_minor(state),
        released_minor=released_minor(state),
        fulfilment=fulfilment_of(state, placed),
        items=sum(line.quantity for line in placed.lines),
        skus=[line.sku for line in placed.lines],
        product_ids=[line.product_id for line in placed.lines],
        promotion_ids=[off.promotion_id for off in placed.discounts],
        codes=[off.code for off in placed.discounts if off.code],
        placed_at=state.placed_at,
        updated_at=state.updated_at,
        position=state.position,
        account_id=placed.account_id,
    )
    return Rendered({id_: encode(record)})


MODEL = ReadModel(
    name=RECORDS,
    version="v5",
    sink=ELASTICSEARCH,
    contexts=order.CONTEXTS,
    state=Order,
    touches=order.touches,
    begins=order.begins,
    evolve=evolve,
    render=render,
)

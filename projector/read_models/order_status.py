"""What the customer of an order sees, in Redis, personal data opened; gone from it once the person was erased."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from projector.model import REDIS, Keys, ReadModel, Rendered, encode
from projector.read_models import order
from projector.read_models.order import (
    Order,
    credited,
    fulfilment_of,
    payment_state_of,
    placed_of,
    refunded_minor,
    released_minor,
)
from shared.documents.orders import (
    STATUS,
    Address,
    Discounted,
    OrderStatus,
    StatusLine,
    StatusRefund,
    StatusShipping,
    StatusTax,
)
from shared.events.orders import OrderPlaced, PricedLine
from shared.money import Money
from shared.sealed import unseal


def persons(state: Order) -> Iterable[UUID]:
    """Whose mail and address it holds."""
    placed = placed_of(state)
    return (placed.person_id,) if placed else ()


def render(id_: str, state: Order, keys: Keys) -> Rendered:
    """The status of a placed order. Raises `BrokenSeal` if a field does not open."""
    placed = placed_of(state)
    if placed is None or state.placed_at is None:
        return Rendered({})
    totals, currency = placed.totals, placed.totals.currency
    mail, address = _opened(placed, keys.get(placed.person_id))
    status = OrderStatus(
        id=placed.order_id,
        number=placed.number,
        state=state.state,
        payment_state=payment_state_of(state, totals.total_minor),
        mail=mail,
        address=address,
        lines=_lines(placed.lines, placed.totals.currency),
        subtotal=Money(totals.lines_minor, currency),
        shipping=Money(totals.shipping_minor, currency),
        tax=Money(totals.tax_minor, currency),
        total=Money(totals.total_minor, currency),
        refunded=Money(refunded_minor(state), currency),
        refunds=_refunds(state, currency),
        fulfilment=fulfilment_of(state, placed),
        parcels=state.parcels,
        placed_at=state.placed_at,
        expires_at=placed.expires_at,
        history=state.history,
        discounts=[
            Discounted(off.name, off.code or None, Money(off.lines_minor + off.shipping_minor, currency))
            for off in placed.discounts
        ],
        taxes=_taxes(placed),
        sent_by=_sent_by(placed),
        duties_due=placed.duties_due,
        decline_reason=state.decline_reason,
        retry_at=state.retry_at,
        returns=list(state.returns),
        released=Money(released, currency) if (released := released_minor(state)) else None,
        credit=Money(by_goods, currency) if (by_goods := credited(placed)) else None,
        replaces=placed.replaces.order_id if placed.replaces else None,
        gift_cards=Money(paid, currency) if (paid := sum(part.amount_minor for part in placed.gift_cards)) else None,
        bundles=_lines(placed.bundles, placed.totals.currency),
        adds_to=placed.adds_to,
        additions=list(state.additions),
    )
    return Rendered({id_: encode(status)})


def _opened(placed: OrderPlaced, key: bytes | None) -> tuple[str | None, Address | None]:
    if key is None or not placed.mail:
        return None, None
    address = msgspec.json.decode(unseal(key, "address", placed.address), type=Address)
    return unseal(key, "mail", placed.mail), address


def _taxes(placed: OrderPlaced) -> list[StatusTax]:
    currency = placed.totals.currency
    return [
        StatusTax(
            tax.name, tax.rate_ppm, Money(tax.base_minor, currency), Money(tax.tax_minor, currency), tax.included,
            tax.note,
        )
        for tax in placed.taxes
    ]


def _sent_by(placed: OrderPlaced) -> StatusShipping | None:
    if (how := placed.shipping) is None:
        return None
    return StatusShipping(how.method, how.name, how.min_days, how.max_days)


def _refunds(state: Order, currency: str) -> list[StatusRefund]:
    return [
        StatusRefund(
            id=refund.id,
            state=refund.state,
            amount=Money(refund.amount_minor, currency),
            reason=refund.reason,
            quantities=refund.quantities,
            requested_at=refund.requested_at,
        )
        for refund in state.refunds
    ]


def _lines(lines: Iterable[PricedLine], currency: str) -> list[StatusLine]:
    return [
        StatusLine(
            sku=line.sku,
            product_id=line.product_id,
            name=line.name,
            quantity=line.quantity,
            unit_price=Money(line.unit_price_minor, currency),
            total=Money(line.total_minor, currency),
            gift_quantity=line.gift_quantity,
            bundle=line.bundle or None,
        )
        for line in lines
    ]


MODEL = ReadModel(
    name=STATUS,
    version="v13",
    sink=REDIS,
    contexts=order.CONTEXTS,
    state=Order,
    touches=order.touches,
    begins=order.begins,
    evolve=order.evolve,
    render=render,
    persons=persons,
)

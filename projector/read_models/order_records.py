"""Orders in Elasticsearch, for analysts: no personal data beyond the country."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import get_args

import msgspec
from msgspec import Struct

from projector.model import ELASTICSEARCH, GATHERING, Folded, Keys, ReadModel, Rendered, encode
from projector.read_models import invoice_records, order
from projector.read_models.invoice_records import Sums, by_rate, filed, sums_after
from projector.read_models.order import (
    Happening,
    Order,
    credited,
    fulfilment_of,
    gone_minor,
    payment_state_of,
    placed_of,
    refunded_minor,
    released_minor,
)
from projector.read_models.order_returns import returned_items
from shared.codec import Event
from shared.documents.invoices import CreditNoteRecord, RecordedTax
from shared.documents.order_records import (
    RECORDS,
    OrderRecord,
    RecordedDiscount,
    RecordedDispute,
    RecordedLine,
    RecordedRefund,
    RecoveredBy,
)
from shared.envelope import Recorded
from shared.events.fraud import PaymentDisputed
from shared.events.fulfilment import ParcelShipped
from shared.events.invoices import CreditNoteIssued
from shared.events.orders import OrderPlaced, OrderReaddressed, OrderTax
from shared.events.payments import (
    PaymentAuthorized,
    PaymentCaptured,
    PaymentDeclined,
    PaymentReduced,
    PaymentRequested,
    PaymentRetried,
)
from shared.events.refunds import AmountReleased, RefundedLine, RefundRequested
from shared.events.returns import ReturnLabelled

Beside = invoice_records.Heard | PaymentDisputed  # of the order, and no step of it
Heard = Happening | Beside
_BESIDE = get_args(Beside)


class Back(Struct, frozen=True):
    """What is in a refund, or a release: lines, and taxes by rate; None: it doesn't tell them."""

    lines: list[RefundedLine]
    taxes: list[RecordedTax] | None


class RecordedOrder(Folded, frozen=True):
    """The order, without what is the person's, and what only analysts ask of it."""

    order: Order
    declines: list[str]
    back: dict[str, Back]  # refund or release → what is in it
    credit_notes: list[CreditNoteRecord]  # of its invoice, be the refunds its own or those of what replaced goods of it
    first_declined_at: datetime | None = None
    retrying: bool = False  # the next that is heard of the payment is of our try, not of the customer's
    recovered_by: RecoveredBy | None = None
    authorized_at: datetime | None = None
    captured_at: datetime | None = None
    captured_minor: int = 0
    payment_method: str | None = None
    due: Sums = Sums(0)  # of its payment, and then of its invoice
    disputes: tuple[RecordedDispute, ...] = ()


def touches(recorded: Recorded, event: Event) -> Sequence[str]:
    """The order, told from the event itself; also of its invoice, whose money is to come, and of disputes."""
    return (str(event.order_id),) if isinstance(event, _BESIDE) else order.touches(recorded, event)


def evolve(state: RecordedOrder | None, recorded: Recorded, event: Heard) -> RecordedOrder:
    """The order after the event."""
    if isinstance(event, Beside):
        return _beside(state, recorded, event)
    event = _of_nobody(event)
    after = order.evolve(None if state is None else state.order, recorded, event)
    if state is None:
        state = RecordedOrder(recorded.position, after, [], {}, [])
    else:
        state = msgspec.structs.replace(state, position=recorded.position, order=after)
    return _noted(state, recorded.recorded_at, event)


def _beside(state: RecordedOrder | None, recorded: Recorded, event: Beside) -> RecordedOrder:
    """The order after something happened to its invoice, or its money is wanted back."""
    if state is None:
        raise ValueError(f"{event.order_id}: it was invoiced, or disputed, before it was placed")
    replace = msgspec.structs.replace
    seen = replace(state.order, position=recorded.position, updated_at=recorded.recorded_at)
    now = replace(state, position=recorded.position, order=seen)
    if isinstance(event, PaymentDisputed):
        return replace(now, disputes=_disputed(state.disputes, recorded.recorded_at, event))
    if isinstance(event, CreditNoteIssued):
        return replace(now, credit_notes=[*state.credit_notes, filed(event)])
    return replace(now, due=sums_after(state.due, event))


def _disputed(
    disputes: Sequence[RecordedDispute], at: datetime, event: PaymentDisputed
) -> tuple[RecordedDispute, ...]:
    """A dispute goes on, or another one begins."""
    began = next((each.began_at for each in disputes if each.dispute_id == event.dispute_id), at)
    about = (event.dispute_id, event.status, event.reason, event.amount_minor, event.currency)
    now = RecordedDispute(*about, began, at)
    others = [each for each in disputes if each.dispute_id != event.dispute_id]
    return tuple(sorted((*others, now), key=lambda each: each.began_at))


def _of_nobody(event: Happening) -> Happening:
    """The event without what leads to a person: what is folded lies in the index, too."""
    replace = msgspec.structs.replace
    match event:
        case OrderPlaced():
            return replace(event, mail="", address="")
        case OrderReaddressed():
            return replace(event, address="")
        case ParcelShipped():
            return replace(event, tracking_number="")
        case ReturnLabelled():
            return replace(event, tracking_number="", label="")
    return event


def _noted(state: RecordedOrder, at: datetime, event: Happening) -> RecordedOrder:
    replace = msgspec.structs.replace
    match event:
        case PaymentRequested():
            return replace(state, payment_method=event.method, due=Sums(event.amount_minor))
        case PaymentReduced():
            return replace(state, due=Sums(state.due.amount_minor, event.released_minor))
        case PaymentDeclined(again=True):  # counted before
            return replace(state, retrying=False)
        case PaymentDeclined():
            declines, first = [*state.declines, event.reason or "card_declined"], state.first_declined_at or at
            return replace(state, declines=declines, first_declined_at=first, retrying=False)
        case PaymentRetried():
            return replace(state, retrying=True)
        case PaymentAuthorized() if state.authorized_at is None:
            by: RecoveredBy = "retry" if state.retrying else "customer"
            return replace(state, authorized_at=at, recovered_by=by if state.declines else None)
        case PaymentCaptured():
            return replace(state, captured_at=at, captured_minor=event.amount_minor)
        case RefundRequested() | AmountReleased():
            tax = event.tax_minor
            back = Back(event.lines, None if tax is None else _by_rate(event.taxes, event.amount_minor, tax))
            return replace(state, back={**state.back, str(event.refund_id): back})
    return state


def render(id_: str, state: RecordedOrder, _keys: Keys) -> Rendered:
    """A document per placed order."""
    seen = state.order
    placed = placed_of(seen)
    if placed is None or seen.placed_at is None:
        return Rendered({})
    totals = placed.totals
    record = OrderRecord(
        order_id=placed.order_id,
        number=placed.number,
        state=seen.state,
        payment_state=payment_state_of(seen, totals.total_minor),
        country=placed.country,
        currency=totals.currency,
        lines_minor=totals.lines_minor,
        shipping_minor=totals.shipping_minor,
        discount_minor=totals.discount_minor,
        tax_minor=totals.tax_minor,
        total_minor=totals.total_minor,
        gift_minor=sum(part.amount_minor for part in placed.gift_cards),
        gift_back_minor=sum(each.to_cards_minor for each in seen.refunds),
        credit_minor=credited(placed),
        refunded_minor=refunded_minor(seen),
        released_minor=released_minor(seen),
        fulfilment=fulfilment_of(seen, placed),
        items=sum(line.quantity for line in placed.lines),
        skus=[line.sku for line in placed.lines],
        product_ids=[line.product_id for line in placed.lines],
        promotion_ids=[off.promotion_id for off in placed.discounts],
        codes=[off.code for off in placed.discounts if off.code],
        placed_at=seen.placed_at,
        updated_at=seen.updated_at,
        position=state.position,
        account_id=placed.account_id,
        lines=_lines(state, placed),
        discounts=[
            RecordedDiscount(
                off.promotion_id, off.name, off.code, off.lines_minor + off.shipping_minor, totals.currency
            )
            for off in placed.discounts
        ],
        refunds=[_refunded(state, each) for each in seen.refunds],
        authorized_at=state.authorized_at,
        captured_at=state.captured_at,
        included_tax_minor=sum(tax.tax_minor for tax in placed.taxes if tax.included),
        captured_minor=state.captured_minor,
        declines=len(state.declines),
        decline_reasons=state.declines,
        first_decline_reason=state.declines[0] if state.declines else None,
        first_declined_at=state.first_declined_at,
        recovered_by=state.recovered_by,
        adds_to=placed.adds_to,
        payment_method=state.payment_method,
        unpaid_minor=_unpaid(state),
        taxes=_by_rate(placed.taxes, totals.total_minor, totals.tax_minor),
        credit_notes=state.credit_notes,
        disputes=list(state.disputes),
        returned_items=returned_items(seen.returns),
        return_reasons=[each.reason for each in seen.returns if each.state not in ("rejected", "cancelled", "expired")],
    )
    return Rendered({id_: encode(record)})


def _by_rate(taxes: Sequence[OrderTax], total_minor: int, tax_minor: int) -> list[RecordedTax]:
    """By rate; of orders from before these were told as their credit notes have it. Then none was within prices."""
    return by_rate(taxes, total_minor, tax_minor) if taxes or tax_minor else []


def _refunded(state: RecordedOrder, each: order.Refund) -> RecordedRefund:
    """A refund as it stands; its taxes were told of all of it, so that they count once all of it has gone back."""
    taxes = state.back[str(each.id)].taxes if each.state in ("succeeded", "released") else None
    told = 0 if taxes is None else each.amount_minor
    return RecordedRefund(
        each.id, each.state, each.reason, each.amount_minor, each.requested_at, gone_minor(each), told, taxes or []
    )


def _unpaid(state: RecordedOrder) -> int:
    """What is to come of what was bought on invoice: of its payment until that is captured, then of the invoice."""
    stands = state.payment_method == "invoice" and state.order.payment_state in ("authorized", "captured")
    return max(state.due.left_minor, 0) if stands else 0


def _lines(state: RecordedOrder, placed: OrderPlaced) -> list[RecordedLine]:
    refunded, released = _back(state, "succeeded"), _back(state, "released")
    return [
        RecordedLine(
            sku=line.sku,
            product_id=line.product_id,
            name=line.name,
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            total_minor=line.total_minor,
            discount_minor=line.discount_minor,
            tax_minor=line.tax_minor,
            charged_minor=line.cost_minor,
            refunded_quantity=refunded[0].pop(line.sku, 0),
            refunded_minor=refunded[1].pop(line.sku, 0),
            released_quantity=released[0].pop(line.sku, 0),
            released_minor=released[1].pop(line.sku, 0),
            included_tax_minor=line.included_tax_minor,
            gift_quantity=line.gift_quantity,
            bundle=line.bundle or None,
        )
        for line in placed.lines
    ]


def _back(state: RecordedOrder, how: str) -> tuple[Counter[str], Counter[str]]:
    """Of each SKU how many, and how much, in the refunds that stand so."""
    quantities, amounts = Counter[str](), Counter[str]()
    for refund in state.order.refunds:
        for line in state.back[str(refund.id)].lines if refund.state == how else []:
            quantities[line.sku] += line.quantity
            amounts[line.sku] += line.amount_minor
    return quantities, amounts


MODEL = ReadModel(
    name=RECORDS,
    version="v15",
    sink=ELASTICSEARCH,
    contexts=order.CONTEXTS | {"invoices", "fraud"},
    state=RecordedOrder,
    touches=touches,
    begins=order.begins,
    evolve=evolve,
    render=render,
    gather=GATHERING,
)

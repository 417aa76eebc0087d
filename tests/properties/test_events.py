"""For every event type there is: bytes and back, and a fold that any history of its aggregate goes through."""

from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct

from shared.codec import EVENT_TYPES, decode_events, encode_event, tag_of
from shared.envelope import Recorded
from shared.events.access import TokenIssued, TokenRevoked
from shared.events.accounts import AccountEvent, SessionEvent, SessionOpened, SignedUp
from shared.events.booking import BookingEvent, BookingRequested
from shared.events.carts import CartEvent, CartOpened
from shared.events.catalog import CategoryEvent, ProductCreated, ProductRevised
from shared.events.erasure import PersonExported
from shared.events.fraud import FraudEvent, PaymentAssessed
from shared.events.fulfilment import FulfilmentEvent, ParcelShipped
from shared.events.gift_cards import GiftCardEvent, GiftCardIssued
from shared.events.imports import CatalogExported, StockExported
from shared.events.inventory import (
    BundleComposed,
    BundleEvent,
    LowStockEvent,
    PurchaseLimitSet,
    StockItemEvent,
    StockItemOpened,
    StockRanLow,
    WarehouseEvent,
    WarehouseOpened,
)
from shared.events.invoices import CreditEvent, CreditNoteIssued, CreditSet, InvoiceEvent, InvoiceIssued
from shared.events.merchandising import MerchandisingEvent, SearchRuleSet
from shared.events.notifications import MailQueued, NotificationEvent
from shared.events.orders import OrderEvent, OrderPlaced, QuoteEvent, QuoteIssued
from shared.events.payments import PaymentEvent, PaymentRequested
from shared.events.picking import PickEvent, PickListed
from shared.events.pricing import PriceEvent, PriceListAnnounced, PriceListEvent, PriceSet
from shared.events.product_types import ProductTypeEvent, ProductTypeSet
from shared.events.promotions import PromotionAnnounced, PromotionEvent
from shared.events.refunds import RefundEvent, RefundRequested
from shared.events.repairs import RowRepaired
from shared.events.restock_requests import RestockRequested, RestockRequestEvent
from shared.events.returns import ReturnEvent, ReturnRequested
from shared.events.sales import PassGiven, PassMoved, SaleAnnounced, SaleEvent
from shared.events.shipping import DestinationSet, ZoneSet
from shared.events.taxes import TaxesSet
from shared.events.transfers import TransferEvent, TransferPlanned
from shared.events.webhooks import EndpointCreated, WebhookEvent
from tests.properties.values import MOMENTS, OF_MANY, any_of
from write_side.aggregates import AGGREGATES, Aggregate

# Aggregate → the event its history begins with, and all that may follow.
HISTORIES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "warehouse": (WarehouseOpened, get_args(WarehouseEvent)),
    "purchase_limit": (PurchaseLimitSet, (PurchaseLimitSet,)),
    "bundle": (BundleComposed, get_args(BundleEvent)),
    "low_stock": (StockRanLow, get_args(LowStockEvent)),
    "stock_item": (StockItemOpened, get_args(StockItemEvent)),
    "transfer": (TransferPlanned, get_args(TransferEvent)),
    "category": (get_args(CategoryEvent)[0], get_args(CategoryEvent)),
    "product": (ProductCreated, (ProductRevised,)),
    "price": (PriceSet, get_args(PriceEvent)),
    "price_list": (PriceListAnnounced, get_args(PriceListEvent)),
    "destination": (DestinationSet, (DestinationSet, TaxesSet)),
    "shipping_zone": (ZoneSet, (ZoneSet,)),
    "cart": (CartOpened, get_args(CartEvent)),
    "quote": (QuoteIssued, get_args(QuoteEvent)),
    "order": (OrderPlaced, get_args(OrderEvent)),
    "payment": (PaymentRequested, get_args(PaymentEvent)),
    "refund": (RefundRequested, get_args(RefundEvent)),
    "return": (ReturnRequested, get_args(ReturnEvent)),
    "fraud_check": (PaymentAssessed, get_args(FraudEvent)),
    "parcel": (ParcelShipped, get_args(FulfilmentEvent)),
    "booking": (BookingRequested, get_args(BookingEvent)),
    "pick": (PickListed, get_args(PickEvent)),
    "mail": (MailQueued, get_args(NotificationEvent)),
    "account": (SignedUp, get_args(AccountEvent)),
    "session": (SessionOpened, get_args(SessionEvent)),
    "access_token": (TokenIssued, (TokenRevoked,)),
    "promotion": (PromotionAnnounced, get_args(PromotionEvent)),
    "restock_request": (RestockRequested, get_args(RestockRequestEvent)),
    "credit": (CreditSet, get_args(CreditEvent)),
    "invoice": (InvoiceIssued, get_args(InvoiceEvent)),
    "credit_note": (CreditNoteIssued, ()),
    "gift_card": (GiftCardIssued, get_args(GiftCardEvent)),
    "search_rule": (SearchRuleSet, get_args(MerchandisingEvent)),
    "product_type": (ProductTypeSet, get_args(ProductTypeEvent)),
    "sale": (SaleAnnounced, get_args(SaleEvent)),
    "sale_pass": (PassGiven, (PassMoved,)),
    "webhook_endpoint": (EndpointCreated, get_args(WebhookEvent)),
}


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=list(EVENT_TYPES))
@given(data=st.data())
@OF_MANY
def test_an_event_survives_the_log(kind: type[Struct], data: st.DataObject) -> None:
    event = data.draw(any_of(kind))
    payload = encode_event(event)
    [read] = decode_events(tag_of(kind), payload)
    assert read == event
    assert encode_event(read) == payload, "the bytes are what the chain hashes"


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=list(EVENT_TYPES))
@given(data=st.data())
@OF_MANY
def test_a_field_of_a_later_release_is_no_obstacle(kind: type[Struct], data: st.DataObject) -> None:
    event = data.draw(any_of(kind))
    fields = msgspec.json.decode(encode_event(event)) | {"field_of_next_year": [1, {"a": None}]}
    assert decode_events(tag_of(kind), msgspec.json.encode(fields))[0] == event


def test_every_event_type_belongs_to_a_history() -> None:
    told = {first for first, _ in HISTORIES.values()} | {kind for _, rest in HISTORIES.values() for kind in rest}
    # About another one's row, and about nobody's.
    assert told | {RowRepaired, PersonExported, CatalogExported, StockExported} == set(EVENT_TYPES.values())
    assert HISTORIES.keys() == {aggregate.type for aggregate in AGGREGATES}


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=[aggregate.type for aggregate in AGGREGATES])
@given(data=st.data())
@OF_MANY
def test_any_history_folds_to_one_state(aggregate: Aggregate, data: st.DataObject) -> None:
    """The fold is total, depends on nothing but the events, and keeps what was before: nothing is changed in place."""
    first, following = HISTORIES[aggregate.type]
    later = st.lists(st.one_of([any_of(kind) for kind in following]), max_size=6) if following else st.just([])
    events = [data.draw(any_of(first)), *data.draw(later)]
    id_, at = data.draw(st.uuids()), data.draw(MOMENTS)
    states = _fold(aggregate, events, id_, at)
    rendered = [msgspec.json.encode(state) for state in states]
    through_the_log = [decode_events(tag_of(type(event)), encode_event(event))[0] for event in events]
    assert _fold(aggregate, through_the_log, id_, at) == states
    assert [msgspec.json.encode(state) for state in states] == rendered
    assert [state.version for state in states] == list(range(1, len(events) + 1))


def _fold(aggregate: Aggregate, events: list[Any], id_: UUID, at: Any) -> list[Any]:
    states: list[Any] = []
    for version, event in enumerate(events, 1):
        recorded = Recorded(
            position=version, previous=version - 1, shard=0, key="", aggregate_type=aggregate.type, aggregate_id=id_,
            version=version, event_id=id_, type=tag_of(type(event)), recorded_at=at, payload=Raw(b"{}"),
            metadata=Raw(b"{}"), epoch=1,
        )  # fmt: skip
        states.append(aggregate.evolve(states[-1] if states else None, recorded, event))
    return states

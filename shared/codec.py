"""Events to bytes and back. The tag is the type's name in the log for ever; a decoder stands ready per tag.

Decoding is the one place where old versions become events of today: whoever reads the log reads it through here.
"""

from typing import Any, get_args

import msgspec
from msgspec import Raw, Struct

from shared.events.access import AccessEvent
from shared.events.accounts import AccountEvent, SessionEvent
from shared.events.booking import BookingEvent
from shared.events.carts import CartEvent
from shared.events.catalog import CatalogEvent
from shared.events.erasure import ErasureEvent
from shared.events.fraud import FraudEvent
from shared.events.fulfilment import FulfilmentEvent
from shared.events.gift_cards import GiftCardEvent
from shared.events.imports import ImportsEvent
from shared.events.inventory import InventoryEvent
from shared.events.invoices import CreditEvent, CreditNoteIssued, InvoiceEvent
from shared.events.merchandising import MerchandisingEvent
from shared.events.notifications import NotificationEvent
from shared.events.orders import OrderEvent, QuoteEvent
from shared.events.payments import PaymentEvent
from shared.events.picking import PickEvent
from shared.events.pricing import PricingEvent
from shared.events.product_types import ProductTypeEvent
from shared.events.promotions import PromotionEvent
from shared.events.refunds import RefundEvent
from shared.events.repairs import RepairEvent
from shared.events.restock_requests import RestockRequestEvent
from shared.events.returns import ReturnEvent
from shared.events.sales import SalesEvent
from shared.events.shipping import ShippingEvent
from shared.events.taxes import TaxesSet
from shared.events.transfers import TransferEvent
from shared.events.webhooks import WebhookEvent
from shared.upcasting import UPCASTERS, upcast

Event = (
    AccessEvent
    | AccountEvent
    | SessionEvent
    | BookingEvent
    | CartEvent
    | CatalogEvent
    | ErasureEvent
    | ImportsEvent
    | FraudEvent
    | FulfilmentEvent
    | InventoryEvent
    | NotificationEvent
    | OrderEvent
    | QuoteEvent
    | PaymentEvent
    | PickEvent
    | PricingEvent
    | MerchandisingEvent
    | ProductTypeEvent
    | PromotionEvent
    | GiftCardEvent
    | CreditEvent
    | InvoiceEvent
    | CreditNoteIssued
    | RefundEvent
    | RepairEvent
    | RestockRequestEvent
    | ReturnEvent
    | SalesEvent
    | ShippingEvent
    | TaxesSet
    | TransferEvent
    | WebhookEvent
)


class UnknownEventType(ValueError):
    """No contract has this tag: a newer producer, or a poisoned row."""


def tag_of(kind: type[Struct]) -> str:
    """The type's name in the log: `inventory.stock_reserved.v1`."""
    return str(kind.__struct_config__.tag)


EVENT_TYPES: dict[str, type[Struct]] = {tag_of(kind): kind for kind in get_args(Event)}
KNOWN_TYPES = [*EVENT_TYPES, *UPCASTERS]  # all that the log may hold, old versions included
_decoders = {tag: msgspec.json.Decoder(kind) for tag, kind in EVENT_TYPES.items()}
_encoder = msgspec.json.Encoder()


def encode_event(event: Struct) -> bytes:
    """The payload as it is stored and hashed."""
    return _encoder.encode(event)


def decode_events(type_: str, payload: bytes | Raw) -> tuple[Event, ...]:
    """What an event of the log says today: one event, or several where its type was split since.

    Raises `UnknownEventType` or `msgspec.DecodeError`.
    """
    decoder = _decoders.get(type_)
    if decoder is not None:
        return (decoder.decode(payload),)  # type: ignore[return-value]  # the registry is built from Event's members
    if type_ not in UPCASTERS:
        raise UnknownEventType(type_)
    return tuple(_converted(name, fields) for name, fields in upcast(type_, msgspec.json.decode(payload)))


def _converted(type_: str, fields: dict[str, Any]) -> Event:
    if type_ not in EVENT_TYPES:
        raise UnknownEventType(type_)
    return msgspec.convert(fields, EVENT_TYPES[type_])  # type: ignore[return-value]

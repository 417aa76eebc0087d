"""Events to bytes and back. The tag is the type's name in the log for ever; a decoder stands ready per tag."""

from typing import get_args

import msgspec
from msgspec import Raw, Struct

from shared.events.access import AccessEvent
from shared.events.carts import CartEvent
from shared.events.catalog import CatalogEvent
from shared.events.inventory import InventoryEvent
from shared.events.notifications import NotificationEvent
from shared.events.orders import OrderEvent, QuoteIssued
from shared.events.payments import PaymentEvent
from shared.events.pricing import PricingEvent
from shared.events.shipping import DestinationSet

Event = (
    AccessEvent
    | CartEvent
    | CatalogEvent
    | InventoryEvent
    | NotificationEvent
    | OrderEvent
    | QuoteIssued
    | PaymentEvent
    | PricingEvent
    | DestinationSet
)


class UnknownEventType(ValueError):
    """No contract has this tag: a newer producer, or a poisoned row."""


def tag_of(kind: type[Struct]) -> str:
    """The type's name in the log: `inventory.stock_reserved.v1`."""
    return str(kind.__struct_config__.tag)


EVENT_TYPES: dict[str, type[Struct]] = {tag_of(kind): kind for kind in get_args(Event)}
_decoders = {tag: msgspec.json.Decoder(kind) for tag, kind in EVENT_TYPES.items()}
_encoder = msgspec.json.Encoder()


def encode_event(event: Struct) -> bytes:
    """The payload as it is stored and hashed."""
    return _encoder.encode(event)


def decode_event(type_: str, payload: bytes | Raw) -> Event:
    """The event of a payload; raises `UnknownEventType` or `msgspec.DecodeError`."""
    decoder = _decoders.get(type_)
    if decoder is None:
        raise UnknownEventType(type_)
    return decoder.decode(payload)  # type: ignore[return-value]  # the registry is built from Event's own members

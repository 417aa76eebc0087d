"""Events as the log records them, for tests of pure folds: of a lamp and its order, and what models make of them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
from msgspec import Raw, Struct

from projector.model import Folded, Keys, ReadModel, Rendered
from shared.codec import encode_event, tag_of
from shared.documents.orders import Address
from shared.envelope import Recorded
from shared.events.catalog import Image, ProductFacts
from shared.events.catalog import Variant as SoldVariant
from shared.events.inventory import StockItemOpened
from shared.events.orders import OrderConfirmed, OrderPlaced, OrderTax, PricedLine, Shipping, Totals
from shared.events.payments import PaymentAuthorized, PaymentDeclined, PaymentIntentCreated, PaymentRequested
from shared.sealed import new_key, seal

START = datetime(2026, 11, 27, tzinfo=UTC)
PRODUCT = UUID("01900000-0000-7000-8000-000000000001")
KEY = f"product:{PRODUCT}"
ORDER, PERSON, PAYMENT = uuid4(), uuid4(), uuid4()
PERSONS_KEY = new_key()


def recorded(event: Struct, key: str, position: int, aggregate_id: UUID | None = None) -> Recorded:
    """An event at a position, one second after the position before it."""
    return Recorded(
        position=position,
        previous=position - 1,
        shard=0,
        key=key,
        aggregate_type="any",
        aggregate_id=aggregate_id or uuid4(),
        version=position,
        event_id=uuid4(),
        type=tag_of(type(event)),
        recorded_at=START + timedelta(seconds=position),
        payload=Raw(encode_event(event)),
        metadata=Raw(b"{}"),
    )


def folded(model: ReadModel, key: str, *events: Struct) -> dict[str, Folded]:
    """State id → state after these events."""
    states: dict[str, Folded] = {}
    for position, event in enumerate(events, start=1):
        at = recorded(event, key, position, aggregate_id=UUID(int=7))
        for id_ in model.touches(at, event):  # type: ignore[arg-type]  # tests only pass events
            states[id_] = model.evolve(states.get(id_), at, event)
    return states


def shown(model: ReadModel, key: str, *events: Struct, keys: Keys | None = None) -> Rendered:
    """The one state's rendering."""
    ((id_, state),) = folded(model, key, *events).items()
    again = msgspec.json.decode(msgspec.json.encode(state), type=model.state)
    assert again == state, "a state survives its storage"
    return model.render(id_, state, keys or {})


def opened(sku: str = "lamp", warehouse: str = "north", on_hand: int = 10, low_at: int = 3) -> StockItemOpened:
    return StockItemOpened(sku, warehouse, PRODUCT, on_hand, 0, low_at, "first delivery")


def facts(**changes: object) -> ProductFacts:
    lamp = ProductFacts(
        slug="desk-lamp",
        name="Desk lamp",
        brand="Lumen",
        description="Shines.",
        product_type="lamps",
        status="active",
        category_id=None,
        attributes={"colour": ["red", "blue"], "dimmable": True, "watts": 4.5},
        images=[Image("https://images.example/lamp.jpg")],
        variants=[SoldVariant(uuid4(), "lamp", ean="4006381333931"), SoldVariant(uuid4(), "lamp-xl")],
    )
    return msgspec.structs.replace(lamp, **changes)


def placed() -> OrderPlaced:
    address = Address("Ada", "1 Main Street", "Bern", "3000", "CH")
    line = PricedLine("lamp", PRODUCT, uuid4(), "Desk lamp", 2, 1000, 2000, 154)
    return OrderPlaced(
        order_id=ORDER,
        number="A-1",
        quote_id=uuid4(),
        cart_id=uuid4(),
        payment_id=PAYMENT,
        person_id=PERSON,
        mail=seal(PERSONS_KEY, PERSON, "mail", "ada@example.org"),
        address=seal(PERSONS_KEY, PERSON, "address", msgspec.json.encode(address).decode()),
        country="CH",
        lines=[line],
        totals=Totals("CHF", 2000, 500, 154, 2654),
        allocations=[],
        expires_at=START,
        shipping=Shipping("express", "Express", 500, "switzerland", 1, 2),
        taxes=[OrderTax("VAT", 81_000, 2000, 154, included=False)],
        duties_due=True,
    )


HISTORY = (
    PaymentRequested(PAYMENT, ORDER, 2654, "CHF"),
    PaymentIntentCreated(PAYMENT, ORDER, "pi_1"),
    PaymentDeclined(PAYMENT, ORDER, "card_declined", None),
    PaymentAuthorized(PAYMENT, ORDER, "pi_1", 2654),
    OrderConfirmed(ORDER, PAYMENT),
)

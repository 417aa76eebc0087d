"""What happened to carts. Aggregate: `cart`, key `cart:<id>`. A line carries its quantity after the event."""

from uuid import UUID

from msgspec import Struct

DEFAULT_CHANNEL = "web"


class CartOpened(Struct, frozen=True, omit_defaults=True, tag="carts.cart_opened.v1"):
    cart_id: UUID
    currency: str
    channel: str = DEFAULT_CHANNEL  # where it is shopped in


class CartLineChanged(Struct, frozen=True, tag="carts.cart_line_changed.v1"):
    """A line was added, raised, lowered, or (quantity 0) taken out."""

    cart_id: UUID
    sku: str
    change: int
    quantity: int


class CartOrdered(Struct, frozen=True, tag="carts.cart_ordered.v1"):
    """An order was placed from it; the cart stays and can be read, but takes no more lines."""

    cart_id: UUID
    order_id: UUID


CartEvent = CartOpened | CartLineChanged | CartOrdered

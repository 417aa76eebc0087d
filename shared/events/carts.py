"""What happened to carts. Aggregate: `cart`, key `cart:<id>`. A line carries its quantity after the event."""

from uuid import UUID

from msgspec import Struct

DEFAULT_CHANNEL = "web"


class CartOpened(Struct, frozen=True, omit_defaults=True, tag="carts.cart_opened.v1"):
    cart_id: UUID
    currency: str
    channel: str = DEFAULT_CHANNEL  # where it is shopped in
    account_id: UUID | None = None  # whose it is; a guest's is nobody's


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


class CartLinesTaken(Struct, frozen=True, tag="carts.cart_lines_taken.v1"):
    """An account's cart took over the lines of a guest's: of each SKU so many from now on."""

    cart_id: UUID
    from_cart_id: UUID
    lines: dict[str, int]


class CartEmptied(Struct, frozen=True, tag="carts.cart_emptied.v1"):
    """A guest's cart whose lines went into the cart of an account."""

    cart_id: UUID
    into_cart_id: UUID


CartEvent = CartOpened | CartLineChanged | CartLinesTaken | CartEmptied | CartOrdered

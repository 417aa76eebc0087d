"""What happened to prices. Aggregate: `price` (its id is the variant's), key `product:<product id>`."""

from uuid import UUID

from msgspec import Struct


class PriceSet(Struct, frozen=True, tag="pricing.price_set.v1"):
    """A variant costs this much in this currency from now on, tax excluded."""

    product_id: UUID
    sku: str
    currency: str
    amount_minor: int


class PriceRemoved(Struct, frozen=True, tag="pricing.price_removed.v1"):
    """A variant is no longer sold in this currency."""

    product_id: UUID
    sku: str
    currency: str


PricingEvent = PriceSet | PriceRemoved

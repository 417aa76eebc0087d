"""What happened to prices. Aggregates: `price` (its id is the variant's, key `product:<product id>`), all that a
variant costs, its prices in price lists among it; `price_list` (key `price_list:<id>`), for whom, where and when a
list is.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class PriceSet(Struct, frozen=True, omit_defaults=True, tag="pricing.price_set.v1"):
    """A variant costs this much in this currency from now on, tax excluded."""

    product_id: UUID
    sku: str
    currency: str
    amount_minor: int
    since: datetime | None = None  # of a scheduled price: it has been in force since then, whenever this was written


class PriceRemoved(Struct, frozen=True, tag="pricing.price_removed.v1"):
    """A variant is no longer sold in this currency."""

    product_id: UUID
    sku: str
    currency: str


class PriceScheduled(Struct, frozen=True, tag="pricing.price_scheduled.v1"):
    """A variant will cost this much from a time on. `PriceSet` says so once more when it has come."""

    product_id: UUID
    sku: str
    currency: str
    amount_minor: int
    starts_at: datetime


class PriceUnscheduled(Struct, frozen=True, tag="pricing.price_unscheduled.v1"):
    """It won't: the price that was to come at this time was taken back."""

    product_id: UUID
    sku: str
    currency: str
    starts_at: datetime


class Tier(Struct, frozen=True):
    """Each costs this much if somebody takes so many at least."""

    from_quantity: int
    amount_minor: int


class ListPriceSet(Struct, frozen=True, tag="pricing.list_price_set.v1"):
    """A variant costs this much in a price list, by quantity, smallest quantity first; all of what it says of it."""

    product_id: UUID
    sku: str
    price_list_id: UUID
    tiers: list[Tier]


class ListPriceRemoved(Struct, frozen=True, omit_defaults=True, tag="pricing.list_price_removed.v1"):
    """A price list says nothing of a variant any more."""

    product_id: UUID
    sku: str
    price_list_id: UUID
    since: datetime | None = None  # of a list that is over: it has asked nothing since then, whenever this was written


class PriceListTerms(Struct, frozen=True, omit_defaults=True):
    """All that is said of a price list. It begins at `starts_at` and is over at `ends_at`."""

    name: str
    currency: str
    channels: list[str]  # where it is in force; empty: everywhere
    groups: list[str]  # groups of customers that it is for; empty: for everybody
    starts_at: datetime | None
    ends_at: datetime | None
    priority: int  # of several lists the one with the lowest goes
    tax_included: bool = False  # in its prices, whatever it is where the goods go


class PriceListAnnounced(Struct, frozen=True, tag="pricing.price_list_announced.v1"):
    price_list_id: UUID
    terms: PriceListTerms


class PriceListRevised(Struct, frozen=True, tag="pricing.price_list_revised.v1"):
    price_list_id: UUID
    terms: PriceListTerms


class PriceListEnded(Struct, frozen=True, tag="pricing.price_list_ended.v1"):
    """By staff, and for good."""

    price_list_id: UUID


PriceEvent = PriceSet | PriceRemoved | PriceScheduled | PriceUnscheduled | ListPriceSet | ListPriceRemoved
PriceListEvent = PriceListAnnounced | PriceListRevised | PriceListEnded
PricingEvent = PriceEvent | PriceListEvent

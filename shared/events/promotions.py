"""What happened to promotions. Aggregate: `promotion`, key `promotion:<id>`.

Who used one is told by the id of the person, a random number that leads nowhere once the person was erased.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class Percentage(Struct, frozen=True, tag="percentage", tag_field="kind"):
    """So much off: 1,500 basis points are 15 %."""

    basis_points: int


class AmountOff(Struct, frozen=True, tag="amount", tag_field="kind"):
    """So many minor units off, by currency."""

    amounts: dict[str, int]


class ProductSet(Struct, frozen=True, omit_defaults=True):
    """These SKUs, and all whose products are in these categories or below them."""

    skus: list[str] = []
    categories: list[UUID] = []


class BuyGet(Struct, frozen=True, omit_defaults=True, tag="buy_get", tag_field="kind"):
    """Of each `buy` + `get` of one SKU, `get` cost so much less.

    With `buy_of`, `buy` are bought of a set whatever their SKUs, and `get` are given of the other set, or of the same.
    """

    buy: int
    get: int
    basis_points: int | None = None  # what is given costs so much less; None: it costs nothing
    buy_of: ProductSet | None = None
    get_of: ProductSet | None = None  # None: given is what is cheapest of a group
    most_groups: int | None = None  # so many of one order


class FreeShipping(Struct, frozen=True, tag="free_shipping", tag_field="kind"):
    """Shipping costs nothing."""


class Gift(Struct, frozen=True, tag="gift", tag_field="kind"):
    """So many of a SKU are added, and cost nothing."""

    sku: str
    quantity: int


Off = Percentage | AmountOff | BuyGet | FreeShipping | Gift


class Budget(Struct, frozen=True):
    """So many minor units of a currency."""

    amount_minor: int
    currency: str


class PromotionTerms(Struct, frozen=True, omit_defaults=True):
    """All that is said of a promotion. It begins at `starts_at` and is over at `ends_at`."""

    name: str
    off: Off
    code: str  # what has to be typed; "": it applies by itself
    skus: list[str]  # what it is for; empty: everything
    minimum: dict[str, int]  # currency → minor units that the lines come to at least; empty: any cart, any currency
    starts_at: datetime | None
    ends_at: datetime | None
    exclusive: bool  # goes with no other
    priority: int  # lower is taken off first
    most: int | None  # so many orders may use it
    most_per_customer: int | None  # so many of one person
    budget: Budget | None = None  # what it takes off all orders together; it applies in this currency alone


class PromotionAnnounced(Struct, frozen=True, tag="promotions.promotion_announced.v3"):
    promotion_id: UUID
    terms: PromotionTerms


class PromotionRevised(Struct, frozen=True, tag="promotions.promotion_revised.v3"):
    promotion_id: UUID
    terms: PromotionTerms


class PromotionEnded(Struct, frozen=True, tag="promotions.promotion_ended.v1"):
    """By staff, and for good."""

    promotion_id: UUID


class PromotionUsed(Struct, frozen=True, omit_defaults=True, tag="promotions.promotion_used.v1"):
    """An order holds a use of it; told only where uses are limited. `used`: how many are held after this.

    Of one with a budget also, in minor units: `amount_minor`, what it takes off this order, and `granted_minor`, off
    all that hold a use after this.
    """

    promotion_id: UUID
    order_id: UUID
    person_id: UUID  # whom limits count: of the order its `counted_as`, if it has one
    used: int
    amount_minor: int = 0
    granted_minor: int = 0


class PromotionReturned(Struct, frozen=True, omit_defaults=True, tag="promotions.promotion_returned.v1"):
    """The order was cancelled or expired: its use is free again, and so is what it had of the budget. `used` and
    `granted_minor`: how much is held after this."""

    promotion_id: UUID
    order_id: UUID
    person_id: UUID  # whom limits count: of the order its `counted_as`, if it has one
    used: int
    amount_minor: int = 0
    granted_minor: int = 0


PromotionEvent = PromotionAnnounced | PromotionRevised | PromotionEnded | PromotionUsed | PromotionReturned

"""What happened to quotes and orders. Aggregates: `quote` (key `cart:<cart id>`), `order` (key `order:<id>`).

Personal fields (`mail`, `address`) are ciphertext under the person's key (`shared.sealed`): the log never holds them in
the clear.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from shared.events.carts import DEFAULT_CHANNEL
from shared.events.fulfilment import ParcelLine
from shared.events.gift_cards import GiftPart


class PricedLine(Struct, frozen=True, omit_defaults=True):
    """One line as priced on the write side. Amounts in minor units of the order's currency.

    quantity × unit price = total; `tax_minor` comes on top of total − discount. Where the price includes tax, that is
    0, and `included_tax_minor` is what of total − discount is tax.
    """

    sku: str
    product_id: UUID
    variant_id: UUID
    name: str
    quantity: int
    unit_price_minor: int
    total_minor: int
    tax_minor: int
    discount_minor: int = 0
    price_list_id: UUID | None = None  # what the unit price is by; none: the SKU's own
    from_quantity: int = 1  # and the tier of the list
    tax_included: bool = False
    included_tax_minor: int = 0
    gift_quantity: int = 0  # so many of them are a gift: their price is in the discount
    gift_card: bool = False  # each of them is one: nothing is reserved or sent, a code is mailed once it is paid
    bundle: str = ""  # the SKU of the bundle it was sold in; its amounts are then its share of the bundle's

    @property
    def cost_minor(self) -> int:
        """What it costs in the end: less its discount, with its tax."""
        return self.total_minor - self.discount_minor + self.tax_minor


class Needs(Struct, frozen=True, omit_defaults=True):
    """What has to stay of an order that keeps a discount, by the promotion's terms as it was given. SKUs are those of
    the cart: a bundle is one."""

    minimum_minor: int = 0  # what is bought has to come to so much, without gifts and gift cards, before discounts
    one_of: list[str] = []  # of which something has to stay: what of the cart it is for; empty: anything
    together: dict[str, int] = {}  # SKU → how many pieces of it are in groups, which stay whole
    each_alone: bool = False  # groups are of one SKU each: the others don't wait for it
    gift: str = ""  # the SKU that it gave, and how many: without these, nothing is needed
    gift_quantity: int = 0


class Discount(Struct, frozen=True, omit_defaults=True):
    """What a promotion takes off an order: off its lines, and off its shipping. Minor units."""

    promotion_id: UUID
    name: str
    code: str  # "" if it applied by itself
    lines_minor: int
    shipping_minor: int
    needs: Needs | None = None  # None: nothing that an edit could take away, or from before it was said


class OrderTax(Struct, frozen=True, omit_defaults=True):
    """What a tax at a rate comes to over all lines and the shipping. `included`: it is in their prices, not on top."""

    name: str
    rate_ppm: int  # parts per million: 190000 is 19 %
    base_minor: int  # what it is on, without any tax
    tax_minor: int
    included: bool
    # `reverse_charge`: the buyer owes it in their own country, and not the seller; `reverse_charge_unverified`: so they
    # say, and it could not be looked up; `vat_id_not_registered`: nobody is there by that VAT id, and so they pay.
    note: str = ""


class Totals(Struct, frozen=True, omit_defaults=True):
    """lines + shipping − discount + tax = total; the total is what gift cards pay and what is charged. Tax is what
    comes on top of prices."""

    currency: str
    lines_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    discount_minor: int = 0  # off lines and shipping


class Allocation(Struct, frozen=True):
    """From which warehouse how many of a SKU are to come."""

    sku: str
    warehouse: str
    quantity: int


class Shipping(Struct, frozen=True, omit_defaults=True):
    """How an order is sent, and what that costs before promotions, in minor units of its currency."""

    method: str
    name: str
    price_minor: int
    zone: str = ""  # empty where somebody else than our own tables said so
    min_days: int | None = None
    max_days: int | None = None
    tax_included: bool = False
    from_minor: int = 0  # it costs so little since the goods come to so much after promotions; 0: whatever they come to


class QuoteIssued(Struct, frozen=True, omit_defaults=True, tag="orders.quote_issued.v1"):
    quote_id: UUID
    cart_id: UUID
    cart_version: int
    person_id: UUID
    mail: str  # sealed
    address: str  # sealed JSON of an Address
    country: str
    tax_basis_points: int  # 0 since there are several taxes: `taxes` says them
    lines: list[PricedLine]
    totals: Totals
    expires_at: datetime
    codes: list[str] = []  # what was typed, used or not
    discounts: list[Discount] = []
    channel: str = DEFAULT_CHANNEL  # of the cart
    groups: list[str] = []  # of customers, that the buyer was in
    account_id: UUID | None = None  # of the cart
    shipping: Shipping | None = None  # None: from before there was a choice
    taxes: list[OrderTax] = []
    duties_due: bool = False  # the recipient pays duties and import taxes at the door; none of that is in the total
    gift_cards: list[GiftPart] = []  # what they pay of the total; the rest is charged
    payment_method: str = "card"
    bundles: list[PricedLine] = []  # as they were put into the cart; what is in them stands in `lines`
    nearest: list[str] = []  # warehouses by their nearness to the address, where the shop ships from the nearest
    counted_as: UUID | None = None  # the person whom limits count, where that is another one
    locale: str = ""  # that the buyer reads, where it is not the shop's own
    names: dict[str, str] = {}  # SKU → what it is called there, if otherwise


class CreditPart(Struct, frozen=True):
    """What an earlier payment had taken, and pays another order now instead of going back: its intent is what it goes
    back by in the end. Minor units."""

    payment_id: UUID
    intent_id: str
    amount_minor: int


class Replaces(Struct, frozen=True):
    """Which goods an order takes the place of: those of a return of another order, whose money pays it in part."""

    order_id: UUID
    return_id: UUID
    credits: list[CreditPart]


class OrderPlaced(Struct, frozen=True, omit_defaults=True, tag="orders.order_placed.v1"):
    order_id: UUID
    number: str  # for people: on the invoice, on the phone
    quote_id: UUID
    cart_id: UUID
    payment_id: UUID
    person_id: UUID
    mail: str  # sealed
    address: str  # sealed JSON of an Address
    country: str
    lines: list[PricedLine]
    totals: Totals
    allocations: list[Allocation]
    expires_at: datetime  # unpaid by then, its stock is freed
    discounts: list[Discount] = []
    account_id: UUID | None = None  # whose it is; a guest's is nobody's
    shipping: Shipping | None = None  # None: from before there was a choice
    taxes: list[OrderTax] = []
    duties_due: bool = False
    gift_cards: list[GiftPart] = []  # what they pay of the total; the payment is over the rest
    replaces: Replaces | None = None  # it is sent in exchange for goods that come back
    bundles: list[PricedLine] = []  # as they were sold; what is in them stands in `lines`
    adds_to: UUID | None = None  # an order that was paid and not picked, which it goes with
    counted_as: UUID | None = None  # the person whom limits count, where that is another one
    locale: str = ""  # that the buyer reads, where it is not the shop's own
    names: dict[str, str] = {}  # SKU → what it is called there, if otherwise


class OrderAddedTo(Struct, frozen=True, tag="orders.order_added_to.v1"):
    """More was ordered to go with it: an order of its own, whose `OrderPlaced.adds_to` is this one."""

    order_id: UUID
    addition_id: UUID
    number: str  # of the addition


class OrderConfirmed(Struct, frozen=True, tag="orders.order_confirmed.v1"):
    """Paid for: the money is authorized and the stock deducted, in the same transaction."""

    order_id: UUID
    payment_id: UUID


class OrderExtended(Struct, frozen=True, tag="orders.order_extended.v1"):
    """Whoever pays is at their bank: the stock is held for them until `expires_at`, longer than was said before."""

    order_id: UUID
    expires_at: datetime


class OrderClosing(Struct, frozen=True, tag="orders.order_closing.v1"):
    """It will be cancelled or expire as soon as the payment provider confirms that nothing can be charged any more."""

    order_id: UUID
    reason: str  # "cancelled" | "expired" | "payment_not_accepted" | "order_left": without what was added and not paid


class OrderCancelled(Struct, frozen=True, tag="orders.order_cancelled.v1"):
    order_id: UUID
    reason: str


class OrderExpired(Struct, frozen=True, tag="orders.order_expired.v1"):
    order_id: UUID


class QuoteRedacted(Struct, frozen=True, tag="orders.quote_redacted.v1"):
    """The person who asked for it was erased: mail and address are gone, and no order can be placed from it."""

    quote_id: UUID
    cart_id: UUID
    person_id: UUID


class OrderCompleted(Struct, frozen=True, omit_defaults=True, tag="orders.order_completed.v1"):
    """All of it has arrived, and the time in which that is questioned is over; or nothing of it goes any more."""

    order_id: UUID
    nothing_went: bool = False  # nothing was sent, or is known to have arrived, or is to be sent: its money is back


class GoodsDropped(Struct, frozen=True, tag="orders.goods_dropped.v1"):
    """So many of these are not sent any more, though no refund names them: their money went back as a mere amount, or
    they are a gift. What of them still lay on a shelf is back in stock."""

    order_id: UUID
    lines: list[ParcelLine]
    restocked: list[Allocation]


class OrderReallocated(Struct, frozen=True, tag="orders.order_reallocated.v1"):
    """Its goods come from elsewhere than was said: what was not found on a shelf is taken from another."""

    order_id: UUID
    allocations: list[Allocation]


class OrderReaddressed(Struct, frozen=True, tag="orders.order_readdressed.v1"):
    """It goes elsewhere, before it was picked; what it costs is the same."""

    order_id: UUID
    person_id: UUID
    address: str  # sealed JSON of an Address


class OrderRedacted(Struct, frozen=True, tag="orders.order_redacted.v1"):
    """The person who placed it was erased: mail and address are gone, what was bought and paid stays."""

    order_id: UUID
    person_id: UUID


QuoteEvent = QuoteIssued | QuoteRedacted
class OrderClaimed(Struct, frozen=True, tag="orders.order_claimed.v1"):
    """An order that was placed by a guest belongs to an account from now on."""

    order_id: UUID
    account_id: UUID


OrderEvent = (
    OrderPlaced
    | OrderConfirmed
    | OrderExtended
    | OrderClosing
    | OrderCancelled
    | OrderExpired
    | OrderClaimed
    | OrderCompleted
    | GoodsDropped
    | OrderReallocated
    | OrderReaddressed
    | OrderAddedTo
    | OrderRedacted
)

"""What changes by itself on a page: when which price begins, and when which price list is in force for whom.

The product's own key says what its variants cost by which list; a list's key says for whom and when it is. They are
joined when a page is asked for (read_side/prices), by the clock, as the checkout does it.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from shared.events.pricing import PriceListTerms
from shared.money import Currency

LISTS = "price_lists"  # Redis: `doc:<price list id>` is a ShownPriceList; all have a name, `any:<price list id>`
ANY = "any"
HISTORY_DAYS = 61  # how long a step is kept that another one has followed: 30 days before a price that is 30 days old
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)  # since when a price holds that nobody changed
WINDOW_DAYS = 30  # before the price of today began
LONGEST_SALE = timedelta(days=366)  # what a list asks for longer is simply its price
# So long after its end a price may be told as lowered that followed it: of a sale as long as any, and 30 days before.
TOLD = LONGEST_SALE + timedelta(days=WINDOW_DAYS + 1)


class Step(NamedTuple):
    """From then on it costs so much; None: nothing is asked."""

    at: datetime
    amount_minor: int | None


class VariantTimes(Struct, frozen=True):
    """What a SKU costs, cost and will cost, by currency, and by each price list for one piece, the earliest first.

    `said_at`: when the log last said something of it. That has happened, also where the reader's clock is behind.
    """

    sku: str
    own: dict[str, list[Step]] = {}
    lists: dict[str, list[Step]] = {}
    gift_card: bool | UnsetType = UNSET  # promotions take nothing off it
    said_at: datetime | UnsetType = UNSET


class PriceTimes(Struct, frozen=True):
    """All variants of a product."""

    variants: list[VariantTimes]


class TermsStep(NamedTuple):
    """From then on a list has these terms; None: it was ended."""

    at: datetime
    terms: PriceListTerms | None


class ShownPriceList(Struct, frozen=True):
    """A price list as it is and was."""

    id: UUID
    steps: list[TermsStep]


class ShownPrice(Struct, frozen=True, omit_defaults=True):
    """What somebody who isn't signed in pays for one: tax excluded, unless `tax_included`, as the list's terms say.

    `price_list_id`: the list that asks it; `promotion_ids`: what was taken off `before_promotions_minor` by itself, for
    one piece in a cart that holds nothing else; `until`: when one of them is over. `lowest_30_days_minor`: on a price
    that was lowered, the lowest of the 30 days before that (Directive 98/6/EC, Article 6a), of prices of the same kind.
    """

    amount_minor: int
    currency: Currency
    price_list_id: UUID | None = None
    until: datetime | None = None
    lowest_30_days_minor: int | None = None
    tax_included: bool = False
    promotion_ids: tuple[UUID, ...] = ()
    before_promotions_minor: int | None = None

"""What the SQL functions that place and settle orders are asked, and what they answer."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from shared.events.gift_cards import GiftPart
from write_side.carts import CartHead
from write_side.catalog import SoldVariant
from write_side.gift_cards import GiftCard
from write_side.inventory import PurchaseLimit, StockItem
from write_side.invoices import Credit
from write_side.orders.domain import Quote
from write_side.pricing import PriceBook
from write_side.promotions import Claim, Promotion
from write_side.sales import Gated


class Known(NamedTuple):
    """What a batch is decided from: one snapshot of everything its quotes name."""

    quotes: Mapping[UUID, Quote]
    ordered: frozenset[UUID]  # quotes that are orders already
    carts: Mapping[UUID, CartHead]
    sold: Mapping[str, SoldVariant]
    prices: PriceBook
    stock: Sequence[StockItem]
    around: Mapping[str, frozenset[UUID]]  # SKU → its categories, where a promotion asks for them
    promotions: Sequence[Promotion]  # on offer by themselves or by a code of one of the quotes
    uses: Mapping[UUID, Mapping[UUID, int]]  # customer → promotion → how often they use it
    gates: Mapping[str, Gated]  # what is sold by turns
    limits: Sequence[PurchaseLimit]  # of what the quotes name
    bought: Mapping[UUID, Mapping[str, int]]  # customer → SKU → how many they have of what is limited
    gift_cards: Mapping[UUID, GiftCard]
    credits: Mapping[UUID, Credit]  # by account


class Placing(Struct, frozen=True):
    """One command of `orders_place`. Texts are the exact JSON that goes into the log and to the caller."""

    actor: str
    route: str
    key: str
    request_hash: str
    quote_id: UUID
    cart_id: UUID
    cart_version: int
    metadata: str
    # Empty where the order exists already, and only the answer is asked for.
    order_id: UUID | None = None
    payment_id: UUID | None = None
    item_ids: list[UUID] = []
    customer: UUID | None = None  # whom limits count
    claims: list[Claim] = []  # of promotions that are limited
    counted: dict[str, int] = {}  # SKU → quantity, where a customer may have only so many
    gift_cards: list[GiftPart] = []
    account_id: UUID | None = None
    credit_minor: int = 0  # what it takes of the account's credit
    currency: str = ""
    placed: str = ""
    payment_requested: str = ""
    cart_ordered: str = ""
    answer: str = ""


class Outcome(NamedTuple):
    """What `orders_place` answers to one command."""

    outcome: str
    answer: bytes | None
    positions: str | None
    facts: Any


class Settling(Struct, frozen=True):
    """One command of `orders_settle`."""

    order_id: UUID
    state: str
    payment_id: UUID
    payment_state: str
    todo: str | None
    order_event_type: str
    order_event: str
    payment_event_type: str
    payment_event: str
    metadata: str

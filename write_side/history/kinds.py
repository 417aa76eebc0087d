"""What has a history that can be asked for, and by which names each is found."""

from collections.abc import Awaitable, Callable
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.codec import decode_events
from shared.envelope import Recorded
from write_side import (
    accounts,
    catalog,
    fraud,
    fulfilment,
    gift_cards,
    inventory,
    invoices,
    merchandising,
    orders,
    payments,
    pricing,
    product_types,
    promotions,
    refunds,
    restock_requests,
    returns,
    sales,
    shipping,
    taxes,
)
from write_side.aggregates import BY_TYPE
from write_side.database import Connection
from write_side.history.domain import UnknownHistory

Find = Callable[[Connection, str], Awaitable[UUID | None]]  # by a name that is no id

FOLDS = 1  # to be raised when an `evolve` changes what it makes of the same events: snapshots before it are void


class Kind(NamedTuple):
    """A kind of aggregate by its name in the log, the type of its state, and how it is found by a name of its own."""

    name: str
    state: type[Struct]
    find: Find

    def fold(self, state: Any, event: Recorded) -> Any:
        """The state after an event."""
        evolve = BY_TYPE[self.name].evolve
        for said in decode_events(event.type, event.payload):
            state = evolve(state, event, said)
        return state

    @property
    def schema(self) -> str:
        """Tells apart states that were made by other folds or have another shape."""
        return f"{FOLDS}.{_shape(self.state)}"


@cache
def _shape(state: type[Struct]) -> str:
    return sha256(msgspec.json.encode(msgspec.json.schema(state), order="sorted")).hexdigest()[:16]


async def _nameless(_: Connection, name: str) -> UUID | None:
    return None


async def _order(conn: Connection, name: str) -> UUID | None:
    return await orders.find_by_number(conn, name.upper())


async def _stock_item(conn: Connection, name: str) -> UUID | None:
    sku, _, warehouse = name.rpartition("@")
    places = await inventory.find_items(conn, [sku])
    return next((item.id for item in places if item.warehouse == warehouse), None)


async def _price(conn: Connection, name: str) -> UUID | None:
    priced = (await pricing.find_priced(conn, [name])).get(name)
    return None if priced is None else priced.id


async def _product(conn: Connection, name: str) -> UUID | None:
    sold = (await catalog.find_variants(conn, [name])).get(name)
    return None if sold is None else sold.product_id


async def _product_type(conn: Connection, name: str) -> UUID | None:
    found = (await product_types.by_name(conn, [name])).get(name)
    return None if found is None else found.id


async def _promotion(conn: Connection, name: str) -> UUID | None:
    return await promotions.find_by_code(conn, name.upper())


async def _zone(conn: Connection, name: str) -> UUID | None:
    return await shipping.find_by_code(conn, name)


async def _destination(conn: Connection, name: str) -> UUID | None:
    destination = await taxes.find_destination(conn, name.upper())
    return None if destination is None else destination.id


KINDS = {
    kind.name: kind
    for kind in (
        Kind("order", orders.Order, _order),
        Kind("payment", payments.Payment, _nameless),
        Kind("parcel", fulfilment.Parcel, _nameless),
        Kind("booking", fulfilment.Booking, _nameless),
        Kind("pick", fulfilment.Pick, _nameless),
        Kind("refund", refunds.Refund, _nameless),
        Kind("return", returns.Return, _nameless),
        Kind("restock_request", restock_requests.RestockRequest, _nameless),
        Kind("fraud_check", fraud.Check, _nameless),
        Kind("stock_item", inventory.StockItem, _stock_item),
        Kind("transfer", inventory.Transfer, _nameless),
        Kind("price", pricing.PricedVariant, _price),
        Kind("price_list", pricing.PriceList, _nameless),
        Kind("product", catalog.Product, _product),
        Kind("quote", orders.Quote, _nameless),
        Kind("promotion", promotions.Promotion, _promotion),
        Kind("credit", invoices.Credit, _nameless),
        Kind("invoice", invoices.Invoice, _nameless),
        Kind("credit_note", invoices.CreditNote, _nameless),
        Kind("gift_card", gift_cards.GiftCard, _nameless),
        Kind("sale", sales.Sale, _nameless),
        Kind("account", accounts.Account, _nameless),
        Kind("search_rule", merchandising.SearchRule, _nameless),
        Kind("product_type", product_types.ProductType, _product_type),
        Kind("shipping_zone", shipping.Zone, _zone),
        Kind("destination", taxes.Destination, _destination),
    )
}
NAMES = (
    "An id; or of an order its number, of a stock item `sku@warehouse`, of a price or a product a SKU, of a promotion "
    "its code, of a shipping zone its code, of a destination its country."
)


def kind_of(name: str) -> Kind:
    """Raises `UnknownHistory`."""
    if name not in KINDS:
        raise UnknownHistory(f"there is no history of {name[:40]}", known=list(KINDS))
    return KINDS[name]


async def id_of(conn: Connection, kind: Kind, name: str) -> UUID:
    """The aggregate that is called so; raises `UnknownHistory` for a name that nothing has."""
    try:
        return UUID(name)
    except ValueError:
        found = await kind.find(conn, name)
    if found is None:
        raise UnknownHistory(f"there is no {kind.name} {name[:100]}")
    return found

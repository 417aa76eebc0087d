"""Calls of the functions in schema/functions/orders.sql that place and settle orders, and what is asked before them."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.envelope import as_json
from write_side.carts import CartHead
from write_side.catalog import SoldVariant
from write_side.database import Connection, Pool
from write_side.event_log import Positions
from write_side.gift_cards import GiftCard
from write_side.inventory import PurchaseLimit, StockItem
from write_side.invoices import Credit
from write_side.orders.calls.contract import Known, Outcome, Placing, Settling
from write_side.orders.domain import Quote
from write_side.pricing import open_book
from write_side.promotions import Promotion
from write_side.sales import Gated, gates_by_sku

_positions = msgspec.json.Decoder(dict[int, int])
_facts = msgspec.json.Decoder()

K = TypeVar("K")
L = TypeVar("L")

_LOOKED_AT: dict[str, msgspec.json.Decoder[list[Any]]] = {
    "quotes": msgspec.json.Decoder(list[Quote]),
    "carts": msgspec.json.Decoder(list[CartHead]),
    "sold": msgspec.json.Decoder(list[SoldVariant]),
    "stock": msgspec.json.Decoder(list[StockItem]),
    "around": msgspec.json.Decoder(list[tuple[str, frozenset[UUID]]]),
    "promotions": msgspec.json.Decoder(list[Promotion]),
    "uses": msgspec.json.Decoder(list[tuple[UUID, UUID, int]]),
    "gates": msgspec.json.Decoder(list[Gated]),
    "limits": msgspec.json.Decoder(list[PurchaseLimit]),
    "bought": msgspec.json.Decoder(list[tuple[UUID, str, int]]),
    "gift_cards": msgspec.json.Decoder(list[GiftCard]),
    "credits": msgspec.json.Decoder(list[Credit]),
}


async def look(pool: Pool, quote_ids: Sequence[UUID]) -> Known:
    """What placing orders from these quotes is decided from."""
    row = await pool.fetchrow("SELECT * FROM orders_look($1)", quote_ids)
    assert row is not None
    found = {name: kind.decode(row[name]) if row[name] else [] for name, kind in _LOOKED_AT.items()}
    return Known(
        quotes={quote.id: quote for quote in found["quotes"]},
        ordered=frozenset(row["ordered"] or ()),
        carts={cart.id: cart for cart in found["carts"]},
        sold={variant.sku: variant for variant in found["sold"]},
        prices=open_book(row["prices"]),
        stock=found["stock"],
        around=dict(found["around"]),
        promotions=found["promotions"],
        uses=_nested((customer, promotion, n) for promotion, customer, n in found["uses"]),
        gates=gates_by_sku(found["gates"]),
        limits=found["limits"],
        bought=_nested(found["bought"]),
        gift_cards={card.id: card for card in found["gift_cards"]},
        credits={credit.id: credit for credit in found["credits"]},
    )


def _nested(rows: Iterable[tuple[K, L, int]]) -> dict[K, dict[L, int]]:
    nested: dict[K, dict[L, int]] = {}
    for outer, inner, n in rows:
        nested.setdefault(outer, {})[inner] = n
    return nested


async def hold_limits(conn: Connection, customer: UUID) -> None:
    """Wait for whoever decides what a customer may still have of what is limited, and let the next one wait."""
    await conn.execute("SELECT orders_hold_limits($1)", [customer])


async def bought_by(conn: Connection, customer: UUID, limits: Sequence[PurchaseLimit]) -> dict[str, int]:
    """SKU → how many a customer has of what is limited."""
    rows = await conn.fetch(
        "SELECT l.sku, orders_bought($1, l.sku, l.days) AS n FROM unnest($2::text[], $3::int[]) AS l(sku, days)",
        customer, [limit.sku for limit in limits], [limit.window_days for limit in limits],
    )  # fmt: skip
    return {row["sku"]: row["n"] for row in rows}


async def place(pool: Pool, commands: Sequence[Placing]) -> list[Outcome]:
    """Place orders: one call, one transaction, an outcome for each command."""
    rows = await pool.fetch("SELECT * FROM orders_place($1)", as_json(commands).decode())
    return [Outcome(r["outcome"], r["answer"], r["positions"], _facts.decode(r["facts"])) for r in rows]


async def place_replacement(conn: Connection, command: Struct) -> Positions:
    """Place an order whose stock is held already, in the transaction of a caller (see `orders_replace`)."""
    found: str = await conn.fetchval("SELECT orders_replace($1)", as_json(command).decode())
    return decoded(found)


async def place_addition(conn: Connection, command: Struct) -> Outcome:
    """Place an order that adds to another one, in the transaction of a caller who holds that (see `orders_add`)."""
    row = await conn.fetchrow("SELECT * FROM orders_add($1)", as_json(command).decode())
    assert row is not None
    return Outcome(row["outcome"], None, row["positions"], _facts.decode(row["facts"]))


async def settle(conn: Connection, stock: str, reason: str, commands: Sequence[Settling]) -> list[Positions]:
    """End the waiting of locked orders, as one call (see `orders_settle`)."""
    query = "SELECT positions FROM orders_settle($1, $2, $3)"
    rows = await conn.fetch(query, stock, reason, as_json(commands).decode())
    return [_positions.decode(row["positions"]) for row in rows]


def decoded(positions: str | None) -> Positions:
    """shard → position, as SQL functions answer it."""
    return _positions.decode(positions or "{}")

"""Writes documents as the projector does, by the layout contract, and builds what they hold."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import httpx
import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from shared.documents import (
    access,
    accounts,
    order_records,
    orders,
    product_types,
    products,
    sales,
    search_rules,
    stock,
)
from shared.documents.layout import (
    LIVE,
    claims_key,
    document_key,
    lookup_key,
    pack,
    parked_key,
    shards_key,
    slot,
)
from shared.documents.prices import LISTS, ShownPrice
from shared.documents.promotions import ON_PAGES, PROMOTIONS, PromotionStep, ShownPromotion
from shared.documents.stock import Availability, ShopperStock, StaffStock, WarehouseStock
from shared.events.promotions import Percentage, PromotionTerms
from shared.ids import uuid7
from shared.money import Money
from shared.position import Position
from shared.shards import shard_of

EPOCH, SHARDS, VERSION = 7, 4, "v3"
MODELS = (
    products.PAGE, products.TREE, products.SEARCH, search_rules.MODEL, product_types.MODEL, stock.MODEL, orders.STATUS,
    order_records.RECORDS, access.MODEL, accounts.MODEL, sales.MODEL, LISTS, PROMOTIONS,
)  # fmt: skip
NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)


class Shelves:
    """Read models in Redis, written from a test."""

    def __init__(self, redis: "Redis") -> None:
        self.redis = redis

    async def open(self, models: tuple[str, ...] = MODELS) -> None:
        """Everything served, everything caught up."""
        await self.redis.hset("log", mapping={"epoch": EPOCH, "shards": SHARDS})
        for model in models:
            await self.redis.hset(LIVE, model, VERSION)
            await self.ready(model, *range(SHARDS))
        await self.checkpoint(PROMOTIONS, 10**9)  # none is on its way: every page asks for them

    async def ready(self, model: str, *shards: int) -> None:
        """These shards were caught up."""
        await self.redis.hset(shards_key(slot(model, VERSION)), mapping={f"ready:{shard}": 1 for shard in shards})

    async def unready(self, model: str, *shards: int) -> None:
        """These shards are being filled."""
        await self.redis.hdel(shards_key(slot(model, VERSION)), *(f"ready:{shard}" for shard in shards))

    async def checkpoint(self, model: str, at: int, *shards: int, prefix: str = "") -> None:
        """These shards have got there."""
        for shard in shards or range(SHARDS):
            await self.redis.hset(shards_key(slot(model, VERSION)), f"{prefix}{shard}", at)

    async def park(self, model: str, key: str) -> None:
        """Events of this key wait."""
        await self.redis.sadd(parked_key(slot(model, VERSION)), key)

    async def put(self, model: str, id_: object, document: Struct) -> bytes:
        """A document; the bytes that must go out."""
        body = msgspec.json.encode(document)
        await self.redis.set(document_key(slot(model, VERSION), str(id_)), pack(body))
        return body

    async def name(self, model: str, field: str, value: str, id_: object) -> None:
        """Another name."""
        await self.redis.set(lookup_key(slot(model, VERSION), field, value), str(id_))

    async def announce(self, skus: Sequence[str] = (), name: str = "Sale", starts_in: float = -60) -> UUID:
        """Half off these SKUs, or off everything, by itself."""
        starts_at = datetime.now(UTC) + timedelta(seconds=starts_in)
        terms = PromotionTerms(name, Percentage(5_000), "", [*skus], {}, starts_at, None, False, 1, None, None)
        promotion = ShownPromotion(uuid7(), [PromotionStep(datetime.now(UTC), terms)])
        await self.put_promotion(promotion)
        return promotion.id

    async def put_promotion(self, promotion: ShownPromotion) -> None:
        """A promotion that pages show."""
        await self.put(PROMOTIONS, promotion.id, promotion)
        await self.redis.hset(claims_key(slot(PROMOTIONS, VERSION)), f"{ON_PAGES}:{promotion.id}", 1)

    async def put_product(self, page: products.ProductPage) -> bytes:
        """A product page with its names."""
        await self.name(products.PAGE, "slug", page.slug, page.id)
        for variant in page.variants:
            await self.name(products.PAGE, "sku", variant.sku, page.id)
            if variant.ean:
                await self.name(products.PAGE, "ean", variant.ean, page.id)
        return await self.put(products.PAGE, page.id, page)

    async def put_stock(self, sku: str, available: int, product_id: UUID | None = None) -> None:
        """Stock of a SKU, for shoppers and for staff."""
        level = stock.availability(available, 5)
        staff = StaffStock(
            sku,
            product_id or uuid7(),
            level,
            available,
            0,
            available,
            [WarehouseStock("main", available, 0, available)],
        )
        await self.put(stock.MODEL, sku, ShopperStock(sku, level))
        await self.put(stock.MODEL, f"{stock.STAFF}{sku}", staff)

    async def put_token(
        self, scopes: list[str], *, expires_at: datetime | None = None, revoked: bool = False
    ) -> dict[str, str]:
        """A bearer token; the header that shows it."""
        id_, secret = uuid7(), "s3cret_with_underscores"
        hashed = sha256(secret.encode()).hexdigest()
        await self.put(access.MODEL, id_, access.KnownToken(id_, hashed, scopes, expires_at, revoked))
        return {"Authorization": f"Bearer db_{id_.hex}_{secret}"}

    async def put_session(
        self, account_id: UUID, *, expires_at: datetime | None = None, revoked: bool = False
    ) -> dict[str, str]:
        """A session of an account; the header that shows it."""
        id_, secret = uuid7(), "s3cret_with_underscores"
        hashed, until = sha256(secret.encode()).hexdigest(), expires_at or datetime(2999, 1, 1, tzinfo=UTC)
        await self.put(accounts.MODEL, id_, accounts.KnownSession(id_, account_id, hashed, until, revoked))
        return {"Authorization": f"Bearer ds_{id_.hex}_{secret}"}


def a_page(sku: str = "lamp-red", level: Availability = "in") -> products.ProductPage:
    """A product with one variant."""
    prices = [ShownPrice(1999, "EUR")]
    variant = products.PageVariant(uuid7(), sku, "4006381333931", "Red", {"colour": "red"}, prices, level)
    return products.ProductPage(
        uuid7(), f"{sku}-lämp", "Lamp", "Lumen", "Bright.", "Lamps", None, {"power": 5}, [], [variant]
    )


def an_order() -> orders.OrderStatus:
    """A confirmed order of one line."""
    price = Money(1999, "EUR")
    return orders.OrderStatus(
        id=uuid7(),
        number="D-1001",
        state="confirmed",
        payment_state="authorized",
        mail="ada@example.org",
        address=orders.Address("Ada", "Street 1", "Town", "12345", "DE"),
        lines=[orders.StatusLine("lamp-red", uuid7(), "Lamp", 1, price, price)],
        subtotal=price,
        shipping=Money(490, "EUR"),
        tax=Money(380, "EUR"),
        total=Money(2869, "EUR"),
        refunded=Money(0, "EUR"),
        refunds=[],
        fulfilment="none",
        parcels=[],
        placed_at=NOW,
        expires_at=NOW,
        history=[orders.Happened("order_placed", NOW), orders.Happened("order_confirmed", NOW)],
    )


def position(key: str, at: int, epoch: int = EPOCH) -> dict[str, str]:
    """The header that asks to see this position of a key."""
    return {"Position": Position(epoch, {shard_of(key, SHARDS): at}).token()}


def everywhere(at: int, epoch: int = EPOCH) -> dict[str, str]:
    """The header that asks to see this position of all shards."""
    return {"Position": Position(epoch, dict.fromkeys(range(SHARDS), at)).token()}


async def eventually(api: httpx.AsyncClient, path: str, holds: Callable[[httpx.Response], bool]) -> httpx.Response:
    """The first answer for which it holds; what the API looks at a few times a second takes its time."""
    async with asyncio.timeout(60):
        while not holds(answer := await api.get(path)):
            await asyncio.sleep(0.02)
    return answer

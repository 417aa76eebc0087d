"""How long a promotion takes to stand in every price: announced before, and beginning at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from doorbuster import standing_still
from doorbuster.demo.shop import Refused, Shop
from doorbuster.price_switch.searchers import Latencies, Searchers
from doorbuster.tokens import issue
from shared.documents.price_slots import KEY, PriceSlots

SAMPLE = 40  # products whose pages and hits are looked at
QUOTED = 3  # of them, what the checkout charges
BASELINE_SECONDS = 10.0
PATIENCE = 900.0  # seconds
POLL = 0.1
HALF, FIFTH = 5_000, 2_000  # basis points

Json = dict[str, Any]


class Broken(Exception):
    """It was not as it should be within the time, or not at all."""


class Wanted(Struct, frozen=True):
    """What the command line asks for."""

    ahead: float
    searchers: int
    some: bool  # off the products looked at, which needs slots; else off everything


class Found(Struct, frozen=True):
    """Seconds, and what searches took meanwhile."""

    products: int
    filled: float  # from the announcement until every document had its slot, where one is needed
    switched: float  # from the moment announced until every page, hit, filter and count looked at showed it
    immediate: float  # from the command until the same of one that begins at once
    immediate_pages: float  # until the pages alone
    noticed: bool  # searches said meanwhile that prices are changing
    searches: dict[str, Latencies]


class Looked(NamedTuple):
    """The shop's prices as shoppers see them."""

    pages: list[int]
    hits: list[int]
    up_to: int  # products that cost no more than the limit
    changing: bool


class Measuring:
    """A running shop, the products looked at, and a price below which not too many lie to be counted."""

    def __init__(self, shop: Shop, redis: "Redis", bearer: str, some: bool) -> None:
        self._shop, self._redis, self._staff = shop, redis, {"Authorization": f"Bearer {bearer}"}
        self._skus: list[str] = []
        self._some = some
        self.products, self._limit = 0, 0

    async def prepare(self) -> None:
        """Choose what is looked at."""
        hits = (await self._ask(f"/v1/search?limit={SAMPLE}&facets=price&sort=price_asc"))["items"]
        self._skus = [hit["sku"] for hit in hits]
        self._limit = hits[-1]["price"]["amount_minor"] + 1000
        ranges = (await self._ask("/v1/search?limit=0&facets=price"))["price_ranges"]
        self.products = sum(each["count"] for each in ranges)

    async def _ask(self, path: str) -> Json:
        """A query, asked again while something is too busy to answer: searchers count those."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return await self._shop.query(path)
            except Refused as refusal:
                if refusal.status != 503 or time.monotonic() > deadline:
                    raise
                await asyncio.sleep(POLL)

    async def look(self, limit: int = 0) -> Looked:
        """As it is now."""
        listed = await self._ask(f"/v1/search?limit=0&facets=price&price_max={limit or self._limit}")
        query = self._ask
        pages = await asyncio.gather(*(query(f"/v1/products/by-sku/{sku}") for sku in self._skus))
        found = await asyncio.gather(*(query(f"/v1/search?q={sku}&limit=1&facets=") for sku in self._skus))
        hits = [each["items"][0] for each in found]
        return Looked(
            [_euros(page["variants"][0]["prices"]) for page in pages],
            [hit["price"]["amount_minor"] for hit in hits],
            sum(each["count"] for each in listed["price_ranges"]),
            listed["prices_changing_since"] is not None,
        )

    async def announce(self, name: str, points: int, starts_at: datetime | None = None) -> str:
        """A percentage off; its id."""
        body: Json = {"name": name, "off": {"kind": "percentage", "basis_points": points}, "exclusive": True}
        if self._some:
            body["skus"] = self._skus
        if starts_at:
            body["starts_at"] = starts_at.isoformat()
        told, _ = await self._shop.command("POST", "/v1/promotions", body, **self._staff)
        return str(told["id"])

    async def end(self, promotion_id: str) -> None:
        """It is over."""
        await self._shop.command("POST", f"/v1/promotions/{promotion_id}/end", None, **self._staff)

    async def slots(self) -> PriceSlots:
        """What the projector says of them."""
        found = await self._redis.get(KEY)
        return PriceSlots() if found is None else msgspec.json.decode(found, type=PriceSlots)

    async def charged(self) -> list[int]:
        """What a quote for one of each asks for its lines."""
        found = []
        for sku in self._skus[:QUOTED]:
            cart, secret = await self._shop.cart(sku, 1, "EUR")
            quote = await self._shop.quote(cart, secret, "ada@shop.example")
            totals = quote["totals"]
            found.append(totals["lines"]["amount_minor"] - totals["discount"]["amount_minor"])
        return found

    async def expected(self, before: Looked, points: int) -> Looked:
        """Of all that was, so much off."""
        dearest = self._limit * 10_000 // (10_000 - points) + 3
        reached = max(own for own in range(dearest) if _left(own, points) <= self._limit)
        up_to = before.up_to if self._some else (await self.look(reached)).up_to  # those looked at are below it anyway
        shown = [_left(own, points) for own in before.pages]
        return Looked(shown, [_left(own, points) for own in before.hits], up_to, changing=False)


def _left(own: int, points: int) -> int:
    return own - (own * points + 5_000) // 10_000


def _euros(prices: list[Json]) -> int:
    return next(int(price["amount_minor"]) for price in prices if price["currency"] == "EUR")


async def run(environment: dict[str, str], wanted: Wanted) -> Found:
    """Measure on a running shop that has a catalog and no promotion; raises `Broken`, and `StandStill`."""
    await standing_still.refuse(environment["DATABASE_URL"])
    bearer = await issue(environment["DATABASE_URL"], "price-switch", ["promotions:write"])
    async with Shop(environment) as shop, Redis.from_url(environment["REDIS_URL"]) as redis:
        measuring = Measuring(shop, redis, bearer, wanted.some)
        await measuring.prepare()
        before = await measuring.look()
        by_half, by_fifth = await measuring.expected(before, HALF), await measuring.expected(before, FIFTH)
        async with Searchers(shop, wanted.searchers) as searchers:
            await asyncio.sleep(BASELINE_SECONDS)
            searches = {"before": searchers.phase()}
            filled, switched, half = await _announced(measuring, wanted, by_half, searchers, searches)
            await measuring.end(half)
            await _until(lambda: _shows(measuring, before))
            searches["at its end"] = searchers.phase()
            immediate, pages, noticed, fifth = await _immediate(measuring, by_fifth)
            searches["at once"] = searchers.phase()
            await measuring.end(fifth)
        return Found(measuring.products, filled, switched, immediate, pages, noticed, searches)


async def _announced(
    measuring: Measuring, wanted: Wanted, expected: Looked, searchers: Searchers, searches: dict[str, Latencies]
) -> tuple[float, float, str]:
    starts_at, began = datetime.now(UTC) + timedelta(seconds=wanted.ahead), time.monotonic()
    half = await measuring.announce("Announced", HALF, starts_at)
    if wanted.some:
        await _until(lambda: _is_filled(measuring))
    filled = time.monotonic() - began
    searches["while slots are filled"] = searchers.phase()
    await asyncio.sleep(max(0.0, (starts_at - datetime.now(UTC)).total_seconds()))
    searches["filled, not begun"] = searchers.phase()
    await _until(lambda: _shows(measuring, expected))
    switched = (datetime.now(UTC) - starts_at).total_seconds()
    searches["at its beginning"] = searchers.phase()
    if await measuring.charged() != expected.pages[:QUOTED]:
        raise Broken("the checkout charges something else than pages show")
    return filled, switched, half


async def _immediate(measuring: Measuring, expected: Looked) -> tuple[float, float, bool, str]:
    began = time.monotonic()
    fifth = await measuring.announce("At once", FIFTH)
    await _until(lambda: _pages_show(measuring, expected))
    pages, noticed = time.monotonic() - began, (await measuring.look()).changing
    await _until(lambda: _shows(measuring, expected))
    return time.monotonic() - began, pages, noticed, fifth


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not await holds():
        if time.monotonic() > deadline:
            raise Broken(f"not within {PATIENCE:.0f} s")
        await asyncio.sleep(POLL)


async def _is_filled(measuring: Measuring) -> bool:
    told = await measuring.slots()
    return len(told.turns) > 1 and all(turn.regime in told.filled for turn in told.turns)


async def _shows(measuring: Measuring, expected: Looked) -> bool:
    return await measuring.look() == expected


async def _pages_show(measuring: Measuring, expected: Looked) -> bool:
    return (await measuring.look()).pages == expected.pages

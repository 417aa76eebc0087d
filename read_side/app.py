"""Putting the query API together: the only place that wires."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Protocol

from elasticsearch import AsyncElasticsearch
from litestar import Litestar
from litestar.di import Provide
from litestar.types import ASGIApp
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from read_side import doors
from read_side.accounts.queries import OrderHistory
from read_side.accounts.routes import CREDENTIALS as SESSIONS
from read_side.accounts.routes import routes as account_routes
from read_side.behaviour.outbox import Outbox
from read_side.behaviour.routes import Counting
from read_side.behaviour.routes import routes as behaviour_routes
from read_side.brands.queries import BrandShelf
from read_side.brands.routes import routes as brand_routes
from read_side.categories.queries import CategoryShelf
from read_side.categories.routes import routes as category_routes
from read_side.documents import NOT_READY, Documents
from read_side.front import Front
from read_side.kept import Limits
from read_side.orders.routes import CREDENTIALS
from read_side.orders.routes import routes as order_routes
from read_side.pictures import Pictures
from read_side.prices.pages import Till
from read_side.prices.promotions import PromotionShelf
from read_side.prices.shelf import PriceListShelf
from read_side.prices.slots import SlotShelf
from read_side.product_types.queries import Types
from read_side.product_types.routes import routes as product_type_routes
from read_side.products.queries import Pages
from read_side.products.routes import routes as product_routes
from read_side.products.showcase import Showcase
from read_side.products.spare import SparePages
from read_side.promotions.routes import routes as promotion_routes
from read_side.recommendations.queries import Adviser
from read_side.recommendations.routes import routes as recommendation_routes
from read_side.sales.queries import Sales
from read_side.sales.routes import CREDENTIALS as TICKETS
from read_side.sales.routes import routes as sales_routes
from read_side.sales.waiting_room import WaitingRooms
from read_side.search import index
from read_side.search.front import SearchFront
from read_side.search.instead import Instead
from read_side.search.parameters import search_request
from read_side.search.past import PastSearches
from read_side.search.preview import routes as preview_routes
from read_side.search.queries import Search
from read_side.search.routes import routes as search_routes
from read_side.search.rules import RuleShelf
from read_side.search.suggesting import Suggesting
from read_side.search.wire import Wire
from read_side.stock.routes import routes as stock_routes
from read_side.watch import Watch
from shared.documents.layout import alias_name
from shared.documents.observations import BEHAVIOUR
from shared.documents.order_records import RECORDS
from shared.documents.orders import STATUS
from shared.documents.products import PAGE, SEARCH
from shared.http.admission import Admission
from shared.http.app import Lifespan, build_app
from shared.http.health import Check
from shared.http.problems import SHED, Problem, unavailability, unavailable
from shared.http.rates import Rates
from shared.locales import Languages
from shared.settings import Settings

DESCRIPTION = """What customers and staff see, from read models only: product pages, stock, categories, search, orders.

Answers carry an `ETag`, and `Stale` when they are known to be out of date (`behind`, `parked`). A query that carries
the `Position` a command answered waits for it, at most half a second.
"""
ROUTES = [
    *product_routes,
    *stock_routes,
    *category_routes,
    *brand_routes,
    *product_type_routes,
    *promotion_routes,
    *search_routes,
    *preview_routes,
    *order_routes,
    *sales_routes,
    *recommendation_routes,
    *account_routes,
    *behaviour_routes,
]


def connect_redis(url: str) -> "Redis":
    """A client that gives up within a second and tries once more at once: connections die with a server's restart."""
    return Redis.from_url(
        url, socket_timeout=1.0, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 1), max_connections=64
    )


def create_app(settings: Settings, *, fronted: bool = True) -> ASGIApp:
    """The query API. Without its front (for tests) Litestar answers every path."""
    redis, elasticsearch = connect_redis(settings.redis_url), index.connect(settings.elasticsearch_url)
    wire = index.wired(settings.elasticsearch_url)
    rates = Rates(settings.requests_per_client, settings.client_address_header)
    watch = Watch(redis)
    documents = Documents(redis, watch, kept_by(settings))
    shelf = CategoryShelf(documents)
    rooms, outbox = WaitingRooms(redis), Outbox(redis)
    sales = Sales(documents, rooms, settings.link_secret)
    products = index.Index(wire, alias_name(settings.index_prefix, SEARCH))
    records = index.Index(wire, alias_name(settings.index_prefix, RECORDS))
    history = OrderHistory(records, documents, settings.order_links)
    lists, promotions = PriceListShelf(documents), PromotionShelf(documents)
    pictures = Pictures(settings.image_base_url, settings.image_sizes, settings.widths)
    till = Till(documents, lists, promotions)
    pages = Pages(documents, till, SparePages(products), Showcase(pictures))
    brands = BrandShelf(products)
    adviser = Adviser(documents, products, till, pictures)
    rules, instead, types = RuleShelf(documents), Instead(documents, adviser), Types(documents)
    search = Search(
        products, documents, shelf, brands, sales, rules, lists, promotions, SlotShelf(documents), instead, pictures,
        settings.link_secret, outbox.tell, types, settings.kept_search_seconds,
    )  # fmt: skip
    past = PastSearches(index.Index(wire, alias_name(settings.index_prefix, BEHAVIOUR)), products)
    suggesting = Suggesting(products, shelf, brands, past, pictures)
    languages = Languages(settings.languages)
    front = partial(
        Front, documents=documents, pages=pages, sales=sales, languages=languages, links=settings.order_links
    )

    def ahead(app: ASGIApp) -> Admission:
        first = front(SearchFront(app, search, languages)) if fronted else None
        return Admission(first or app, doors.way, doors.SIZES, rates, first.at_once if first else None)

    return build_app(
        ROUTES,
        title="Doorbuster query API",
        description=DESCRIPTION,
        origins=settings.allowed_origins,
        checks={"redis": Check(redis.ping), "elasticsearch": Check(elasticsearch.cluster.health, essential=False)},
        lifespan=[
            _lifespan(redis, elasticsearch, wire, watch, documents, shelf, search, suggesting, languages),
            *(_beside(kept) for kept in documents.kept.values()),
            _beside(rooms),
            _beside(past),
            _counting(outbox, settings.link_secret),
        ],
        dependencies={
            "documents": _given(documents),
            "pages": _given(pages),
            "shelf": _given(shelf),
            "brand_shelf": _given(brands),
            "types": _given(types),
            "promotion_shelf": _given(promotions),
            "sales": _given(sales),
            "adviser": _given(adviser),
            "history": _given(history),
            "settings": _given(settings),
            "asked": Provide(search_request),
        },
        problems={RedisError: lambda _: unavailable("redis")},
        refusals=(NOT_READY, unavailability("redis"), *SHED),
        credentials=CREDENTIALS | TICKETS | SESSIONS,
        front=ahead,
    )


def kept_by(settings: Settings) -> dict[str, Limits]:
    """What is kept of which read model; who keeps more of it than we would has the memory. An order is looked at while
    it changes: what is said of it is fresher."""
    return {
        PAGE: Limits(settings.kept_pages, max(64_000_000, settings.kept_pages * 6_400), sure_seconds=1.0),
        STATUS: Limits(settings.kept_orders, max(32_000_000, settings.kept_orders * 3_200), sure_seconds=0.5),
    }


def _given(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


def _lifespan(
    redis: "Redis",
    elasticsearch: AsyncElasticsearch,
    wire: Wire,
    watch: Watch,
    documents: Documents,
    shelf: CategoryShelf,
    search: Search,
    suggesting: Suggesting,
    languages: Languages,
) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        app.state.documents, app.state.search, app.state.suggesting = documents, search, suggesting
        app.state.languages = languages
        with contextlib.suppress(RedisError, OSError):  # the API starts without Redis and answers 503 until it is there
            await watch.look()
        with contextlib.suppress(Problem, RedisError, OSError):  # known from the start, should Redis go
            await shelf.read()
        try:
            async with _at_work(watch):
                yield
        finally:
            await wire.close()
            await elasticsearch.close()
            await redis.aclose()

    return lifespan


def _counting(outbox: Outbox, secret: str) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        app.state.counting = Counting(outbox, secret)
        try:
            async with _at_work(outbox):
                yield
        finally:
            await outbox.empty()

    return lifespan


def _beside(worker: "_Worker") -> Lifespan:
    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        async with _at_work(worker):
            yield

    return lifespan


class _Worker(Protocol):
    async def run(self) -> None: ...

    def stop(self) -> None: ...


@asynccontextmanager
async def _at_work(worker: _Worker) -> AsyncIterator[None]:
    """Runs beside the API, until it ends."""
    working = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working

"""The command API: the one place that wires pool, routes and error mapping."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from shared.http.admission import Admission
from shared.http.app import build_app
from shared.http.health import Check, Probe, now_and_then
from shared.http.pools import POSTGRES_IS_DOWN
from shared.http.problems import SHED, FieldError, Problem, Told, unavailability, unavailable
from shared.http.rates import Rates
from shared.settings import Settings
from write_side import doors, event_log
from write_side.access import routes as access_routes
from write_side.accounts import open_desk
from write_side.accounts import routes as accounts_routes
from write_side.carts import routes as carts_routes
from write_side.catalog import routes as catalog_routes
from write_side.commands import TryAgain
from write_side.customers import open_keyring
from write_side.database import open_pool
from write_side.erasure import routes as erasure_routes
from write_side.errors import Refusal
from write_side.feed import Feed
from write_side.feed import routes as feed_routes
from write_side.fraud import routes as fraud_routes
from write_side.fulfilment import routes as fulfilment_routes
from write_side.fulfilment.booking import routes as booking_routes
from write_side.fulfilment.counting import routes as counting_routes
from write_side.fulfilment.dropping import routes as dropping_routes
from write_side.fulfilment.editing import routes as editing_routes
from write_side.fulfilment.picking import routes as picking_routes
from write_side.gift_cards import routes as gift_cards_routes
from write_side.history import routes as history_routes
from write_side.http import CREDENTIALS
from write_side.imports.runs import routes as imports_routes
from write_side.imports.uploads import routes as uploads_routes
from write_side.inventory import routes as inventory_routes
from write_side.inventory.bundles import routes as bundles_routes
from write_side.inventory.limits import routes as limits_routes
from write_side.inventory.transfers import routes as transfers_routes
from write_side.invoices import routes as invoices_routes
from write_side.invoices.credit_notes import routes as credit_notes_routes
from write_side.merchandising import routes as merchandising_routes
from write_side.notifications import read_mail_texts
from write_side.notifications import routes as notifications_routes
from write_side.orders import Outside, open_announcements, open_placements
from write_side.orders import routes as orders_routes
from write_side.orders.front import Front
from write_side.payments import open_providers, stripe_of
from write_side.payments import routes as payments_routes
from write_side.pricing import routes as pricing_routes
from write_side.pricing.lists import routes as price_lists_routes
from write_side.product_types import routes as product_types_routes
from write_side.projections import routes as projections_routes
from write_side.promotions import routes as promotions_routes
from write_side.refunds import routes as refunds_routes
from write_side.resources import Resources
from write_side.restock_requests import routes as restock_requests_routes
from write_side.returns import routes as returns_routes
from write_side.sales import routes as sales_routes
from write_side.shipping import TableRates
from write_side.shipping import routes as shipping_routes
from write_side.taxes import open_taxes
from write_side.taxes import routes as taxes_routes
from write_side.webhooks import routes as webhooks_routes

DESCRIPTION = """Commands. Each answers with the new state and a `Position`; a query that carries it sees the change.
Where money or stock moves an `Idempotency-Key` is required: a repeat gets the first answer."""

ROUTES: Sequence[HTTPRouteHandler] = [
    *access_routes.routes,
    *accounts_routes.routes,
    *catalog_routes.routes,
    *imports_routes.routes,
    *uploads_routes.routes,
    *merchandising_routes.routes,
    *product_types_routes.routes,
    *pricing_routes.routes,
    *price_lists_routes.routes,
    *inventory_routes.routes,
    *limits_routes.routes,
    *transfers_routes.routes,
    *bundles_routes.routes,
    *promotions_routes.routes,
    *gift_cards_routes.routes,
    *invoices_routes.routes,
    *credit_notes_routes.routes,
    *sales_routes.routes,
    *shipping_routes.routes,
    *taxes_routes.routes,
    *carts_routes.routes,
    *orders_routes.routes,
    *notifications_routes.routes,
    *payments_routes.routes,
    *refunds_routes.routes,
    *restock_requests_routes.routes,
    *returns_routes.routes,
    *fraud_routes.routes,
    *picking_routes.routes,
    *booking_routes.routes,
    *editing_routes.routes,
    *dropping_routes.routes,
    *fulfilment_routes.routes,
    *counting_routes.routes,
    *projections_routes.routes,
    *history_routes.routes,
    *erasure_routes.routes,
    *feed_routes.routes,
    *webhooks_routes.routes,
]


DEPENDENCIES = ("postgres", "keyring", "stripe")


class Connections:
    """What the app is connected to, open as long as the app runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.opened: Resources | None = None
        self.epoch = 0  # of the store
        self._pings: dict[str, Probe] = {}  # by the name of a dependency, once it is open

    @asynccontextmanager
    async def lifespan(self, app: Litestar) -> AsyncIterator[None]:
        """Opens them and puts what routes need into the app's state."""
        settings = self._settings
        async with (
            open_pool(settings.database_url, settings.pool_size, "write api") as pool,
            open_keyring(settings.keyring_url, settings.master_key) as keyring,
            open_providers(settings) as providers,
            open_desk(pool, keyring, settings.attempts_per_client) as desk,
            open_taxes(settings, pool) as taxes,
        ):
            self._pings |= {"postgres": lambda: pool.fetchval("SELECT 1"), "keyring": keyring.ping}
            self._pings["stripe"] = now_and_then(stripe_of(providers).ping)
            outside = Outside(
                TableRates(pool), taxes, settings.shipping_timeout_seconds, settings.tax_timeout_seconds
            )
            self.opened = Resources(
                settings, pool, keyring, providers, open_placements(pool), Feed(pool, keyring), desk, outside,
                open_announcements(pool),
            )  # fmt: skip
            app.state.pool = pool
            async with pool.acquire() as conn:
                app.state.epoch = self.epoch = await event_log.epoch(conn)
            yield

    def checks(self) -> dict[str, Check]:
        """Without Postgres it takes no command; without the keyring no quote, without Stripe no session."""
        return {name: Check(self._asking(name), essential=name == "postgres") for name in DEPENDENCIES}

    def _asking(self, name: str) -> Probe:
        async def ask() -> None:
            await self._pings[name]()

        return ask


def create_app(settings: Settings) -> ASGIApp:
    """The ASGI app of the command API. Raises `BrokenMailTexts`."""
    # Only the worker says them. But what nobody could write to buyers is to be found out before it is sold to them.
    read_mail_texts(settings.mail_texts, settings.languages[0])
    connections = Connections(settings)
    rates = Rates(settings.requests_per_client, settings.client_address_header)
    return build_app(
        ROUTES,
        title="Doorbuster commands",
        description=DESCRIPTION,
        origins=settings.allowed_origins,
        checks=connections.checks(),
        lifespan=[connections.lifespan],
        dependencies={"own": Provide(lambda: connections.opened, sync_to_thread=False)},
        problems={Refusal: refused}
        | dict.fromkeys(_DOWN, postgres_down)
        | dict.fromkeys(POSTGRES_TAKES_NO_NUL, unkeepable_text),
        refusals=(UNKEEPABLE, unavailability("postgres"), TryAgain, *SHED),
        front=lambda app: Admission(
            Front(app, connections), doors.way, doors.SIZES, rates, streamed=doors.STREAMED, signed=doors.SIGNED
        ),
        body_seconds=doors.BODY_SECONDS,
        credentials=CREDENTIALS,
    )


def refused(refusal: Refusal) -> Problem:
    """A refusal as a problem; its facts stand beside the code. `pointer` is what is wrong, `errors` are several."""
    facts: dict[str, Any] = dict(refusal.facts)
    headers = {"Retry-After": str(facts.pop("retry_after"))} if "retry_after" in facts else {}
    pointer = facts.pop("pointer", None)
    one = [] if pointer is None else [FieldError(pointer, refusal.code, refusal.detail)]
    errors = facts.pop("errors", one)
    return Problem(refusal.status, refusal.code, refusal.detail, errors=errors, headers=headers, **facts)


_DOWN = (*POSTGRES_IS_DOWN, asyncpg.TransactionTimeoutError, asyncpg.LockNotAvailableError)

# U+0000 in text, and its escape in jsonb: both are refused by Postgres alone, wherever in a body or path they stand.
POSTGRES_TAKES_NO_NUL = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)


UNKEEPABLE = Told(400, "unkeepable_text", "A text of this request holds the character U+0000, which can't be kept.")


def unkeepable_text(_: Exception) -> Problem:
    """A text holds U+0000, which Postgres can't keep: the transaction is rolled back."""
    return UNKEEPABLE.problem()


def postgres_down(_: Exception) -> Problem:
    """Postgres can't be reached or can't keep up: nothing was changed, try again."""
    return unavailable("postgres")

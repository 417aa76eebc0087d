"""Every kind of aggregate there is: how its events fold, and where its rows lie. State = fold(events), decision 2.

Part of the wiring, like app and worker: it puts all contexts together, and each registers here what it owns.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from shared.envelope import Recorded
from write_side import catalog, pricing
from write_side.access import domain as access
from write_side.access import store as access_store
from write_side.accounts import domain as accounts
from write_side.accounts import store as accounts_store
from write_side.carts import domain as carts
from write_side.carts import store as carts_store
from write_side.database import Connection
from write_side.fraud import domain as fraud
from write_side.fraud import store as fraud_store
from write_side.fulfilment import domain as fulfilment
from write_side.fulfilment import store as fulfilment_store
from write_side.fulfilment.booking import domain as booking
from write_side.fulfilment.booking import store as booking_store
from write_side.fulfilment.picking import domain as picking
from write_side.fulfilment.picking import store as picking_store
from write_side.gift_cards import domain as gift_cards
from write_side.gift_cards import store as gift_cards_store
from write_side.inventory import domain as inventory
from write_side.inventory import store as inventory_store
from write_side.inventory.alerts import domain as low_stock
from write_side.inventory.alerts import store as low_stock_store
from write_side.inventory.bundles import domain as bundles
from write_side.inventory.bundles import store as bundles_store
from write_side.inventory.limits import domain as limits
from write_side.inventory.limits import store as limits_store
from write_side.inventory.transfers import domain as transfers
from write_side.inventory.transfers import store as transfers_store
from write_side.inventory.warehouses import domain as warehouses
from write_side.inventory.warehouses import store as warehouses_store
from write_side.invoices import domain as invoices
from write_side.invoices import store as invoices_store
from write_side.invoices.credit_notes import domain as credit_notes
from write_side.invoices.credit_notes import store as credit_notes_store
from write_side.merchandising import domain as merchandising
from write_side.merchandising import store as merchandising_store
from write_side.notifications import domain as notifications
from write_side.notifications import store as notifications_store
from write_side.orders import domain as orders
from write_side.orders import store as orders_store
from write_side.orders.quotes import store as quotes_store
from write_side.payments import domain as payments
from write_side.payments import store as payments_store
from write_side.pricing.lists import domain as price_lists
from write_side.pricing.lists import store as price_lists_store
from write_side.product_types import domain as product_types
from write_side.product_types import store as product_types_store
from write_side.promotions import domain as promotions
from write_side.promotions import store as promotions_store
from write_side.refunds import domain as refunds
from write_side.refunds import store as refunds_store
from write_side.restock_requests import domain as restock_requests
from write_side.restock_requests import store as restock_requests_store
from write_side.returns import domain as returns
from write_side.returns import store as returns_store
from write_side.sales import domain as sales
from write_side.sales import store as sales_store
from write_side.shipping import domain as shipping
from write_side.shipping import store as shipping_store
from write_side.taxes import domain as taxes
from write_side.taxes import store as taxes_store
from write_side.webhooks import domain as webhooks
from write_side.webhooks import store as webhooks_store

Evolve = Callable[[Any, Recorded, Any], Any]  # (state or None, the envelope, its decoded event) → state


class Rows(Protocol):
    """Reads states (each with an `id`): all there are, or those with these ids."""

    def __call__(self, conn: Connection, ids: Sequence[UUID] | None = None) -> Awaitable[Sequence[Any]]: ...


class Aggregate(NamedTuple):
    """One kind of aggregate: its name in the log, the table of its main rows, its fold, and a reader of its rows."""

    type: str
    table: str
    evolve: Evolve
    rows: Rows
    kind: Literal["row", "reservation"] = "row"  # what a difference is told as


AGGREGATES: list[Aggregate] = [
    Aggregate(
        "warehouse", "warehouse", lambda state, r, e: warehouses.evolve_warehouse(state, e, r.version),
        warehouses_store.all_warehouses,
    ),
    Aggregate(
        "stock_item", "stock_item", lambda state, r, e: inventory.evolve_item(state, r.aggregate_id, r.version, e),
        inventory_store.all_items,
    ),
    Aggregate(
        "low_stock", "low_stock", lambda state, r, e: low_stock.evolve(state, e, r.version),
        low_stock_store.all_alerts,
    ),
    Aggregate(
        "restock_request", "restock_request", lambda state, r, e: restock_requests.evolve(state, e, r.version),
        restock_requests_store.all_requests,
    ),
    Aggregate(
        "purchase_limit", "purchase_limit", lambda _, r, e: limits.evolve(e, r.version), limits_store.all_limits
    ),
    Aggregate(
        "transfer", "transfer", lambda state, r, e: transfers.evolve(state, e, r.version),
        transfers_store.all_transfers,
    ),
    Aggregate(
        "bundle", "bundle", lambda state, r, e: bundles.evolve(state, e, r.version), bundles_store.all_bundles
    ),
    Aggregate(
        "category", "category", lambda state, r, e: catalog.evolve_category(state, r.version, e),
        catalog.all_categories,
    ),
    Aggregate(
        "product", "product", lambda state, r, e: catalog.evolve_product(state, r.version, e), catalog.all_products
    ),
    Aggregate(
        "search_rule", "search_rule", lambda state, r, e: merchandising.evolve(state, e, r.version),
        merchandising_store.all_rules,
    ),
    Aggregate(
        "product_type", "product_type", lambda state, r, e: product_types.evolve(state, e, r.version),
        product_types_store.all_types,
    ),
    Aggregate(
        "price", "priced_variant", lambda state, r, e: pricing.evolve(state, r.aggregate_id, r.version, e),
        pricing.all_priced,
    ),
    Aggregate(
        "price_list", "price_list", lambda state, r, e: price_lists.evolve(state, e, r.version),
        price_lists_store.all_price_lists,
    ),
    Aggregate(
        "promotion", "promotion", lambda state, r, e: promotions.evolve(state, e, r.version),
        promotions_store.all_promotions,
    ),
    Aggregate(
        "gift_card", "gift_card", lambda state, r, e: gift_cards.evolve(state, e, r.version), gift_cards_store.all_cards
    ),
    Aggregate(
        "credit", "credit", lambda state, r, e: invoices.evolve_credit(state, e, r.version), invoices_store.all_credits
    ),
    Aggregate(
        "invoice", "invoice", lambda state, r, e: invoices.evolve(state, e, r.version), invoices_store.all_invoices
    ),
    Aggregate(
        "credit_note", "credit_note", lambda _, r, e: credit_notes.evolve(e, r.version), credit_notes_store.all_notes
    ),
    Aggregate("sale", "sale", lambda state, r, e: sales.evolve(state, e, r.version), sales_store.all_sales),
    Aggregate(
        "sale_pass", "sale_pass", lambda state, r, e: sales.evolve_pass(state, e, r.version), sales_store.all_passes
    ),
    Aggregate(
        "destination",
        "destination",
        lambda state, r, e: taxes.evolve(state, e, r.version),
        taxes_store.all_destinations,
    ),
    Aggregate(
        "shipping_zone", "shipping_zone", lambda _, r, e: shipping.evolve(e, r.version), shipping_store.all_zones
    ),
    Aggregate("cart", "cart", lambda state, r, e: carts.evolve(state, e, r.version), carts_store.all_carts),
    Aggregate("quote", "quote", lambda state, r, e: orders.evolve_quote(state, e, r.version), quotes_store.all_quotes),
    Aggregate(
        "order", "customer_order", lambda state, r, e: orders.evolve(state, e, r.version), orders_store.all_orders
    ),
    Aggregate(
        "payment", "payment", lambda state, r, e: payments.evolve(state, e, r.version), payments_store.all_payments
    ),
    Aggregate(
        "refund", "refund", lambda state, r, e: refunds.evolve(state, e, r.version), refunds_store.all_refunds
    ),
    Aggregate(
        "return", "order_return", lambda state, r, e: returns.evolve(state, e, r.version), returns_store.all_returns
    ),
    Aggregate(
        "fraud_check", "fraud_check", lambda state, r, e: fraud.evolve(state, e, r.version), fraud_store.all_checks
    ),
    Aggregate(
        "parcel", "parcel", lambda state, r, e: fulfilment.evolve(state, e, r.version), fulfilment_store.all_parcels
    ),
    Aggregate(
        "booking", "booking", lambda state, r, e: booking.evolve(state, e, r.version), booking_store.all_bookings
    ),
    Aggregate("pick", "pick", lambda state, r, e: picking.evolve(state, e, r.version), picking_store.all_picks),
    Aggregate(
        "mail", "mail", lambda state, r, e: notifications.evolve(state, e, r.version), notifications_store.all_mails
    ),
    Aggregate(
        "access_token", "access_token", lambda state, r, e: access.evolve(state, e, r.version), access_store.all_tokens
    ),
    Aggregate(
        "account", "account", lambda state, r, e: accounts.evolve(state, e, r.version), accounts_store.all_accounts
    ),
    Aggregate(
        "session", "account_session", lambda state, r, e: accounts.evolve_session(state, e, r.version),
        accounts_store.all_sessions,
    ),
    Aggregate(
        "webhook_endpoint", "webhook_endpoint", lambda state, r, e: webhooks.evolve(state, e, r.version),
        webhooks_store.all_endpoints,
    ),
]  # fmt: skip

# What orders and carts hold of a stock item lies in rows of its own, told by the item's events as well.
RESERVATIONS = Aggregate(
    "stock_item", "stock_item", lambda state, r, e: inventory.evolve_held(state, r.aggregate_id, e),
    inventory_store.all_held, "reservation",
)  # fmt: skip
# And so does who uses a promotion.
USES = Aggregate(
    "promotion", "promotion", lambda state, r, e: promotions.evolve_uses(state, r.aggregate_id, e),
    promotions_store.all_uses, "reservation",
)  # fmt: skip
# And which orders hold how much of a gift card.
GIFT_USES = Aggregate(
    "gift_card", "gift_card", lambda state, r, e: gift_cards.evolve_uses(state, r.aggregate_id, e),
    gift_cards_store.all_uses, "reservation",
)  # fmt: skip
# And of an account's credit.
CREDIT_USES = Aggregate(
    "credit", "credit", lambda state, r, e: invoices.evolve_uses(state, r.aggregate_id, e),
    invoices_store.all_uses, "reservation",
)  # fmt: skip
PARTS = {part.type: part for part in (RESERVATIONS, USES, GIFT_USES, CREDIT_USES)}
BY_TYPE = {aggregate.type: aggregate for aggregate in AGGREGATES}

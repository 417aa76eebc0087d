"""Rows made anew from the fold of their events, kind by kind. Part of the wiring: some look into two contexts."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from write_side import catalog, pricing
from write_side.access import store as access
from write_side.accounts import store as accounts
from write_side.aggregates import CREDIT_USES, GIFT_USES, RESERVATIONS, USES, Aggregate
from write_side.carts import store as carts
from write_side.database import Connection
from write_side.fraud import store as fraud
from write_side.fulfilment import store as fulfilment
from write_side.fulfilment.booking import store as booking
from write_side.fulfilment.picking import store as picking
from write_side.gift_cards import store as gift_cards
from write_side.gift_cards.domain import GiftCard, GiftCardUses
from write_side.inventory import store as inventory
from write_side.inventory.alerts import store as low_stock
from write_side.inventory.bundles import store as bundles
from write_side.inventory.domain import Held, StockItem
from write_side.inventory.limits import store as limits
from write_side.inventory.transfers import store as transfers
from write_side.inventory.warehouses import store as warehouses
from write_side.invoices import store as invoices
from write_side.invoices.credit_notes import store as credit_notes
from write_side.invoices.domain import Credit, CreditUses
from write_side.merchandising import store as merchandising
from write_side.notifications import store as notifications
from write_side.orders import store as orders
from write_side.orders.domain import Order
from write_side.orders.quotes import store as quotes
from write_side.payments import store as payments
from write_side.pricing.lists import store as price_lists
from write_side.product_types import store as product_types
from write_side.promotions import store as promotions
from write_side.promotions.domain import Promotion, PromotionUses
from write_side.refunds import store as refunds
from write_side.restock_requests import store as restock_requests
from write_side.returns import store as returns
from write_side.sales import store as sales
from write_side.shipping import store as shipping
from write_side.taxes import store as taxes
from write_side.verifying.comparing import fold
from write_side.verifying.references import held_by_orders
from write_side.webhooks import store as webhooks

Rewrite = Callable[[Connection, Any], Awaitable[None]]


async def _item(conn: Connection, item: StockItem) -> None:
    held = (await fold(conn, RESERVATIONS, [item.id])).states.get(item.id, Held(item.id, {}))
    await inventory.rewrite_item(conn, item, held, await held_by_orders(conn, list(held.reservations)))


async def _order(conn: Connection, order: Order) -> None:
    items = await inventory.item_ids(conn, [allocation.sku for allocation in order.allocations])
    await orders.rewrite_order(conn, order, items)


async def _promotion(conn: Connection, promotion: Promotion) -> None:
    uses = (await fold(conn, USES, [promotion.id])).states.get(promotion.id, PromotionUses(promotion.id, {}))
    await promotions.rewrite_promotion(conn, promotion, uses)


async def _gift_card(conn: Connection, card: GiftCard) -> None:
    uses = (await fold(conn, GIFT_USES, [card.id])).states.get(card.id, GiftCardUses(card.id, {}))
    await gift_cards.rewrite_card(conn, card, uses)


async def _credit(conn: Connection, credit: Credit) -> None:
    uses = (await fold(conn, CREDIT_USES, [credit.id])).states.get(credit.id, CreditUses(credit.id, {}))
    await invoices.rewrite_credit(conn, credit, uses)


_REWRITES: dict[str, Rewrite] = {
    "warehouse": warehouses.rewrite,
    "stock_item": _item,
    "low_stock": low_stock.rewrite_alert,
    "restock_request": restock_requests.rewrite_request,
    "purchase_limit": limits.rewrite_limit,
    "transfer": transfers.rewrite_transfer,
    "bundle": bundles.rewrite_bundle,
    "category": catalog.rewrite_category,
    "product": catalog.rewrite_product,
    "search_rule": merchandising.rewrite_rule,
    "product_type": product_types.rewrite_type,
    "price": pricing.rewrite_prices,
    "price_list": price_lists.rewrite_price_list,
    "promotion": _promotion,
    "gift_card": _gift_card,
    "credit": _credit,
    "invoice": invoices.rewrite_invoice,
    "credit_note": credit_notes.rewrite_note,
    "sale": sales.rewrite_sale,
    "sale_pass": sales.rewrite_pass,
    "destination": taxes.rewrite_destination,
    "shipping_zone": shipping.rewrite_zone,
    "cart": carts.rewrite_cart,
    "quote": quotes.rewrite_quote,
    "order": _order,
    "payment": payments.rewrite_payment,
    "refund": refunds.rewrite_refund,
    "return": returns.rewrite_return,
    "fraud_check": fraud.rewrite_check,
    "parcel": fulfilment.rewrite_parcel,
    "booking": booking.rewrite_booking,
    "pick": picking.rewrite_pick,
    "mail": notifications.rewrite_mail,
    "access_token": access.rewrite_token,
    "account": accounts.rewrite_account,
    "session": accounts.rewrite_session,
    "webhook_endpoint": webhooks.rewrite_endpoint,
}
# Rows that hang on a main row and don't go with it: (table, column).
_PARTS = {
    "stock_item": [("reservation", "item_id")],
    "transfer": [("transfer_line", "transfer_id")],
    "product": [("variant", "product_id")],
    "price": [("price", "variant_id"), ("scheduled_price", "variant_id"), ("list_price", "variant_id")],
    "price_list": [("list_price", "price_list_id")],
    "cart": [("cart_line", "cart_id")],
    "promotion": [("promotion_use", "promotion_id")],
    "gift_card": [("gift_card_use", "gift_card_id"), ("gift_card_letter", "gift_card_id")],
    "credit": [("credit_use", "account_id")],
    "sale": [("sale_sku", "sale_id")],
    "fraud_check": [(table, "payment_id") for table in ("fraud_attempt", "fraud_dispute", "fraud_address")],
    "webhook_endpoint": [("webhook_secret", "endpoint_id"), ("webhook_delivery", "endpoint_id")],
}


async def rewrite(conn: Connection, aggregate: Aggregate, id_: UUID, state: Any) -> None:
    """Make the rows of an aggregate say this state; without one there are to be none."""
    if state is not None:
        await _REWRITES[aggregate.type](conn, state)
        return
    for table, column in [*_PARTS.get(aggregate.type, []), (aggregate.table, "id")]:
        await conn.execute(f"DELETE FROM {table} WHERE {column} = $1", id_)  # noqa: S608  # names of ours

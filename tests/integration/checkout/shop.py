"""A shop to test with: shelves to fill, guests who buy, and Stripe's webhooks brought by hand, so that a test decides
which comes when. Everything goes through the handlers, on real Postgres, a real keyring and the simulator."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, TypeVar
from uuid import UUID

import httpx
import msgspec

from doorbuster.simulators.signing import signature
from shared.codec import tag_of
from shared.ids import uuid7
from shared.settings import AllocationStrategy, Settings
from tests.fixtures.write_side import CAUSE, new_call
from write_side import carts as carts_face
from write_side import catalog, customers, event_log
from write_side.carts import handlers as carts
from write_side.carts.domain import AddLine, NewCart
from write_side.catalog import handlers as catalog_handlers
from write_side.catalog.domain import ProductInput, VariantInput
from write_side.commands import Answer, Call
from write_side.customers import AddressInput, Keyring
from write_side.database import Pool
from write_side.gift_cards import Gifts
from write_side.gift_cards import handlers as gift_cards
from write_side.gift_cards.domain import NewGiftCard
from write_side.gift_cards.handlers import IssuedGiftCard
from write_side.inventory import handlers as inventory
from write_side.inventory import open_items
from write_side.inventory import store as inventory_store
from write_side.inventory.domain import OpenStockItem
from write_side.inventory.warehouses.domain import OpenWarehouse, WarehouseExists
from write_side.invoices import PayBy
from write_side.orders import open_announcements, open_recordings, quoting
from write_side.orders import store as orders_store
from write_side.orders.domain import Order
from write_side.orders.handlers import OrderState, QuoteState
from write_side.orders.placing import PlaceOrder, open_placements, place_order
from write_side.orders.quoting import Outside, Said
from write_side.orders.refusals import QuoteStale
from write_side.payments import Chosen, Providers, steps, stripe_of
from write_side.payments import handlers as payments
from write_side.payments import store as payments_store
from write_side.payments.domain import Payment
from write_side.pricing import SetPrice, save_prices, set_prices
from write_side.pricing import handlers as pricing
from write_side.pricing.domain import NewPrice
from write_side.promotions import Promotion
from write_side.promotions import handlers as promotions
from write_side.promotions.domain import PromotionInput
from write_side.refunds import handlers as refunds
from write_side.refunds import steps as refund_steps
from write_side.refunds import store as refunds_store
from write_side.refunds.domain import NewRefund, Refund
from write_side.refunds.handlers import RefundState
from write_side.shipping import TableRates
from write_side.taxes import TableTaxes

MAIL = "ada.lovelace@example.org"
ADDRESS = AddressInput("Ada Lovelace", "Analytical Road 36", "London", "10115", "DE")

Event = TypeVar("Event", bound=msgspec.Struct)

_order = msgspec.json.Decoder(OrderState)
_quote = msgspec.json.Decoder(QuoteState)
_promotion = msgspec.json.Decoder(Promotion)
_gift_card = msgspec.json.Decoder(IssuedGiftCard)
_refund = msgspec.json.Decoder(RefundState)


class Basket(msgspec.Struct):
    """A guest's cart."""

    id: UUID
    secret: str


class Shop:
    """Pool, keyring and providers, and what tests do with them."""

    order_type = OrderState
    strategy: AllocationStrategy = "priority"

    def __init__(self, pool: Pool, keyring: Keyring, providers: Providers, settings: Settings) -> None:
        self.pool, self.keyring, self.providers, self.settings = pool, keyring, providers, settings
        self.gateway = stripe_of(providers)
        self.placements = open_placements(pool)
        self.announcements, self.recordings = open_announcements(pool), open_recordings(pool)
        self.outside = Outside(TableRates(pool), TableTaxes(pool, "DE"), 10, 10)

    async def stock(
        self, sku: str, on_hand: int, price: int = 1000, warehouse: str = "BER", grams: int = 0,
        tax_class: str = "standard",
    ) -> None:  # fmt: skip
        """A product of one SKU, its price in EUR, and so many of it in a warehouse."""
        if warehouse == "BER":
            product = ProductInput(sku.title(), [VariantInput(sku, weight_grams=grams)], tax_class=tax_class)
            await catalog_handlers.create_product(self.pool, product, CAUSE, None)
            await self.price(sku, price)
        try:
            opened = OpenWarehouse(warehouse, warehouse, "DE", 1 if warehouse == "BER" else 2)
            await inventory.open_warehouse(self.pool, opened, CAUSE, new_call())
        except WarehouseExists:
            pass
        async with self.pool.acquire() as conn:
            product_id = await catalog.product_of(conn, sku)
        item = OpenStockItem(sku, warehouse, product_id, on_hand)
        await inventory.open_stock_item(self.pool, item, CAUSE, new_call())

    async def price(self, sku: str, amount: int) -> None:
        """A SKU's price in EUR."""
        await pricing.set_price(self.pool, sku, "EUR", NewPrice(amount), CAUSE, new_call())

    async def basket(self, **lines: int) -> Basket:
        """A cart with these lines."""
        basket = self.basket_of(await carts.open_cart(self.pool, NewCart("EUR"), CAUSE))
        for sku, quantity in lines.items():
            await self.add(basket, sku, quantity)
        return basket

    def basket_of(self, answer: Answer[carts.CartState]) -> Basket:
        """The cart that was just opened."""
        opened = msgspec.json.decode(answer.body)
        return Basket(UUID(opened["id"]), opened["secret"])

    async def stock_many(self, skus: list[str]) -> None:
        """100 of each of these SKUs, as variants of a few products, 10.00 EUR each."""
        await self.stock(skus[0], 100)
        for n in range(1, len(skus), 400):
            some = skus[n : n + 400]
            product = ProductInput(f"Parts from {n}", [VariantInput(sku) for sku in some])
            await catalog_handlers.create_product(self.pool, product, CAUSE, None)
            async with self.pool.acquire() as conn, conn.transaction():
                sold = (await catalog.find_variants(conn, some)).values()
                prices = [SetPrice(v.variant_id, v.product_id, v.sku, "EUR", 1000) for v in sold]
                priced = await save_prices(conn, set_prices({}, prices, datetime.now(UTC)))
                await event_log.append(conn, priced, CAUSE)
            async with self.pool.acquire() as conn, conn.transaction():
                await open_items(conn, [OpenStockItem(v.sku, "BER", v.product_id, 100) for v in sold], CAUSE)

    async def fill(self, basket: Basket, wanted: dict[str, int]) -> None:
        """All these lines."""
        for sku, quantity in wanted.items():
            await self.add(basket, sku, quantity)

    async def add(self, basket: Basket, sku: str, quantity: int) -> None:
        """So many more of a SKU."""
        await carts.add_line(self.pool, basket.id, basket.secret, AddLine(sku, quantity), CAUSE, None)

    async def quote(
        self, basket: Basket, mail: str = MAIL, ttl: int = 900, codes: Sequence[str] = (), method: str | None = None,
        gifts: Sequence[str] = (), pay_by: Chosen = "card", locale: str = "",
    ) -> QuoteState:  # fmt: skip
        """An offer for it."""
        contact = customers.contact(mail, ADDRESS)
        args = (self.pool, self.keyring, basket.id, basket.secret, contact, ttl, self.outside, CAUSE)
        typed, whose = Gifts(self.settings.master_key, gifts), await self.whose(basket)
        paying = PayBy(pay_by, self.settings.invoicing, whose)  # who has an account is signed in
        said = Said(codes, method, typed, paying, locale)
        return _quote.decode((await quoting.issue_quote(*args, said, strategy=self.strategy)).body)

    async def whose(self, basket: Basket) -> UUID | None:
        """The account that a cart is of."""
        async with self.pool.acquire() as conn:
            return (await carts_face.find_cart(conn, basket.id, basket.secret)).account_id

    def quote_of(self, answer: Answer[QuoteState]) -> QuoteState:
        """The quote that was just issued."""
        return _quote.decode(answer.body)

    async def promote(self, off: Any, **said: Any) -> Promotion:
        """A promotion that runs from now on."""
        new = PromotionInput("Sale", off, **said)
        answer = await promotions.announce_promotion(self.pool, new, CAUSE, new_call())
        return _promotion.decode(answer.body)

    async def gift_card(self, amount_minor: int, call: Call | None = None, **said: Any) -> IssuedGiftCard:
        """A new one, in EUR, with its code."""
        new = NewGiftCard(amount_minor, "EUR", **said)
        answer = await gift_cards.issue_gift_card(
            self.pool, self.settings.master_key, new, CAUSE, call or self.new_key()
        )
        return _gift_card.decode(answer.body)

    async def balance(self, card: IssuedGiftCard) -> int:
        """What is left on it."""
        return (await gift_cards.balance_of(self.pool, self.settings.master_key, card.code)).balance.amount_minor

    async def bought_by(self, code: str, mail: str) -> OrderState | str:
        """An order of a lamp (10.00) by a code (10 %), or the reason why that takes nothing off (any more)."""
        basket = await self.basket(lamp=1)
        quote = await self.quote(basket, mail, codes=[code])
        if quote.refused_codes:
            return quote.refused_codes[0].why
        try:
            return await self.place(basket, quote.id)
        except QuoteStale as stale:
            assert stale.facts["changes"] == [{"what": "discount", "was_minor": 100, "now_minor": 0}]
            return "stale"

    def as_processes(self, count: int = 4) -> "Iterator[Shop]":
        """The same shop again and again, as several command APIs serve it: calls of one wait in line, those of several
        don't."""
        return cycle([Shop(self.pool, self.keyring, self.providers, self.settings) for _ in range(count)])

    async def used(self, promotion: Promotion) -> int:
        """How many orders hold a use of it."""
        return (await promotions.show_promotion(self.pool, promotion.id)).used

    async def place(self, basket: Basket, quote_id: UUID, call: Call | None = None, ttl: int = 1800) -> OrderState:
        """The order of a quote."""
        call = call or new_call()
        command = PlaceOrder(quote_id, basket.secret, ttl, CAUSE, call, self.strategy)
        answer = await place_order(self.placements, self.pool, command)
        return _order.decode(answer.body)

    async def order(self, ttl: int = 1800, **lines: int) -> OrderState:
        """Cart, quote and order in one go."""
        basket = await self.basket(**lines)
        quote = await self.quote(basket)
        return await self.place(basket, quote.id, ttl=ttl)

    async def work(self) -> int:
        """The worker's step about payments, once."""
        return await steps.work_off(self.pool, self.providers, self.recordings)

    async def payment(self, order: OrderState) -> Payment:
        """The payment's row."""
        async with self.pool.acquire() as conn:
            payment = await payments_store.find_payment(conn, order.payment.id)
        assert payment is not None
        return payment

    async def now(self, order: OrderState) -> Order:
        """The order's rows."""
        async with self.pool.acquire() as conn:
            found = await orders_store.find_order(conn, order.id)
        assert found is not None
        return found

    async def figures(self, sku: str, warehouse: str = "BER") -> tuple[int, int]:
        """(on hand, reserved)."""
        async with self.pool.acquire() as conn:
            item = await inventory_store.find_item(conn, sku, warehouse)
        assert item is not None
        return item.on_hand, item.reserved

    async def history(self, order: OrderState) -> list[str]:
        """What happened to order and payment, in the order of the log."""
        rows = await self.pool.fetch(
            "SELECT type FROM event_log WHERE partition_key = $1 ORDER BY position", f"order:{order.id}"
        )
        return [row["type"].split(".")[1] for row in rows]

    async def told(self, order: OrderState, kind: type[Event]) -> list[Event]:
        """The events of a kind about order and payment, in the order of the log."""
        query = "SELECT payload FROM event_log WHERE partition_key = $1 AND type = $2 ORDER BY position"
        rows = await self.pool.fetch(query, f"order:{order.id}", tag_of(kind))
        return [msgspec.json.decode(row["payload"], type=kind) for row in rows]

    async def complete(self, order: OrderState) -> None:
        """What the client asks for after paying."""
        await payments.complete(self.pool, self.providers, await self.payment(order), CAUSE)

    async def pay(self, order: OrderState, card: str = "pm_card_visa") -> str:
        """Start a session and confirm the intent as a browser does; answers its status, or the code of the decline."""
        session = await payments.start_session(
            self.pool, self.providers, await self.payment(order), self.settings.stripe_publishable_key, CAUSE
        )
        return await self._confirm(session.intent_id, session.client_secret, card)

    async def captured(self, card: str = "pm_card_visa", **lines: int) -> OrderState:
        """An order that is paid, its money taken."""
        order = await self.order(**lines)
        await self.pay(order, card)
        await self.complete(order)
        await self.work()
        assert (await self.payment(order)).state == "captured"
        return order

    async def refund(self, order: OrderState, call: Call | None = None, **wanted: Any) -> RefundState:
        """Ask for one; `reason` is `returned` unless told."""
        asked = msgspec.convert({"reason": "returned"} | wanted, NewRefund)
        answer = await refunds.request_refund(self.pool, order.id, asked, CAUSE, call or new_call())
        return _refund.decode(answer.body)

    async def refund_work(self) -> int:
        """The worker's step about refunds, once, whatever was put off."""
        await self.pool.execute("UPDATE refund SET next_attempt_at = clock_timestamp()")
        return await refund_steps.work_off(self.pool, self.providers)

    async def refunds(self, order: OrderState) -> list[Refund]:
        """The rows of an order's refunds, oldest first."""
        async with self.pool.acquire() as conn:
            return await refunds_store.of_order(conn, order.id)

    async def refunds_at_stripe(self, order: OrderState) -> list[dict[str, Any]]:
        """What the simulator has of them, newest first."""
        intent_id = (await self.payment(order)).intent_id
        async with self.stripe() as client:
            query = f"/v1/refunds?payment_intent={intent_id}"
            return list((await client.get(query, auth=(self.settings.stripe_api_key, ""))).json()["data"])

    async def settle_refund(self, provider_id: str | None, outcome: str) -> None:
        """The bank's late answer: `succeed` or `fail`."""
        async with self.stripe() as client:
            answer = await client.post(f"/simulator/refunds/{provider_id}", json={"outcome": outcome})
        answer.raise_for_status()

    async def refund_settled(self, order: OrderState, provider_id: str | None, outcome: str) -> None:
        """The same, and we are told."""
        await self.settle_refund(provider_id, outcome)
        for webhook in await self.webhooks(order, provider_id):
            await self.receive(webhook)

    async def pay_at_stripe(self, order: OrderState, card: str = "pm_card_visa") -> str:
        """The same with a session that was started before."""
        intent_id = (await self.payment(order)).intent_id
        assert intent_id is not None
        seen = await self.gateway.read(intent_id)
        return await self._confirm(intent_id, seen.client_secret or "", card)

    async def _confirm(self, intent_id: str, client_secret: str, card: str) -> str:
        form = {"client_secret": client_secret, "payment_method": card, "return_url": "https://shop.example/back"}
        form["key"] = self.settings.stripe_publishable_key
        async with self.stripe() as browser:
            answer = await browser.post(f"/v1/payment_intents/{intent_id}/confirm", data=form)
        body = answer.json()
        return str(body["status"] if answer.is_success else body["error"]["code"])

    def stripe(self) -> httpx.AsyncClient:
        """Talk to the simulator as somebody without our keys."""
        return httpx.AsyncClient(base_url=self.settings.stripe_api_base, trust_env=False)

    async def webhooks(self, order: OrderState, about: str | None = None) -> list[tuple[bytes, str]]:
        """All webhooks about an order's intent, or something else of Stripe's, oldest first, as (body, signature)."""
        intent_id = about or (await self.payment(order)).intent_id
        async with self.stripe() as client:
            headers = {"Authorization": f"Bearer {self.settings.stripe_api_key}"}
            events = (await client.get("/v1/events?limit=100", headers=headers)).json()["data"]
        told = [event for event in reversed(events) if event["data"]["object"].get("id") == intent_id]
        return [self.signed(event) for event in told]

    def signed(self, event: dict[str, Any]) -> tuple[bytes, str]:
        """An event as Stripe would send it."""
        body = msgspec.json.encode(event)
        return body, signature(body, self.settings.stripe_webhook_secret, int(time.time()))

    async def receive(self, webhook: tuple[bytes, str]) -> None:
        """Take a webhook in."""
        await payments.receive_notice(self.pool, self.gateway, self.announcements, *webhook, CAUSE)

    async def at_stripe(self, order: OrderState) -> dict[str, Any]:
        """The intent as the simulator has it."""
        intent_id = (await self.payment(order)).intent_id
        async with self.stripe() as client:
            headers = {"Authorization": f"Bearer {self.settings.stripe_api_key}"}
            return dict((await client.get(f"/v1/payment_intents/{intent_id}", headers=headers)).json())

    async def outage(self, mode: str, latency_ms: int = 0) -> None:
        """Stripe's bad day: off, error500, hang, refuse."""
        async with self.stripe() as client:
            body = {"mode": mode, "latency_ms": latency_ms}
            (await client.post("/simulator/outage", json=body)).raise_for_status()

    def new_key(self) -> Call:
        """A fresh idempotent call."""
        return new_call(str(uuid7()))

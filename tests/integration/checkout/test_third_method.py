"""A way to pay that nobody had thought of: a till, where whoever comes for the goods pays in cash. It is its own
provider, as docs/payment-methods.md says, and takes and gives back all or nothing. Answers get lost as Stripe's do."""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_releases import release
from write_side.orders.closing import cancel_order
from write_side.orders.handlers import OrderState
from write_side.payments import Abilities, Owed, Payment, ProviderRefused, Seen, SeenRefund, open_providers, steps
from write_side.payments.asking import ProviderDown, down
from write_side.payments.methods import METHODS
from write_side.payments.providers import Method
from write_side.payments.reconciling import reconcile
from write_side.refunds.domain import NewRefund, RefundedAsAWhole
from write_side.refunds.handlers import request_within
from write_side.refunds.reconciling import reconcile_refunds
from write_side.refunds.releasing import NotReleasable

CASH: Any = "cash"
HALF = {"lines": [{"sku": "lamp", "quantity": 1}]}


class TillRefunds:
    """What goes out of it."""

    def __init__(self) -> None:
        self.made: dict[str, SeenRefund] = {}
        self.taken: dict[str, int] = {}
        self.answers_get_lost = False

    async def create(self, owed: Owed) -> SeenRefund:
        if self.taken[owed.intent_id] != owed.amount_minor:
            raise ProviderRefused("all_or_nothing", impossible=True)
        assert str(owed.refund_id) not in self.made, "given back twice"
        seen = SeenRefund(
            f"out-{owed.refund_id}", "succeeded", owed.amount_minor, owed.currency, owed.intent_id, owed.refund_id,
            owed.order_id,
        )  # fmt: skip
        self.made[str(owed.refund_id)] = seen
        if self.answers_get_lost:
            raise down(ProviderDown)
        return seen

    async def read(self, owed: Owed) -> SeenRefund:
        return self.made[str(owed.refund_id)]

    async def find(self, owed: Owed) -> SeenRefund | None:
        return self.made.get(str(owed.refund_id))

    async def made_since(self, since: datetime) -> AsyncIterator[SeenRefund]:
        for seen in self.made.values():
            yield seen


class Till:
    """What goes into it."""

    def __init__(self) -> None:
        self.refunds = TillRefunds()
        self.receipts: dict[str, Seen] = {}

    def room(self, wanted: int) -> int:
        return wanted

    async def create(self, payment: Payment) -> Seen:
        receipt = f"till-{payment.id}"
        due = payment.amount_minor
        new = Seen(receipt, "requires_capture", due, payment.currency, due, payment.id, payment.order_id)
        return self.receipts.setdefault(receipt, new)

    async def look(self, payment: Payment) -> Seen:
        return self.receipts[f"till-{payment.id}"]

    async def retry(self, payment: Payment, method_id: str, number: int) -> Seen:
        raise ProviderRefused("cash_is_never_declined", impossible=True)

    async def capture(self, payment: Payment, attempt: int) -> Seen:
        self.refunds.taken[f"till-{payment.id}"] = payment.due_minor
        return await self._becomes(payment, "succeeded")

    async def cancel(self, payment: Payment, attempt: int) -> Seen:
        return await self._becomes(payment, "canceled")

    async def made_since(self, since: datetime) -> AsyncIterator[Seen]:
        for seen in self.receipts.values():
            yield seen

    async def _becomes(self, payment: Payment, status: str) -> Seen:
        now = structs.replace(await self.look(payment), status=status)
        self.receipts[now.intent_id] = now
        return now


@pytest.fixture
async def till(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Shop, Till]]:
    """The shop with the till as one more way to pay: its file, and one line in METHODS."""
    till = Till()
    abilities = Abilities(captures_less=False, refunds_in_part=False, exchanges=False)
    monkeypatch.setitem(METHODS, CASH, Method(abilities, lambda _: nullcontext(till)))
    await shop.stock("lamp", 10)
    async with open_providers(shop.settings) as providers:
        yield Shop(shop.pool, shop.keyring, providers, shop.settings), till


async def paid_in_cash(shop: Shop) -> OrderState:
    basket = await shop.basket(lamp=2)
    order = await shop.place(basket, (await shop.quote(basket, pay_by=CASH)).id)
    assert await steps.work_off(shop.pool, shop.providers, shop.recordings, capture_after=60) == 1
    return order


async def captured_in_cash(shop: Shop) -> OrderState:
    order = await paid_in_cash(shop)
    await shop.work()
    assert (await shop.payment(order)).state == "captured"
    return order


async def test_it_goes_the_way_of_every_order_while_stripe_is_away(till: tuple[Shop, Till]) -> None:
    shop, at = till
    await shop.outage("refuse")
    order = await paid_in_cash(shop)
    with pytest.raises(NotReleasable):
        await release(shop, order, **HALF)
    await shop.work()
    assert (await shop.payment(order)).state == "captured"
    with pytest.raises(RefundedAsAWhole):
        await shop.refund(order, amount_minor=100)
    await shop.refund(order)
    at.refunds.answers_get_lost = True
    await shop.refund_work()
    assert [each.state for each in await shop.refunds(order)] == ["requested"]
    await shop.refund_work()  # asks what became of it first: the till would notice a second one
    [refund] = await shop.refunds(order)
    assert (refund.state, refund.provider_id) == ("succeeded", f"out-{refund.id}")
    await shop.outage("off")
    await nothing_is_wrong(shop)


async def test_a_cancelled_order_is_voided_there(till: tuple[Shop, Till]) -> None:
    shop, at = till
    basket = await shop.basket(lamp=2)
    order = await shop.place(basket, (await shop.quote(basket, pay_by=CASH)).id)
    await cancel_order(shop.pool, shop.providers, order.id, CAUSE)
    assert [seen.status for seen in at.receipts.values()] == ["canceled"]
    assert (await shop.now(order)).state == "cancelled"


async def test_a_part_that_nobody_chose_and_it_does_not_give_back_is_a_persons(till: tuple[Shop, Till]) -> None:
    shop, _ = till
    order = await captured_in_cash(shop)
    async with shop.pool.acquire() as conn, conn.transaction():
        await request_within(conn, order.id, NewRefund("returned", amount_minor=100), CAUSE)
    await shop.refund_work()
    assert [(each.state, each.failure) for each in await shop.refunds(order)] == [("failed", "all_or_nothing")]


async def test_after_a_restore_it_is_asked_too(till: tuple[Shop, Till]) -> None:
    shop, at = till
    order = await captured_in_cash(shop)
    await shop.refund(order)
    [refund] = await shop.refunds(order)
    await at.refunds.create(Owed(refund.id, order.id, refund.intent_id, refund.amount_minor, "EUR"))  # and no answer
    since = datetime.now(UTC) - timedelta(hours=1)
    lost = structs.replace(at.receipts[refund.intent_id], intent_id="till-lost", payment_id=refund.id)
    at.receipts["till-lost"] = lost
    found = await reconcile(shop.pool, shop.providers, since, CAUSE)
    assert "till-lost" in [each.intent_id for each in found.lost]
    await reconcile_refunds(shop.pool, shop.providers, since, CAUSE)
    assert [each.state for each in await shop.refunds(order)] == ["succeeded"]

"""One capture per paid order, asked of the provider's own books: red for each way in which it can be otherwise."""

from typing import Any

import pytest

from doorbuster.invariants import captures
from doorbuster.invariants.captures import Provider
from tests.integration.checkout.shop import Shop
from write_side.database import Connection
from write_side.orders.handlers import OrderState


async def _paid(shop: Shop) -> OrderState:
    await shop.stock("lamp", 3)
    order = await shop.order(lamp=1)
    await shop.work()
    assert await shop.pay(order) == "requires_capture"
    await shop.complete(order)
    await shop.work()
    return order


async def _charge(shop: Shop, provider: Provider, **intent: Any) -> None:
    """Somebody charges a card with our key, past the shop."""
    form = {"currency": "eur", "payment_method": "pm_card_visa", "confirm": "true"} | intent
    form |= {"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"}
    async with shop.stripe() as client:
        answer = await client.post("/v1/payment_intents", data=form, auth=(provider.key, ""))
    assert answer.json().get("status") == "succeeded", answer.text


async def test_paid_and_unpaid_orders_are_fine(shop: Shop, provider: Provider, auditor: Connection) -> None:
    await _paid(shop)
    declined = await shop.order(lamp=1)
    await shop.work()
    await shop.pay(declined, "pm_card_visa_chargeDeclined")
    assert await captures.unsettled(auditor, 0) == []
    assert await captures.differences(auditor, provider) == []


async def test_a_second_capture_is_found(shop: Shop, provider: Provider, auditor: Connection) -> None:
    order = await _paid(shop)
    total = order.totals.total.amount_minor
    await _charge(shop, provider, amount=total, **{"metadata[order_id]": str(order.id)})
    (found,) = await captures.differences(auditor, provider)
    assert f"{order.number}: 2 captures" in found


async def test_a_capture_of_another_amount_is_found(shop: Shop, provider: Provider, auditor: Connection) -> None:
    await shop.stock("lamp", 3)
    order = await shop.order(lamp=1)
    await _charge(shop, provider, amount=777, **{"metadata[order_id]": str(order.id)})
    found = await captures.differences(auditor, provider)
    assert len(found) == 2
    assert "1 captures" in found[0]  # of an order whose payment is not captured
    assert "took (777, 'EUR')" in found[1]


async def test_a_capture_without_an_order_is_found(shop: Shop, provider: Provider, auditor: Connection) -> None:
    await _charge(shop, provider, amount=500, **{"metadata[order_id]": "nobody"})
    (found,) = await captures.differences(auditor, provider)
    assert "captured for an order that is not there (nobody)" in found


@pytest.mark.parametrize("state", ["authorized", "pending"])
async def test_a_confirmed_order_that_was_not_paid_is_found(
    state: str, shop: Shop, provider: Provider, auditor: Connection
) -> None:
    order = await _paid(shop)
    await auditor.execute("UPDATE payment SET state = $1", state)
    found = await captures.differences(auditor, provider)
    assert found[0] == f"order {order.number}: confirmed, but its payment is {state}"
    await auditor.execute("UPDATE payment SET state = 'captured'")


async def test_what_the_worker_still_has_to_do_is_told(shop: Shop, auditor: Connection) -> None:
    await shop.stock("lamp", 3)
    order = await shop.order(lamp=1)
    assert await captures.unsettled(auditor, 0) == [f"payment {order.payment.id}: the worker has not finished with it"]

"""A guest's way through the shop, over HTTP only."""

import re

import httpx
import pytest

from doorbuster.demo import journey, stampede
from doorbuster.demo.shop import Json, Refused, Shop
from doorbuster.demo.steps import Steps
from shared.ids import uuid7


async def ordered(shop: Shop, bearer: str, units: int = 5, quantity: int = 1) -> tuple[Json, str, str, str]:
    """An order of a SKU of its own; answers it with the SKU, the mail and the position."""
    sku = await stampede.offer(shop, bearer, units)
    mail = f"guest-{uuid7().hex[-8:]}@shop.example"
    cart_id, secret = await shop.cart(sku, quantity, "EUR")
    quote = await shop.quote(cart_id, secret, mail)
    order, position = await shop.place(quote["id"], secret)
    return order, sku, mail, position


async def staff_stock(shop: Shop, bearer: str, sku: str, position: str = "") -> tuple[int, int]:
    level = await shop.query(f"/v1/staff/stock/{sku}", position, Authorization=f"Bearer {bearer}")
    return level["on_hand"], level["reserved"]


async def test_search_product_cart_quote_place_pay_mail_status(shop: Shop, bearer: str) -> None:
    await stampede.offer(shop, bearer, 3)
    await journey.buy(shop, Steps())


async def test_a_declined_card_leaves_the_order_waiting_for_another_one(shop: Shop, bearer: str) -> None:
    await stampede.offer(shop, bearer, 3)
    await journey.be_declined(shop, Steps())


async def test_two_hundred_buyers_of_fifty_units_make_exactly_fifty_orders(shop: Shop, bearer: str) -> None:
    await stampede.rush(shop, Steps(), bearer)


async def test_a_placed_order_can_be_read_at_once_by_its_position(shop: Shop, bearer: str) -> None:
    order, sku, _, position = await ordered(shop, bearer)
    status = await shop.order(order, position)
    assert (status["state"], status["payment_state"]) == ("pending_payment", "pending")
    assert await staff_stock(shop, bearer, sku, position) == (5, 1)


async def test_stock_leaves_the_shelf_only_when_paid(shop: Shop, bearer: str) -> None:
    order, sku, _, position = await ordered(shop, bearer, units=5, quantity=2)
    assert await staff_stock(shop, bearer, sku, position) == (5, 2)
    await shop.pay(order)
    await shop.until_order(order, "payment_state", "captured")
    for _ in range(100):
        if (figures := await staff_stock(shop, bearer, sku)) == (3, 0):
            break
    assert figures == (3, 0)


async def test_the_browser_that_never_comes_back_has_bought_all_the_same(shop: Shop, bearer: str) -> None:
    """No `complete`: the provider's webhook alone confirms, captures and mails."""
    order, _, mail, _ = await ordered(shop, bearer)
    await shop.pay(order)
    await shop.until_order(order, "payment_state", "captured")
    letter = await shop.mail_to(mail)
    assert order["number"] in letter["subject"]
    assert order["number"] in letter["text"]
    assert order["number"] in letter["html"]


async def test_a_mail_comes_once_and_its_link_opens_the_order_and_no_other(shop: Shop, bearer: str) -> None:
    first, _, mail, _ = await ordered(shop, bearer)
    second, _, _, _ = await ordered(shop, bearer)
    for order in (first, second):
        await shop.pay(order)
        await shop.until_order(order, "payment_state", "captured")
    letter = await shop.mail_to(mail)
    link = re.search(r"https?://\S+/v1/orders/\S+", letter["text"])
    assert link is not None
    assert (await shop.follow(link[0]))["id"] == first["id"]
    other = link[0].replace(first["id"], second["id"], 1)
    with pytest.raises(Refused) as refused:
        await shop.follow(other)
    assert refused.value.status == 403


async def test_cancelling_before_it_is_paid_frees_the_stock(shop: Shop, bearer: str) -> None:
    order, sku, _, _ = await ordered(shop, bearer)
    await shop.command("POST", f"/v1/orders/{order['id']}/cancel", Order_Token=order["order_token"])
    await shop.until_order(order, "state", "cancelled")
    for _ in range(100):
        if (figures := await staff_stock(shop, bearer, sku)) == (5, 0):
            break
    assert figures == (5, 0)


async def test_cancelling_after_the_capture_is_refused(shop: Shop, bearer: str) -> None:
    order, _, _, _ = await ordered(shop, bearer)
    await shop.pay(order)
    await shop.until_order(order, "payment_state", "captured")
    with pytest.raises(Refused) as refused:
        await shop.command("POST", f"/v1/orders/{order['id']}/cancel", Order_Token=order["order_token"])
    assert (refused.value.status, refused.value.code) == (409, "already_paid")


async def test_a_repeated_key_places_one_order(shop: Shop, bearer: str) -> None:
    sku = await stampede.offer(shop, bearer, 5)
    cart_id, secret = await shop.cart(sku, 1, "EUR")
    quote = await shop.quote(cart_id, secret, "twice@shop.example")
    sent = {"Cart_Secret": secret, "Idempotency_Key": str(uuid7())}
    answers = [await shop.command("POST", "/v1/orders", {"quote_id": quote["id"]}, **sent) for _ in range(2)]
    assert answers[0] == answers[1]
    again, _ = await shop.place(quote["id"], secret)
    assert again["id"] == answers[0][0]["id"], "another key for the same quote is still the same order"


async def test_an_id_alone_opens_nothing(shop: Shop, bearer: str) -> None:
    order, _, _, position = await ordered(shop, bearer)
    await shop.order(order, position)
    async with httpx.AsyncClient() as nobody:
        read = f"{shop.read}/v1/orders/{order['id']}"
        pay = f"{shop.write}/v1/payments/{order['payment']['id']}/session"
        cancel = f"{shop.write}/v1/orders/{order['id']}/cancel"
        assert (await nobody.get(read)).status_code == 401
        assert (await nobody.get(read, headers={"Order-Token": "x"})).status_code == 403
        for address in (pay, cancel):
            key = {"Idempotency-Key": str(uuid7())}
            assert (await nobody.post(address, headers=key)).status_code == 401
            assert (await nobody.post(address, headers=key | {"Order-Token": "x"})).status_code == 403


async def test_staff_with_the_scope_may_read_an_order(shop: Shop, bearer: str) -> None:
    order, _, mail, position = await ordered(shop, bearer)
    status = await shop.query(f"/v1/orders/{order['id']}", position, Authorization=f"Bearer {bearer}")
    assert status["mail"] == mail


@pytest.mark.parametrize("signature", [None, "t=1,v1=00", "nonsense"])
async def test_a_forged_webhook_changes_nothing(shop: Shop, bearer: str, signature: str | None) -> None:
    order, _, _, position = await ordered(shop, bearer)
    event = {"id": "evt_forged", "type": "payment_intent.amount_capturable_updated", "object": "event",
             "data": {"object": {"object": "payment_intent", "id": "pi_x", "status": "requires_capture",
                                 "metadata": {"payment_id": order["payment"]["id"]}}}}  # fmt: skip
    headers = {} if signature is None else {"Stripe-Signature": signature}
    async with httpx.AsyncClient() as forger:
        answer = await forger.post(f"{shop.write}/v1/webhooks/stripe", json=event, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert (await shop.order(order, position))["state"] == "pending_payment"

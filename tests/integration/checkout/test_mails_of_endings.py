"""An order that ends before it is captured: one mail, that says why and where the money is."""

from email.message import EmailMessage

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.test_mails import confirmed, react, send
from write_side import commands
from write_side.notifications.gateway import MailServer
from write_side.orders import begin_closing, closing, lock_order, settling
from write_side.orders.handlers import OrderState

Post = tuple[Inbox, MailServer]


async def told(shop: Shop, inbox: Post, order: OrderState) -> list[EmailMessage]:
    """What was mailed when all has been reacted to, twice, but for the confirmation."""
    received, server = inbox
    await react(shop)
    await react(shop)
    while await send(shop, server):
        pass
    assert all(order.number in str(mail["Subject"]) for mail in received.mails)
    return [mail for mail in received.mails if "is confirmed" not in str(mail["Subject"])]


def text_of(mail: EmailMessage) -> str:
    plain = mail.get_body(("plain",))
    assert plain is not None
    return " ".join(str(plain.get_content()).split())


async def test_who_was_told_that_it_is_confirmed_is_told_that_it_is_cancelled(shop: Shop, inbox: Post) -> None:
    order = await confirmed(shop)
    await closing.cancel_order(shop.pool, shop.providers, order.id, CAUSE)
    [mail] = await told(shop, inbox, order)
    assert str(mail["Subject"]) == f"Your order {order.number} is cancelled"
    assert "Nothing was taken from you for it. What your bank may hold for it, it lets go of" in text_of(mail)
    assert len(inbox[0].mails) == 2


async def test_whose_payment_is_not_accepted_is_told_so(shop: Shop, inbox: Post) -> None:
    order = await confirmed(shop)
    async with commands.transaction(shop.pool) as conn:
        locked = await lock_order(conn, order.id)
        assert locked is not None
        await begin_closing(conn, locked, "payment_not_accepted", CAUSE)
    await shop.work()
    assert (await shop.now(order)).state == "cancelled"
    [mail] = await told(shop, inbox, order)
    assert "we could not accept the payment" in text_of(mail)


async def test_whose_bank_lets_go_of_a_payment_is_told_so(shop: Shop, inbox: Post) -> None:
    order = await confirmed(shop)
    await settling.learn(shop.pool, await shop.gateway.cancel(await shop.payment(order), 1), CAUSE)
    [mail] = await told(shop, inbox, order)
    assert "was let go of before it was taken" in text_of(mail)


async def test_who_did_not_pay_in_time_is_told_so(shop: Shop, inbox: Post) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=2, ttl=0)
    await closing.close_expired(shop.pool)
    await shop.work()
    [mail] = await told(shop, inbox, order)
    assert str(mail["Subject"]) == f"Your order {order.number} was not paid in time"


async def test_what_gift_cards_have_back_is_told(shop: Shop, inbox: Post) -> None:
    await shop.stock("lamp", 5)
    card = await shop.gift_card(500)
    basket = await shop.basket(lamp=2)
    quote = await shop.quote(basket, gifts=[card.code])
    order = await shop.place(basket, quote.id)
    await closing.cancel_order(shop.pool, shop.providers, order.id, CAUSE)
    [mail] = await told(shop, inbox, order)
    assert "Back on your gift cards: €5.00" in text_of(mail)

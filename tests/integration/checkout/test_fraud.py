"""Tries to pay are assessed where the order learns of them: held for a person, refused, or only told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec import structs

from shared.documents.orders import Address
from shared.events.fraud import Marks
from shared.events.payments import PaymentDeclined
from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.checkout.shop import ADDRESS, Shop
from tests.integration.checkout.test_adding import add
from tests.integration.checkout.test_editing import send_to
from tests.integration.checkout.test_releases import release
from tests.unit.fraud.test_rules import attempt
from write_side import customers
from write_side.fraud import Card, Tried, assessed, handlers, store
from write_side.fraud.domain import Decision, NoOpenReview, Visit
from write_side.fraud.handlers import CheckState
from write_side.fraud.marks import visit
from write_side.fulfilment.editing.domain import NotEditable
from write_side.orders import AlreadyPaid, quoting
from write_side.orders.closing import cancel_order, close_order
from write_side.orders.handlers import OrderState, QuoteState
from write_side.payments import open_providers

_check = msgspec.json.Decoder(CheckState)
_quote = msgspec.json.Decoder(QuoteState)


@pytest.fixture
async def guarded(shop: Shop) -> AsyncIterator[Shop]:
    """The shop with the checks enforced, ten lamps on its shelf."""
    await shop.stock("lamp", 10)
    settings = structs.replace(shop.settings, fraud_checks="enforce")
    async with open_providers(settings) as providers:
        yield Shop(shop.pool, shop.keyring, providers, settings)


async def order_of(shop: Shop, mail: str, device: str = "") -> OrderState:
    """An order of one lamp by this mail, from this device."""
    basket = await shop.basket(lamp=1)
    contact = customers.contact(mail, ADDRESS)
    seen = visit(shop.settings.master_key, contact.mail, contact.address, device, "127.0.0.1")
    answer = await quoting.issue_quote(
        shop.pool, shop.keyring, basket.id, basket.secret, contact, 900, shop.outside, CAUSE, visit=seen
    )
    return await shop.place(basket, _quote.decode(answer.body).id)


async def suspicious(shop: Shop, order: OrderState | None = None) -> OrderState:
    """An order paid from abroad after a bank had called another card stolen three times: authorized, and held."""
    order = order or await order_of(shop, "eve@example.org")
    for _ in range(3):
        await shop.pay(order, "pm_card_chargeDeclinedStolenCard")
        await shop.complete(order)
    assert await shop.pay_at_stripe(order) == "requires_capture"
    await shop.complete(order)
    return order


async def decide(shop: Shop, order: OrderState, decision: Decision) -> CheckState:
    return _check.decode((await handlers.decide_review(shop.pool, order.id, decision, "", CAUSE, new_call())).body)


async def test_what_is_held_is_taken_when_a_person_says_so(guarded: Shop) -> None:
    order = await suspicious(guarded)
    await guarded.work()
    assert (await guarded.payment(order)).state == "authorized", "nobody takes it meanwhile"
    [held] = (await handlers.list_reviews(guarded.pool, None)).reviews
    assert (held.order_id, [each.outcome for each in held.attempts]) == (order.id, [*["declined"] * 3, "authorized"])
    reasons = {reason.rule: reason.told for reason in held.attempts[-1].reasons}
    assert reasons["hard_declines"] == "3 tries refused by a bank as not the holder's for this order"
    assert (await decide(guarded, order, "accepted")).review == "accepted"
    await guarded.work()
    assert (await guarded.payment(order)).state == "captured"
    assert (await handlers.list_reviews(guarded.pool, None)).reviews == []


async def test_tries_under_other_spellings_of_a_mail_count_and_a_strangers_do_not(guarded: Shop) -> None:
    for n in range(4):
        order = await order_of(guarded, f"eve+{n}@example.org", f"device {n}")
        await guarded.pay(order, "pm_card_chargeDeclinedStolenCard")
        await guarded.complete(order)
    told = [await reasons_of(guarded, mail) for mail in ("Eve@example.org", "bob@example.org")]
    assert [reasons.get("persons") for reasons in told] == [
        "5 different mails within a day for one mailbox, or typed by one account", None,
    ]  # fmt: skip
    rows = await guarded.pool.fetch("SELECT counted_as, person_id FROM fraud_attempt ORDER BY at")
    first = rows[0]["person_id"]
    assert [row["counted_as"] for row in rows] == [None, *[first] * 4, None], "it stands in the log as in the rows"


async def test_what_a_mail_did_before_mailboxes_were_told_is_found(guarded: Shop) -> None:
    mail, mailbox, now = uuid7(), uuid7(), datetime.now(UTC)
    async with guarded.pool.acquire() as conn:
        undone = conn.transaction()  # the orders themselves do not exist
        await undone.start()
        for counted_as, person_id in ((None, mail), (None, mailbox), (mailbox, uuid7()), (uuid7(), mail)):
            tried = Tried(
                uuid7(), uuid7(), uuid7(), person_id, "declined", "", 100, "EUR", [], "DE", Card(), counted_as
            )
            await assessed(conn, tried, "enforce", now, CAUSE)
        found = await store.lately(conn, attempt(person_id=mail, counted_as=mailbox, marks=Marks(), at=now))
        await undone.rollback()
    assert [(each.person_id == mail, each.customer == mailbox) for each in found] == [
        (True, False), (False, True), (False, True),
    ], "not what another account did by this mail"  # fmt: skip


async def reasons_of(shop: Shop, mail: str) -> dict[str, str]:
    """What is said against an order by this mail that is paid at once, by rule."""
    order = await order_of(shop, mail, "a device of its own for " + mail)
    await shop.pay(order, "pm_card_visa")
    await shop.complete(order)
    check = await handlers.find_check(shop.pool, order.id)
    return {reason.rule: reason.told for reason in check.attempts[-1].reasons}


async def test_what_a_person_refuses_is_let_go_and_its_stock_is_back(guarded: Shop) -> None:
    order = await suspicious(guarded)
    assert await guarded.figures("lamp") == (9, 0)
    await decide(guarded, order, "refused")
    await guarded.work()
    assert (await guarded.now(order)).state == "cancelled"
    assert (await guarded.payment(order)).state == "voided"
    assert (await guarded.at_stripe(order))["status"] == "canceled"
    assert await guarded.figures("lamp") == (10, 0)


async def test_what_was_released_while_it_was_held_is_back_once_when_it_is_refused(guarded: Shop) -> None:
    order = await suspicious(guarded)
    await release(guarded, order, lines=[{"sku": "lamp", "quantity": 1}], restock=True)
    await decide(guarded, order, "refused")
    await guarded.work()
    assert (await guarded.now(order)).state == "cancelled"
    assert await guarded.figures("lamp") == (10, 0)


async def test_what_is_held_goes_nowhere_else_unless_staff_say_so(guarded: Shop) -> None:
    order = await suspicious(guarded)
    elsewhere = structs.replace(ADDRESS, line1="Hill Road 7")
    with pytest.raises(NotEditable):
        await send_to(guarded, order, elsewhere)
    await send_to(guarded, order, elsewhere, by_staff=True)
    await decide(guarded, order, "accepted")
    await send_to(guarded, order, ADDRESS)
    assert (await guarded.history(order)).count("order_readdressed") == 2


async def test_what_is_held_goes_nowhere_else_by_the_order_that_it_was_added_to(guarded: Shop) -> None:
    order = await guarded.captured(lamp=1)
    more = await suspicious(guarded, await add(guarded, order, lamp=2))
    elsewhere = structs.replace(ADDRESS, line1="Hill Road 7")
    with pytest.raises(NotEditable):
        await send_to(guarded, order, elsewhere)
    await send_to(guarded, order, elsewhere, by_staff=True)
    assert (await guarded.now(more)).address == (await guarded.now(order)).address


async def test_declines_that_are_told_late_and_in_another_order_count_once(guarded: Shop) -> None:
    order = await order_of(guarded, "ada@example.org")
    await guarded.pay(order, "pm_card_chargeDeclined")
    for card in ("pm_card_chargeDeclinedExpiredCard", "pm_card_chargeDeclinedInsufficientFunds"):
        await guarded.pay_at_stripe(order, card)
    await guarded.complete(order)
    for late in await guarded.webhooks(order):
        await guarded.receive(late)
    assert await decline_of(guarded, order) == ("expired_card", "look"), "as far as we have heard"
    await guarded.complete(order)
    assert await decline_of(guarded, order) == ("insufficient_funds", "retry"), "as Stripe has it"
    tries = (await handlers.find_check(guarded.pool, order.id)).attempts
    assert [each.outcome for each in tries] == ["declined"] * 3
    told = await guarded.told(order, PaymentDeclined)
    assert [each.again for each in told] == [False, False, False, True], "whoever counts them knows, too"


async def decline_of(shop: Shop, order: OrderState) -> tuple[str, str]:
    """Why its payment was declined, and what the worker is to do about it."""
    [row] = await shop.pool.fetch("SELECT decline_reason, todo FROM payment WHERE id = $1", order.payment.id)
    return row["decline_reason"], row["todo"]


async def test_two_who_decide_at_once_are_one_who_decides_and_one_who_is_told(guarded: Shop) -> None:
    order = await suspicious(guarded)
    both = [decide(guarded, order, "accepted"), decide(guarded, order, "refused")]
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(each) is NoOpenReview for each in done) == [False, True]
    assert (await guarded.history(order)).count("review_decided") == 1


async def test_what_nobody_decides_about_in_time_is_cancelled_and_nobody_has_refused_it(guarded: Shop) -> None:
    order = await suspicious(guarded)
    now = datetime.now(UTC)
    assert await handlers.let_go_overdue(guarded.pool, now + timedelta(days=5, hours=23)) == 0
    assert await handlers.let_go_overdue(guarded.pool, now + timedelta(days=6, hours=1)) == 1
    assert (await handlers.find_check(guarded.pool, order.id)).review == "lapsed"
    await guarded.work()
    assert (await guarded.now(order)).state == "cancelled"
    assert (await against_next(guarded))["stopped"] == 30


async def test_what_its_own_buyer_cancels_waits_for_nobody_and_nobody_has_refused_it(guarded: Shop) -> None:
    order = await suspicious(guarded)
    await cancel_order(guarded.pool, guarded.providers, order.id, CAUSE)
    assert (await guarded.now(order)).state == "cancelled"
    assert (await handlers.list_reviews(guarded.pool, None)).reviews == []
    assert await handlers.let_go_overdue(guarded.pool, datetime.now(UTC) + timedelta(days=7)) == 0
    assert (await handlers.find_check(guarded.pool, order.id)).review == "lapsed"
    assert (await against_next(guarded))["stopped"] == 30


async def test_what_staff_refund_for_fraud_is_refused_after_all(guarded: Shop) -> None:
    order = await suspicious(guarded)
    await decide(guarded, order, "accepted")
    await guarded.work()
    await guarded.refund(order, reason="fraud")
    against = await against_next(guarded)
    assert (against["stopped"], "refunds" in against) == (50, False)


async def test_what_goes_back_as_usual_is_no_refusal(guarded: Shop) -> None:
    order = await suspicious(guarded)
    await decide(guarded, order, "accepted")
    await guarded.work()
    await guarded.refund(order, reason="returned")
    assert "stopped" not in await against_next(guarded)


async def test_an_order_that_is_cancelled_before_its_money_is_taken_makes_nobody_known(guarded: Shop) -> None:
    order = await order_of(guarded, "eve@example.org")
    await guarded.pay(order)
    await guarded.complete(order)
    await cancel_order(guarded.pool, guarded.providers, order.id, CAUSE)
    assert (await guarded.payment(order)).state == "voided"
    assert "abroad" in await against_next(guarded), "its card has not been paid with"


async def against_next(shop: Shop) -> dict[str, int]:
    """What speaks against the next order of the same mail and card."""
    order = await order_of(shop, "eve@example.org")
    await shop.pay(order)
    await shop.complete(order)
    last = (await handlers.find_check(shop.pool, order.id)).attempts[-1]
    return {reason.rule: reason.points for reason in last.reasons}


async def test_what_somebody_captured_at_stripe_is_accepted_and_can_not_be_refused_any_more(guarded: Shop) -> None:
    order = await suspicious(guarded)
    await captured_at_stripe(guarded, order)
    with pytest.raises(AlreadyPaid):
        await decide(guarded, order, "refused")
    assert await handlers.let_go_overdue(guarded.pool, datetime.now(UTC) + timedelta(days=7)) == 1
    assert (await handlers.find_check(guarded.pool, order.id)).review == "accepted"
    await guarded.work()
    assert (await guarded.now(order)).state == "confirmed"
    assert (await guarded.payment(order)).state == "captured"


async def captured_at_stripe(shop: Shop, order: OrderState) -> None:
    """By hand, past us."""
    payment = await shop.payment(order)
    async with shop.stripe() as client:
        key = (shop.settings.stripe_api_key, "")
        (await client.post(f"/v1/payment_intents/{payment.intent_id}/capture", auth=key)).raise_for_status()
    await shop.complete(order)
    assert (await shop.payment(order)).state == "captured"


async def test_nobody_decides_about_an_order_that_is_being_cancelled(guarded: Shop) -> None:
    order = await suspicious(guarded)
    await close_order(guarded.pool, order.id, "cancelled", CAUSE)
    with pytest.raises(NoOpenReview):
        await decide(guarded, order, "accepted")


@pytest.mark.parametrize("by", ["webhook", "client"])
async def test_a_card_that_pays_for_everybody_is_refused_whoever_tells_of_it(guarded: Shop, by: str) -> None:
    for n in range(4):
        paid = await order_of(guarded, f"mule-{n}@example.org", "phone")
        await guarded.pay(paid)
        await guarded.complete(paid)
    order = await order_of(guarded, "mule-4@example.org", "phone")
    await guarded.pay(order)
    if by == "client":
        await guarded.complete(order)
    else:
        await guarded.receive((await guarded.webhooks(order))[-1])
    assert (await guarded.now(order)).closing_reason == "payment_not_accepted"
    last = (await handlers.find_check(guarded.pool, order.id)).attempts[-1]
    assert (last.verdict, last.card != "") == ("refuse", True)
    await guarded.work()
    assert (await guarded.now(order)).state == "cancelled"
    assert (await guarded.at_stripe(order))["status"] == "canceled"
    assert "payment_authorized" not in await guarded.history(order)


async def test_who_only_watches_is_told_and_stops_nobody(guarded: Shop) -> None:
    settings = structs.replace(guarded.settings, fraud_checks="watch")
    async with open_providers(settings) as providers:
        watching = Shop(guarded.pool, guarded.keyring, providers, settings)
        order = await suspicious(watching)
        await watching.work()
        assert (await watching.payment(order)).state == "captured"
    check = await handlers.find_check(guarded.pool, order.id)
    assert (check.review, check.attempts[-1].verdict, check.attempts[-1].enforced) == ("none", "review", False)
    assert "stopped" not in await against_next(guarded), "once it is enforced, that is an order like any other"


async def test_a_visit_is_forgotten_when_no_order_can_come_of_it(guarded: Shop) -> None:
    await order_of(guarded, "ada@example.org", "phone")
    now = datetime.now(UTC)
    rows = await guarded.pool.fetch("SELECT address, device, network, door FROM fraud_visit")
    [(address, device, network, door)] = [tuple(row) for row in rows]
    assert network == "", "an address of our own machine says nothing of who is behind it"
    again = visit(guarded.settings.master_key, "x@example.org", _place(), "phone", "::1")
    assert Visit(address, device, door=door) == again
    assert await handlers.forget_visits(guarded.pool, now + timedelta(days=29)) == 0
    assert await handlers.forget_visits(guarded.pool, now + timedelta(days=31)) == 1


def _place() -> Address:
    return customers.contact("x@example.org", ADDRESS).address


async def test_what_came_before_is_found_by_indices_alone_however_much_that_is(guarded: Shop) -> None:
    marks = Marks("card", "address", "device", "network", "door")
    given = store.looked_for(attempt(person_id=uuid7(), counted_as=uuid7(), marks=marks))
    values = ", ".join(f"'{value}'" for _, value in given)
    async with guarded.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL enable_seqscan = off")  # for the tables are empty
        await conn.execute(f"PREPARE seen_before AS {store.asked([where for where, _ in given])}")
        plan = [f"{row[0]} " for row in await conn.fetch(f"EXPLAIN EXECUTE seen_before (now(), {values})")]
        await conn.execute("DEALLOCATE seen_before")
    used = {mark for mark in (*structs.asdict(marks), "person", "counted_as") if f"attempt_by_{mark} " in "".join(plan)}
    assert used == {"person", "counted_as", "card", "device", "network", "door"}

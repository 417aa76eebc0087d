"""What is bought on invoice is assessed like what is paid by card: before it goes, and with the same ends."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from msgspec import structs

from shared.settings import FraudChecks
from tests.fixtures.write_side import CAUSE, new_call
from tests.integration.accounts.conftest import Customers
from tests.integration.accounts.test_invoices import basket_of, business, used
from tests.integration.checkout.shop import ADDRESS, Shop
from tests.integration.checkout.soundness import nothing_is_wrong
from tests.integration.checkout.test_picking import picks
from tests.integration.checkout.test_picking import react as list_paid
from write_side import customers as contacts
from write_side.fraud import handlers, store
from write_side.fraud.domain import Decision, UnknownCheck, Visit
from write_side.fraud.handlers import AttemptShown
from write_side.invoices import PayBy
from write_side.invoices import handlers as invoices
from write_side.orders import quoting
from write_side.orders.handlers import OrderState, QuoteState
from write_side.orders.quoting import Said
from write_side.payments import open_providers

LIMIT = 500_000
DEAR = 40_000  # a lamp: a dear first order
TOTAL = 48_183  # with shipping of 4.90 and 19 % of both
_quote = msgspec.json.Decoder(QuoteState)


async def opened(shop: Shop, mode: FraudChecks) -> AsyncIterator[Shop]:
    settings = structs.replace(shop.settings, fraud_checks=mode)
    async with open_providers(settings) as providers:
        yield Shop(shop.pool, shop.keyring, providers, settings)


@pytest.fixture
async def guarded(shop: Shop) -> AsyncIterator[Shop]:
    """The shop with the checks enforced, ten dear lamps on its shelf."""
    await shop.stock("lamp", 10, DEAR)
    async for each in opened(shop, "enforce"):
        yield each


async def bought(shop: Shop, account_id: UUID, *, odd: bool = False) -> OrderState:
    """A lamp on its invoice, with what the worker does about it; `odd`: something of it speaks against it."""
    basket = await basket_of(shop, account_id)
    contact = contacts.contact("office@company.example", ADDRESS)
    seen = Visit("address", "device", "network", odd, "door")
    answer = await quoting.issue_quote(
        shop.pool, shop.keyring, basket.id, basket.secret, contact, 900, shop.outside, CAUSE,
        Said(pay_by=PayBy("invoice", shop.settings.invoicing, account_id)), seen,
    )  # fmt: skip
    order = await shop.place(basket, _quote.decode(answer.body).id)
    await shop.work()
    await shop.work()
    return order


async def last_try(shop: Shop, order: OrderState) -> AttemptShown:
    return (await handlers.find_check(shop.pool, order.id)).attempts[-1]


async def stands(shop: Shop, order: OrderState) -> tuple[str, str]:
    """Order and payment."""
    return (await shop.now(order)).state, (await shop.payment(order)).state


async def decide(shop: Shop, order: OrderState, decision: Decision) -> None:
    await handlers.decide_review(shop.pool, order.id, decision, "", CAUSE, new_call())
    await shop.work()


async def issued(shop: Shop) -> list[UUID]:
    """The orders that have an invoice."""
    return [each.order_id for each in (await invoices.list_invoices(shop.pool, None, None, 10)).invoices]


async def test_what_is_bought_on_invoice_is_assessed_and_goes_if_nothing_speaks_against_it(
    guarded: Shop, customers: Customers
) -> None:
    account_id = await business(customers, LIMIT)
    order = await bought(guarded, account_id)
    tried = await last_try(guarded, order)
    assert (tried.outcome, tried.verdict, tried.card, tried.door) == ("authorized", "accept", "", "door")
    assert [reason.rule for reason in tried.reasons] == ["amount"]
    assert (await stands(guarded, order), await issued(guarded)) == (("confirmed", "captured"), [order.id])
    await nothing_is_wrong(guarded)


async def test_what_is_held_waits_for_a_person_with_its_credit_and_goes_nowhere(
    guarded: Shop, customers: Customers
) -> None:
    account_id = await business(customers, LIMIT)
    order = await bought(guarded, account_id, odd=True)
    await list_paid(guarded)
    assert ((await last_try(guarded, order)).verdict, await stands(guarded, order)) == (
        "review", ("confirmed", "authorized"),
    )  # fmt: skip
    assert (await picks(guarded, order), await issued(guarded), await used(guarded, account_id)) == ([], [], TOTAL)
    [held] = (await handlers.list_reviews(guarded.pool, None)).reviews
    assert held.order_id == order.id
    await decide(guarded, order, "accepted")
    await list_paid(guarded)
    assert (await stands(guarded, order), await issued(guarded)) == (("confirmed", "captured"), [order.id])
    assert len(await picks(guarded, order)) == 1
    await nothing_is_wrong(guarded)


async def test_what_is_refused_is_cancelled_its_credit_is_free_and_the_next_is_refused_at_once(
    guarded: Shop, customers: Customers
) -> None:
    account_id = await business(customers, LIMIT)
    order = await bought(guarded, account_id, odd=True)
    await decide(guarded, order, "refused")
    next_one = await bought(guarded, account_id, odd=True)
    tried = await last_try(guarded, next_one)
    assert (tried.verdict, {reason.rule for reason in tried.reasons}) == (
        "refuse", {"stopped", "amount", "disposable_mail"},
    )  # fmt: skip
    for each in (order, next_one):
        assert await stands(guarded, each) == ("cancelled", "voided")
        assert (await guarded.now(each)).closing_reason == "payment_not_accepted"
    assert (await used(guarded, account_id), await issued(guarded), await guarded.figures("lamp")) == (0, [], (10, 0))
    await nothing_is_wrong(guarded)


async def test_what_nobody_decided_about_is_let_go_after_six_days(guarded: Shop, customers: Customers) -> None:
    account_id = await business(customers, LIMIT)
    order = await bought(guarded, account_id, odd=True)
    await handlers.let_go_overdue(guarded.pool, datetime.now(UTC) + timedelta(days=6, minutes=1))
    await guarded.work()
    assert (await stands(guarded, order), await used(guarded, account_id)) == (("cancelled", "voided"), 0)


async def test_watching_stops_nobody_and_where_checks_are_off_nobody_looks(shop: Shop, customers: Customers) -> None:
    await shop.stock("lamp", 10, DEAR)
    account_id = await business(customers, LIMIT)
    async for watching in opened(shop, "watch"):
        order = await bought(watching, account_id, odd=True)
        tried = await last_try(watching, order)
        assert (tried.verdict, tried.enforced, await stands(watching, order)) == (
            "review", False, ("confirmed", "captured"),
        )  # fmt: skip
    unseen = await bought(shop, account_id, odd=True)
    assert await stands(shop, unseen) == ("confirmed", "captured")
    with pytest.raises(UnknownCheck):
        await handlers.find_check(shop.pool, unseen.id)


async def test_an_order_counts_as_owed_until_its_invoice_is_paid(guarded: Shop, customers: Customers) -> None:
    order = await bought(guarded, await business(customers, LIMIT))
    owed = []
    for paid in (False, True):
        if paid:
            [invoice] = (await invoices.list_invoices(guarded.pool, None, None, 10)).invoices
            await invoices.pay(guarded.pool, invoice.id, "BANK-1", CAUSE)
        async with guarded.pool.acquire() as conn:
            owed.append((await store.ended_among(conn, [order.id])).owed)
    assert owed == [{order.id}, set()]

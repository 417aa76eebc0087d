"""An erased person is gone: from rows, from the log's reach, from the ledger's memory of names; what was sold stays."""

import json
import stat
from pathlib import Path
from uuid import UUID

import pytest

from doorbuster import verify
from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE, TEXTS
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import ADDRESS, MAIL, Shop
from tests.integration.checkout.test_mails import react
from tests.integration.checkout.test_parcels import ship
from write_side import erasure
from write_side.erasure import Ledger, LedgerMissing, UnknownPerson
from write_side.fulfilment import UnshippedOrders
from write_side.notifications import handlers as mails
from write_side.notifications.gateway import MailServer
from write_side.orders import OrderState, UnfinishedOrders
from write_side.orders.closing import cancel_order, close_order
from write_side.orders.refusals import QuoteExpired


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty one."""
    return Ledger(str(tmp_path / "erasures.jsonl"))


async def _paid(shop: Shop) -> OrderState:
    order = await shop.order(lamp=1)
    await shop.pay(order)
    await shop.complete(order)
    await shop.work()
    assert (await shop.payment(order)).state == "captured"
    return order


async def _shipped(shop: Shop) -> OrderState:
    order = await _paid(shop)
    await ship(shop, order, order.number)
    return order


async def _person(shop: Shop, order: OrderState) -> UUID:
    return (await shop.now(order)).person_id


async def _is_verified(shop: Shop) -> bool:
    async with shop.pool.acquire() as conn:
        return await verify.differences(conn) == []


async def test_whoever_is_erased_leaves_what_was_sold_and_paid(shop: Shop, ledger: Ledger) -> None:
    await shop.stock("lamp", 5)
    order = await _shipped(shop)
    before, person_id = await shop.now(order), await _person(shop, order)
    await erasure.erase(shop.pool, shop.keyring, ledger, person_id, CAUSE)
    after = await shop.now(order)
    assert (after.mail, after.address) == ("", "")
    assert (after.totals, after.lines, after.state) == (before.totals, before.lines, "confirmed")
    assert await shop.keyring.key_of(person_id) is None
    assert await shop.keyring.find(MAIL) is None
    assert (await shop.history(order))[-1] == "order_redacted"
    assert ledger.persons() == [person_id]
    assert await _is_verified(shop), "chains hold, and rows are the fold of the log"

    again = await erasure.erase(shop.pool, shop.keyring, ledger, person_id, CAUSE)
    assert again.positions == {}, "a repeat has nothing left to empty"
    newcomer = await shop.keyring.person_for(MAIL)
    assert newcomer.id != person_id, "who comes again is somebody new"


@pytest.mark.parametrize("state", ["pending", "authorized", "closing"])
async def test_who_has_an_order_under_way_is_not_erased_before_its_end(shop: Shop, ledger: Ledger, state: str) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=1)
    if state == "authorized":
        await shop.pay(order)
        await shop.complete(order)
    if state == "closing":
        await close_order(shop.pool, order.id, "cancelled", CAUSE)
    person_id = await _person(shop, order)
    with pytest.raises(UnfinishedOrders) as refused:
        await erasure.erase(shop.pool, shop.keyring, ledger, person_id, CAUSE)
    assert refused.value.facts == {"order_ids": [order.id]}
    assert await shop.keyring.key_of(person_id) is not None, "a refusal changes nothing"
    assert (await shop.now(order)).mail != ""
    assert ledger.persons() == []


async def test_who_has_paid_is_not_erased_before_the_goods_have_left_or_the_money_goes_back(
    shop: Shop, ledger: Ledger
) -> None:
    await shop.stock("lamp", 5)
    order = await shop.captured(lamp=2)
    await ship(shop, order, "1", [{"sku": "lamp", "quantity": 1}])
    person_id = await _person(shop, order)
    with pytest.raises(UnshippedOrders) as refused:
        await erasure.erase(shop.pool, shop.keyring, ledger, person_id, CAUSE)
    assert refused.value.facts == {"order_ids": [order.id]}
    assert (await shop.now(order)).mail != ""
    await shop.refund(order, reason="out_of_stock", lines=[{"sku": "lamp", "quantity": 1}])
    await shop.refund_work()
    await erasure.erase(shop.pool, shop.keyring, ledger, person_id, CAUSE)
    assert (await shop.now(order)).mail == ""


async def test_many_orders_are_emptied_some_at_a_time_and_none_before_all_are_finished(
    shop: Shop, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("write_side.orders.redacting.SLICE", 1)
    await shop.stock("lamp", 5)
    finished = [await _shipped(shop), await _shipped(shop)]
    pending = await shop.order(lamp=1)
    person_id = await _person(shop, pending)
    with pytest.raises(UnfinishedOrders):
        await erasure.erase(shop.pool, shop.keyring, ledger, person_id, CAUSE)
    assert all([(await shop.now(order)).mail for order in finished]), "a refusal changes nothing"

    await cancel_order(shop.pool, shop.providers, pending.id, CAUSE)
    erased = await erasure.erase(shop.pool, shop.keyring, ledger, person_id, CAUSE)
    assert json.loads(erased.body) == {
        "person_id": str(person_id), "orders": 3, "quotes": 3, "accounts": 0, "restock_requests": 0,
    }  # fmt: skip
    assert await _is_verified(shop)
    query = "SELECT count(DISTINCT xmin::text) FROM customer_order WHERE mail = ''"
    assert await shop.pool.fetchval(query) == 3, "each in a transaction of its own"


async def test_an_erasure_that_broke_off_behind_the_key_is_ended_without_knowing_whose_it_was(
    shop: Shop, ledger: Ledger
) -> None:
    await shop.stock("lamp", 5)
    order = await _paid(shop)
    person_id = await _person(shop, order)
    await ledger.add(person_id)
    await shop.keyring.destroy(person_id)  # and there it broke off
    with pytest.raises(UnknownPerson):
        await erasure.find_person(shop.pool, shop.keyring, MAIL)
    assert await erasure.finish(shop.pool, shop.keyring, ledger, CAUSE) == 1
    assert (await shop.now(order)).mail == ""
    assert await erasure.finish(shop.pool, shop.keyring, ledger, CAUSE) == 0
    assert await _is_verified(shop)


async def test_after_a_restore_an_order_under_way_is_no_excuse(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=1)
    person_id = await _person(shop, order)
    assert await erasure.erase_again(shop.pool, shop.keyring, person_id, CAUSE)
    assert ((await shop.now(order)).mail, await shop.keyring.key_of(person_id)) == ("", None)
    assert not await erasure.erase_again(shop.pool, shop.keyring, person_id, CAUSE), "that is all there was"


async def test_no_order_is_placed_from_a_quote_of_somebody_erased(shop: Shop, ledger: Ledger) -> None:
    await shop.stock("lamp", 5)
    basket = await shop.basket(lamp=1)
    quote = await shop.quote(basket)
    person = await shop.keyring.person_for(MAIL)
    await erasure.erase(shop.pool, shop.keyring, ledger, person.id, CAUSE)
    with pytest.raises(QuoteExpired):
        await shop.place(basket, quote.id)
    assert await _is_verified(shop)


async def test_without_a_ledger_nobody_is_erased(shop: Shop, tmp_path: Path) -> None:
    await shop.stock("lamp", 1)
    await shop.quote(await shop.basket(lamp=1))
    person = await shop.keyring.person_for(MAIL)
    unwritable = tmp_path / "file" / "erasures.jsonl"
    unwritable.parent.touch()
    for path in ("", str(unwritable)):
        with pytest.raises(LedgerMissing):
            await erasure.erase(shop.pool, shop.keyring, Ledger(path), person.id, CAUSE)
    assert await shop.keyring.key_of(person.id) is not None, "a restore could not know of it"
    assert await shop.pool.fetchval("SELECT count(*) FROM quote WHERE mail <> ''") == 1, "and nothing was begun"


async def test_a_line_of_the_ledger_that_was_broken_off_swallows_no_other(ledger: Ledger, tmp_path: Path) -> None:
    first, second = uuid7(), uuid7()
    await ledger.add(first)
    with (tmp_path / "erasures.jsonl").open("ab") as file:
        file.write(b'{"person_id":"0199')
    assert ledger.persons() == [first]
    await ledger.add(second)
    assert ledger.persons() == [first, second]


async def test_the_ledger_names_nobody(shop: Shop, ledger: Ledger, tmp_path: Path) -> None:
    person = await shop.keyring.person_for(MAIL)
    await erasure.erase(shop.pool, shop.keyring, ledger, person.id, CAUSE)
    file = tmp_path / "erasures.jsonl"
    assert MAIL not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0


async def test_a_queued_mail_of_somebody_erased_is_not_sent(
    shop: Shop, ledger: Ledger, inbox: tuple[Inbox, MailServer]
) -> None:
    await shop.stock("lamp", 5)
    order = await _shipped(shop)
    taken, server = inbox
    await react(shop)
    await erasure.erase(shop.pool, shop.keyring, ledger, await _person(shop, order), CAUSE)
    assert await mails.send_due(shop.pool, shop.keyring, server, TEXTS, shop.settings) == 2
    assert taken.mails == []
    assert (await shop.history(order))[-1] == "mail_refused"


async def test_a_person_is_given_all_that_is_held_on_them(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await _paid(shop)
    await shop.refund(order, amount_minor=100, reason="goodwill")
    person_id = await erasure.find_person(shop.pool, shop.keyring, f" {MAIL.upper()}")
    held = await erasure.export(shop.pool, shop.keyring, person_id)
    [shown], [quoted] = held.orders, held.quotes
    for contact in (shown.contact, quoted.contact):
        assert contact is not None
        assert (contact.mail, contact.address.line1) == (MAIL, ADDRESS.line1)
    assert [line.sku for line in shown.lines] == ["lamp"]
    assert [(each.amount_minor, each.reason) for each in shown.refunds] == [(100, "goodwill")]
    assert shown.shipping is not None
    assert (shown.returns, shown.gift_cards) == ([], [])
    happened = [each.what.split(".")[1] for each in shown.happened]
    assert happened == await shop.history(order)


async def test_nobody_is_found_by_what_was_never_given(shop: Shop) -> None:
    for who in ("nobody@example.org", uuid7()):
        with pytest.raises(UnknownPerson):
            await erasure.find_person(shop.pool, shop.keyring, who)

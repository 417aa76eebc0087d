"""Who asked to be told of what is sold out is told once it is there again, by a real mail, and only then."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.patience import until_waiting
from tests.integration.checkout.shop import Shop
from tests.integration.checkout.waiting import ADA, BOB, ask, receive, states, tell, work, work_off_the_log
from write_side import erasure, inventory
from write_side.app import create_app
from write_side.catalog import UnknownSku
from write_side.customers import BrokenMail
from write_side.erasure import Ledger
from write_side.notifications.gateway import MailServer
from write_side.orders.closing import cancel_order
from write_side.restock_requests import domain, handlers, store
from write_side.restock_requests.domain import InStock, TooManyRestockRequests


@pytest.fixture
async def sold_out(shop: Shop) -> Any:
    """The last lamp is ordered; answers the order."""
    await shop.stock("lamp", 1)
    return await shop.order(lamp=1)


async def test_whoever_waits_is_told_once_when_stock_comes_in(
    shop: Shop, sold_out: Any, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await work(shop, server)  # the first time a reaction only writes its checkpoint
    for mail in (ADA, BOB, ADA):  # a repeat changes nothing
        await ask(shop, mail)
    await ask(shop, ADA.upper())
    assert await work(shop, server) == 0
    await receive(shop, 3)
    assert await work(shop, server) == 2
    assert sorted(str(mail["To"]) for mail in received.mails) == [ADA, BOB]
    assert "lamp" in received.mails[0].get_content()
    assert await states(shop) == [("told", False)] * 2
    await receive(shop, 3)
    assert await work(shop, server) == 0


async def test_spellings_of_one_mailbox_that_ask_at_once_wait_once_and_are_told_once(
    shop: Shop, sold_out: Any, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await work(shop, server)
    spellings = [ADA, *(f"ada+{n}@example.org" for n in range(5))]
    processes = shop.as_processes()
    await asyncio.gather(*(ask(next(processes), mail) for mail in (*spellings, BOB)))
    assert await states(shop) == [("waiting", True)] * 2
    await receive(shop, 1)
    assert await work(shop, server) == len(received.mails) == 2


async def test_all_spellings_of_a_mailbox_wait_for_so_many_things_together(
    shop: Shop, sold_out: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "MOST_WAITING", 1)
    await shop.stock("ebook", 1)
    await shop.order(ebook=1)
    await ask(shop, "ada+1@example.org")
    with pytest.raises(TooManyRestockRequests):
        await ask(shop, "ada+2@example.org", "ebook")
    await ask(shop, "ada+2@example.org")  # which waits already
    await ask(shop, BOB, "ebook")


async def test_what_an_order_gives_back_is_there_again_and_what_is_gone_meanwhile_is_waited_for_again(
    shop: Shop, sold_out: Any, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await work(shop, server)
    await ask(shop)
    await cancel_order(shop.pool, shop.providers, sold_out.id, CAUSE)
    again = await shop.order(lamp=1)  # somebody was faster
    assert await work(shop, server) == 0
    assert received.mails == []
    assert await states(shop) == [("waiting", True)]
    await cancel_order(shop.pool, shop.providers, again.id, CAUSE)
    assert await work(shop, server) == 1


async def test_nobody_waits_for_what_is_there_unknown_or_too_much(
    shop: Shop, sold_out: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnknownSku):
        await ask(shop, sku="unheard-of")
    with pytest.raises(BrokenMail):
        await ask(shop, mail="ada")
    await ask(shop)
    monkeypatch.setattr(domain, "MOST_WAITING", 1)
    await ask(shop)  # which waits already
    await shop.stock("ebook", 1)
    await shop.order(ebook=1)
    with pytest.raises(TooManyRestockRequests):
        await ask(shop, sku="ebook")
    await receive(shop, 1)
    with pytest.raises(InStock):
        await ask(shop, mail=BOB)


async def test_stock_that_comes_in_while_somebody_asks_is_never_missed(
    shop: Shop, sold_out: Any, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await work(shop, server)
    asked = await asyncio.gather(
        receive(shop, 1), *(ask(shop, f"guest-{n}@example.org") for n in range(12)), return_exceptions=True
    )
    refused = sum(isinstance(each, InStock) for each in asked)
    assert await work(shop, server) == 12 - refused
    assert len(received.mails) == 12 - refused


async def test_what_comes_in_waits_for_who_is_about_to_ask(shop: Shop, sold_out: Any) -> None:
    """So it stands in the log behind what is asked, and whoever reads it there finds who asked."""
    async with shop.pool.acquire() as conn, conn.transaction():
        assert await inventory.hold_available(conn, "lamp") == 0
        coming = asyncio.create_task(receive(shop, 1))
        await until_waiting(shop.pool, 1, [coming])
        assert not coming.done()
    await coming


async def test_an_address_that_is_refused_is_not_tried_again_and_a_server_that_is_down_is(
    shop: Shop, sold_out: Any, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await work(shop, server)
    await ask(shop)
    await receive(shop, 1)
    received.says = "451 later"
    assert await work(shop, server) == 1
    assert await states(shop) == [("waiting", True)]
    received.says = "550 nobody"
    await shop.pool.execute("UPDATE restock_request SET next_attempt_at = clock_timestamp()")
    assert await work(shop, server) == 1
    assert await states(shop) == [("refused", False)]


async def test_a_letter_that_cant_be_written_is_put_off_and_keeps_nobody_else_waiting(
    shop: Shop, sold_out: Any, inbox: tuple[Inbox, MailServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    received, server = inbox
    await work(shop, server)
    for mail in (ADA, BOB):
        await ask(shop, mail)
    await receive(shop, 1)
    write = domain.written

    def failing(say: Any, letter: Any, to: str, *rest: Any) -> Any:
        if to == ADA:
            raise ValueError("no such letter")
        return write(say, letter, to, *rest)

    monkeypatch.setattr(domain, "written", failing)
    assert await work(shop, server) == 2
    assert await states(shop) == [("waiting", True), ("told", False)]
    monkeypatch.undo()
    query = "UPDATE restock_request SET next_attempt_at = clock_timestamp() WHERE next_attempt_at < now() + $1"
    await shop.pool.execute(query, timedelta(seconds=10))  # put off for a moment, not for as long as a claim
    assert await work(shop, server) == 1
    assert [str(mail["To"]) for mail in received.mails] == [BOB, ADA]


async def test_workers_at_a_slow_mail_server_tell_each_once(
    shop: Shop, sold_out: Any, inbox: tuple[Inbox, MailServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    received, server = inbox
    await work(shop, server)
    waiting = [f"guest-{n}@example.org" for n in range(handlers.AT_ONCE)]
    for mail in waiting:
        await ask(shop, mail)
    await receive(shop, 1)
    received.seconds = 0.4
    monkeypatch.setattr(store, "CLAIM", timedelta(seconds=2))  # five mails one after another, as 12 s are of 60

    async def worker() -> None:
        while ("waiting", True) in await states(shop):
            await tell(shop, server)
            await asyncio.sleep(0.05)

    await work_off_the_log(shop)
    await asyncio.gather(*(worker() for _ in range(2)))
    assert sorted(str(mail["To"]) for mail in received.mails) == sorted(waiting)


async def test_whom_a_worker_has_in_hand_no_delivery_that_comes_meanwhile_gives_to_another(
    shop: Shop, sold_out: Any, inbox: tuple[Inbox, MailServer]
) -> None:
    received, server = inbox
    await work(shop, server)
    await ask(shop)
    await receive(shop, 1)
    await work_off_the_log(shop)
    received.seconds = 0.5
    first = asyncio.create_task(tell(shop, server))
    while not await shop.pool.fetchval("SELECT attempts FROM restock_request"):
        await asyncio.sleep(0.01)
    async with shop.pool.acquire() as conn:
        await store.make_due(conn, ["lamp"])
    assert await tell(shop, server) == 0
    assert await first == len(received.mails) == 1


async def test_what_comes_in_while_a_worker_looks_is_told(
    shop: Shop, sold_out: Any, inbox: tuple[Inbox, MailServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    received, server = inbox
    await work(shop, server)
    await ask(shop)
    await shop.pool.execute("UPDATE restock_request SET next_attempt_at = clock_timestamp()")
    until = handlers._until

    async def slow(*args: Any) -> Any:
        monkeypatch.undo()
        found = await until(*args)
        await receive(shop, 1)
        await work_off_the_log(shop)
        return found

    monkeypatch.setattr(handlers, "_until", slow)
    assert await tell(shop, server) == 0
    assert await tell(shop, server) == len(received.mails) == 1


async def test_whoever_is_erased_is_told_of_nothing_and_can_see_before_what_is_held(
    shop: Shop, sold_out: Any, inbox: tuple[Inbox, MailServer], tmp_path: Path
) -> None:
    received, server = inbox
    await work(shop, server)
    await ask(shop, BOB)
    person_id = await erasure.find_person(shop.pool, shop.keyring, BOB)
    held = await erasure.export(shop.pool, shop.keyring, person_id)
    assert [(one.sku, one.state) for one in held.awaited] == [("lamp", "waiting")]
    await erasure.erase(shop.pool, shop.keyring, Ledger(str(tmp_path / "ledger")), person_id, CAUSE)
    assert await states(shop) == [("erased", False)]
    await receive(shop, 1)
    assert await work(shop, server) == 0
    assert received.mails == []


async def test_anybody_may_ask_over_http_so_often(shop: Shop, sold_out: Any, shop_settings: Settings) -> None:
    async with client_of(create_app(shop_settings)) as client:
        answer = await client.post("/v1/restock-requests", json={"sku": "lamp", "mail": ADA})
        assert (answer.status_code, answer.json()) == (202, {"sku": "lamp", "waiting": True})
        refused = await client.post("/v1/restock-requests", json={"sku": "nothing", "mail": ADA})
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_sku")

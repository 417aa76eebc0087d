"""SIGTERM in the middle of work: what was taken is finished, nothing is lost or doubled, and the end is soon."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest

from shared.ids import uuid7
from shared.settings import Settings
from shared.stopping import END_WITHIN
from tests.faults.processes import Ours, environment_of
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Basket, Shop
from write_side.notifications.gateway import MailServer

BUYERS = 160
Start = Callable[..., Ours]
GONE = (httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


@pytest.fixture
async def start(shop_settings: Settings, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts processes of ours on the shop's servers."""
    running: list[Ours] = []

    def start(*module: str, **named: str) -> Ours:
        log = tmp_path / f"{len(running)}.log"
        running.append(Ours(module, environment_of(shop_settings, **named), log))
        return running[-1]

    yield start
    for ours in running:
        ours.kill()
        print(ours.log.read_text()[-4000:])  # noqa: T201


async def serving(ours: Ours) -> str:
    """Its address, once it is ready."""
    url = f"http://127.0.0.1:{ours.port}"
    async with httpx.AsyncClient() as client, asyncio.timeout(120):
        while True:
            with suppress(httpx.HTTPError):
                if (await client.get(f"{url}/health/ready")).status_code == 200:
                    return url
            await asyncio.sleep(0.05)


async def ended(ours: Ours) -> int:
    """Its exit code, which must come in time."""
    async with asyncio.timeout(END_WITHIN + 2):
        while (code := ours.process.poll()) is None:
            await asyncio.sleep(0.02)
    return code


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(120):
        while not await condition():
            await asyncio.sleep(0.01)


class Buyer:
    """Somebody who places an order until it is placed, with one key, and remembers each answer."""

    def __init__(self, basket: Basket, quote_id: UUID, sites: list[str]) -> None:
        self.quote_id, self._sites = quote_id, sites
        self.headers = {"Cart-Secret": basket.secret, "Idempotency-Key": str(uuid7())}
        self.answers: list[str] = []
        self.broken = 0

    async def place(self, client: httpx.AsyncClient, site: int) -> None:
        """One try; a connection that is refused or broken is no answer."""
        url = f"{self._sites[site % len(self._sites)]}/v1/orders"
        try:
            answer = await client.post(url, headers=self.headers, json={"quote_id": str(self.quote_id)})
        except GONE:
            self.broken += 1
            return
        if answer.status_code in (201, 200):
            self.answers.append(answer.json()["id"])
        else:
            assert answer.status_code in (409, 503), answer.text  # in flight elsewhere, or too busy: try again
            assert "retry-after" in answer.headers

    async def buy(self, client: httpx.AsyncClient, site: int) -> None:
        """Until it is answered, at one site and then the other."""
        while not self.answers:
            await self.place(client, site)
            site += 1


@pytest.mark.slow
async def test_no_order_is_lost_or_doubled_while_apis_stop_and_start(shop: Shop, start: Start) -> None:
    await shop.stock("lamp", BUYERS + 1)
    apis = [start("write_side", "api"), start("write_side", "api")]
    sites = [await serving(api) for api in apis]
    baskets = [await shop.basket(lamp=1) for _ in range(BUYERS)]
    buyers = [Buyer(basket, (await shop.quote(basket)).id, sites) for basket in baskets]
    limits = httpx.Limits(max_connections=40, max_keepalive_connections=10)
    async with httpx.AsyncClient(limits=limits, timeout=30) as client:
        for stopped, wave in enumerate((buyers[: BUYERS // 2], buyers[BUYERS // 2 :])):
            sold = await _sold(shop)
            buying = [asyncio.create_task(buyer.buy(client, site)) for site, buyer in enumerate(wave)]
            await until(lambda sold=sold: _more_sold(shop, sold + 10))  # type: ignore[misc]
            apis[stopped].process.send_signal(signal.SIGTERM)
            assert await ended(apis[stopped]) == 0
            await asyncio.gather(*buying)
            apis[stopped] = start("write_side", "api")
            sites[stopped] = await serving(apis[stopped])
    assert sum(buyer.broken for buyer in buyers) > 0, "nobody noticed the stops"
    placed = await shop.pool.fetch("SELECT id, quote_id FROM customer_order")
    assert {row["quote_id"]: str(row["id"]) for row in placed} == {b.quote_id: b.answers[0] for b in buyers}
    assert len(placed) == BUYERS
    assert await shop.figures("lamp") == (BUYERS + 1, BUYERS)
    async with httpx.AsyncClient() as client:
        for buyer in buyers:  # whatever they heard: the same key is the same order, for ever
            await buyer.place(client, 0)
            assert len(set(buyer.answers)) == 1


async def _sold(shop: Shop) -> int:
    return int(await shop.pool.fetchval("SELECT count(*) FROM customer_order"))


async def _more_sold(shop: Shop, at_least: int) -> bool:
    return await _sold(shop) >= at_least


async def test_a_command_under_way_gets_its_whole_answer_and_nobody_else_is_let_in(shop: Shop, start: Start) -> None:
    await shop.stock("lamp", 5)
    api = start("write_side", "api")
    url = await serving(api)
    basket = await shop.basket(lamp=1)
    buyer = Buyer(basket, (await shop.quote(basket)).id, [url])
    superuser = await asyncpg.connect(shop.settings.database_url)
    async with httpx.AsyncClient(timeout=30) as client:
        async with superuser.transaction():
            await superuser.execute("SELECT FROM cart WHERE id = $1 FOR UPDATE", basket.id)
            placing = asyncio.create_task(buyer.place(client, 0))
            await until(lambda: _waits(superuser))
            api.process.send_signal(signal.SIGTERM)
            await until(lambda: _refused(url))
            assert not placing.done()
        await placing
    await superuser.close()
    assert buyer.broken == 0
    assert len(buyer.answers) == 1
    assert await ended(api) == 0


async def _waits(superuser: "asyncpg.Connection[asyncpg.Record]") -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'write api' AND wait_event_type = 'Lock'"
    return bool(await superuser.fetchval(query))


async def _refused(url: str) -> bool:
    async with httpx.AsyncClient() as other:
        try:
            await other.get(f"{url}/health/live")
        except GONE:
            return True
    return False


async def test_an_api_ends_in_time_although_a_client_does_not_finish_its_request(shop: Shop, start: Start) -> None:
    api = start("write_side", "api")
    await serving(api)
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    head = b"POST /v1/carts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    writer.write(head)
    await writer.drain()
    began = time.monotonic()
    api.process.send_signal(signal.SIGTERM)
    answer = await reader.read()
    assert b" 408 " in answer
    assert b"body_too_slow" in answer
    assert await ended(api) == 0
    assert time.monotonic() - began < END_WITHIN
    writer.close()


class HeldInbox(Inbox):
    """Answers no mail until it is let go, so that a stop finds some on their way, however busy the machine is; and each
    a while after that: a worker that hears of its stop late has sent one batch more, and not all there are."""

    def __init__(self) -> None:
        super().__init__()
        self.held = False

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # aiosmtpd's name
        while self.held:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def inbox_type() -> type[Inbox]:
    """The mail server of these tests."""
    return HeldInbox


@pytest.mark.slow
async def test_a_worker_stopped_again_and_again_sends_each_mail_once_and_captures_once(
    shop: Shop, inbox: tuple[Inbox, MailServer], start: Start
) -> None:
    received, server = inbox
    assert isinstance(received, HeldInbox)
    await shop.stock("lamp", 100)
    orders = [await shop.order(lamp=1) for _ in range(40)]
    for order in orders:
        await shop.pay(order)
        await shop.complete(order)
    await shop.outage("off", latency_ms=50)  # so that a stop finds calls under way
    # Each sends the batch of eight in hand, and those that it begins before the signal comes, one or two if it is busy.
    for _ in range(2):
        received.held = True
        worker = start("write_side", "worker", SMTP_URL=f"smtp://127.0.0.1:{server.port}")
        await until(lambda: _under_way(shop))
        worker.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(1)  # it hears of it on a full machine, too, before the batch in hand is through
        received.held = False
        assert await ended(worker) == 0
        assert not await _under_way(shop), "a mail was left half sent"
    start("write_side", "worker", SMTP_URL=f"smtp://127.0.0.1:{server.port}")
    await until(lambda: _all_sent(shop, len(orders)))
    assert set(Counter(str(mail["Message-ID"]) for mail in received.mails).values()) == {1}
    assert len(received.mails) == len(orders)
    await until(lambda: _all_captured(shop, len(orders)))
    for order in orders:
        assert (await shop.history(order)).count("payment_captured") == 1


async def _under_way(shop: Shop) -> bool:
    return bool(await shop.pool.fetchval("SELECT EXISTS (SELECT FROM mail WHERE sending_since IS NOT NULL)"))


async def _all_sent(shop: Shop, number: int) -> bool:
    return bool(await shop.pool.fetchval("SELECT count(*) = $1 FROM mail WHERE state = 'sent'", number))


async def _all_captured(shop: Shop, number: int) -> bool:
    return bool(await shop.pool.fetchval("SELECT count(*) = $1 FROM payment WHERE state = 'captured'", number))

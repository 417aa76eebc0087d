"""kill -9 of the worker in the middle of its work: every order is captured once, every mail comes, at most twice."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.processes import Ours, environment_of
from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import Shop
from write_side.notifications.gateway import MailServer

ORDERS = 24


async def until(shop: Shop, query: str, at_least: int) -> None:
    async with asyncio.timeout(120):
        while await shop.pool.fetchval(query) < at_least:
            await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_a_worker_killed_again_and_again_captures_once_and_mails_at_most_twice(
    shop: Shop, inbox: tuple[Inbox, MailServer], tmp_path: Path
) -> None:
    received, server = inbox
    await shop.stock("lamp", 100)
    orders = [await shop.order(lamp=1) for _ in range(ORDERS)]
    for order in orders:
        assert await shop.pay(order) == "requires_capture"
        await shop.complete(order)
    environment = environment_of(shop.settings, SMTP_URL=f"smtp://127.0.0.1:{server.port}")
    log = tmp_path / "worker.log"
    await shop.outage("off", latency_ms=50)  # so that a kill finds calls under way
    for round_ in range(1, 4):
        worker = Ours(("write_side", "worker"), environment, log)
        await until(shop, "SELECT count(*) FROM payment WHERE state = 'captured'", min(round_ * 5, ORDERS))
        worker.kill()
        await shop.pool.execute("UPDATE payment SET next_attempt_at = clock_timestamp()")  # the claims run out
    await shop.pool.execute("UPDATE mail SET next_attempt_at = clock_timestamp() WHERE state = 'queued'")
    worker = Ours(("write_side", "worker"), environment, log)
    await until(shop, "SELECT count(*) FROM payment WHERE state = 'captured'", ORDERS)
    await until(shop, "SELECT count(*) FROM mail WHERE state = 'sent'", ORDERS)
    worker.kill()
    copies = Counter(str(mail["Message-ID"]) for mail in received.mails)
    assert len(copies) == ORDERS
    assert max(copies.values()) <= 2
    for order in orders:
        history = await shop.history(order)
        assert history.count("payment_captured") == history.count("order_confirmed") == 1
        assert (await shop.at_stripe(order))["status"] == "succeeded"
    assert await shop.figures("lamp") == (100 - ORDERS, 0)

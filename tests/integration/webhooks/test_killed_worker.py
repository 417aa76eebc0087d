"""kill -9 of the worker in the middle of its deliveries: every event comes, under one number and one id."""

import asyncio
from collections import defaultdict
from pathlib import Path

from shared.settings import Settings
from tests.faults.processes import Ours, environment_of
from tests.integration.webhooks.conftest import Hooks
from tests.integration.webhooks.receiver import Receiver

EVENTS = 120


async def until_came(receiver: Receiver, at_least: int) -> None:
    async with asyncio.timeout(60):
        while len({message["id"] for message in receiver.came}) < at_least:
            await asyncio.sleep(0.005)


async def test_workers_killed_again_and_again_repeat_at_most_and_lose_nothing(
    hooks: Hooks, hook_settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    endpoint_id = await hooks.receiving(receiver)
    happened = [str(one) for one in await hooks.happen(EVENTS)]
    environment, log = environment_of(hook_settings), tmp_path / "worker.log"
    for seen in (20, 50, 80):
        worker = Ours(("write_side", "worker"), environment, log)
        await until_came(receiver, seen)
        worker.kill()
        await hooks.pool.execute("UPDATE webhook_delivery SET claimed_until = clock_timestamp()")  # claims run out
    worker = Ours(("write_side", "worker"), environment, log)
    try:
        await until_came(receiver, EVENTS)
        async with asyncio.timeout(120):
            while await hooks.states(endpoint_id) != ["delivered"] * EVENTS:
                await asyncio.sleep(0.02)
    finally:
        worker.kill()
    by_number = defaultdict(set)
    for message in receiver.came:
        by_number[int(message["sequence"])].add(message["id"])
    assert sorted(by_number) == list(range(1, EVENTS + 1)), "no number is missing"
    assert [by_number[number] for number in sorted(by_number)] == [{one} for one in happened], "in the order of the log"
    assert len(receiver.came) <= EVENTS + 3 * 8, "repeated is what was under way, and nothing else"

"""What the projector's process makes of a work that ended."""

import asyncio

import asyncpg
import elasticsearch
import pytest
import redis.exceptions

from projector.__main__ import Process
from shared.lease import LeaseLost
from shared.settings import Settings

CLOSED = elasticsearch.ConnectionTimeout("closing took too long")
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def process() -> Process:
    unused = ("REDIS_URL", "ELASTICSEARCH_URL", "STRIPE_API_BASE", "SMTP_URL", "LINK_SECRET", "STRIPE_API_KEY")
    given = dict.fromkeys((*unused, "STRIPE_WEBHOOK_SECRET"), "-")
    return Process(Settings.read({**given, "DATABASE_URL": NOWHERE, "KEYRING_URL": NOWHERE, "MASTER_KEY": "00" * 32}))


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.InterfaceError("the handler is closed"),
        ConnectionRefusedError(),
        redis.exceptions.TimeoutError("Timed out closing connection after 1"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_work_that_ends_because_a_store_is_gone_is_taken_up_again(
    process: Process, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    failed = ExceptionGroup("the owner's work ended", [ExceptionGroup("of a task", [error])])
    assert await stands_by(process, monkeypatch, failed)


async def test_whatever_fails_beside_a_lost_lease_the_process_stands_by(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = ExceptionGroup("the owner's work ended", [LeaseLost(), ExceptionGroup("of a task", [CLOSED])])
    assert await stands_by(process, monkeypatch, failed)


async def test_what_fails_alone_ends_the_process(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = ExceptionGroup("the owner's work ended", [ExceptionGroup("of a task", [ZeroDivisionError()])])
    assert not await stands_by(process, monkeypatch, failed)


async def stands_by(process: Process, monkeypatch: pytest.MonkeyPatch, failed: Exception) -> bool:
    """Whether it does after a turn that ended like this."""
    again = asyncio.Event()

    async def leased() -> None:
        """It is ours."""

    async def own() -> None:
        if not again.is_set():
            again.set()
            raise failed
        await asyncio.Event().wait()

    monkeypatch.setattr(process._lease, "acquire", leased)
    monkeypatch.setattr(process, "_own", own)
    running = asyncio.create_task(process.run())
    await asyncio.wait_for(again.wait(), 5)
    await asyncio.sleep(0)
    if running.done():
        assert running.exception() is not None
        return False
    running.cancel()
    return True

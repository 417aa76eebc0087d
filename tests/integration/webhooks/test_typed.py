"""Endpoints as operators type them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest

from doorbuster import cli
from tests.fixtures.servers import _NOWHERE as NOWHERE
from tests.integration.webhooks.conftest import REVOKED, Hooks
from tests.integration.webhooks.receiver import Receiver


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Typed = Callable[..., Awaitable[Done]]


@pytest.fixture
def typed(hooks: Hooks, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """`doorbuster webhooks …` with the settings of the hooks; in a thread, since it has a loop of its own."""
    named = {"DATABASE_URL": hooks.settings.database_url, "KEYRING_URL": hooks.settings.keyring_url}
    for name, value in (NOWHERE | named | {"WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8"}).items():
        monkeypatch.setenv(name, value)

    def run(words: tuple[str, ...]) -> int:
        try:
            cli.main(["webhooks", *words])
        except SystemExit as ended:
            return int(ended.code or 0)
        raise AssertionError("it ends with a code")

    async def type_(*words: str) -> Done:
        code = await asyncio.to_thread(run, words)
        return Done(code, *capsys.readouterr())

    return type_


async def test_an_operator_registers_rotates_and_looks_after_an_endpoint(
    hooks: Hooks, receiver: Receiver, typed: Typed
) -> None:
    async def said(*words: str) -> str:
        done = await typed(*words)
        assert done.code == 0, done.err
        return done.out

    endpoint, first = (await said("register", receiver.url, REVOKED, "--description", "the ERP")).split()
    second = (await said("rotate", endpoint, "--overlap", "0")).strip()
    assert first != second
    receiver.secrets.append(second)  # what is signed with another one, it does not take
    [event] = await hooks.happen()
    await hooks.work()
    assert [message["id"] for message in receiver.came] == [str(event)]
    assert "1 deliveries, 0 due, 0 given up" in await said("list")
    assert f"1  delivered  {REVOKED}  {event}" in await said("deliveries", endpoint, "--state", "delivered")
    assert await said("redeliver", endpoint, "--event", str(event)) == "1 events are sent\n"
    await hooks.work()
    assert len(receiver.came) == 2
    await said("disable", endpoint)
    assert "disabled (staff)" in await said("list")
    assert "where it stopped" in await said("enable", endpoint)
    assert "  enabled  " in await said("list")
    actors = await hooks.pool.fetch(
        "SELECT DISTINCT convert_from(metadata, 'UTF8')::jsonb ->> 'actor' AS actor FROM event_log WHERE type LIKE $1",
        "webhooks.%",
    )
    assert [row["actor"].startswith("cli:") for row in actors] == [True]


NOBODY = "00000000-0000-7000-8000-000000000000"
REFUSED = (
    (("register", "http://1.1.1.1/"), 1, "forbidden_address"),
    (("register", "https://erp.example/", "order.*"), 1, "unknown_event_type"),
    (("disable", NOBODY), 1, "unknown_endpoint"),
    (("redeliver", NOBODY), 1, "unknown_endpoint"),
    (("register", ""), 2, "length >= 1"),
    (("deliveries", "here"), 2, "invalid UUID"),
    (("rotate", NOBODY, "--overlap", "604801"), 2, "from 0 to"),
)


async def test_what_can_not_be_meant_is_refused(typed: Typed) -> None:
    for words, code, told in REFUSED:
        done = await typed(*words)
        assert (done.code, done.out) == (code, ""), words
        assert told in done.err

"""Whoever is erased stands in no file any more: not in a data folder, not in the archive, not after a restore."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest

from doorbuster import erasing, running, tokens, verify
from doorbuster.demo import stampede
from doorbuster.demo.shop import Json, Shop
from doorbuster.disaster import backing_up, restoring
from doorbuster.disaster.archive import VARIABLE, Archive
from doorbuster.home import Home
from shared.ids import uuid7
from shared.settings import Settings
from tests.e2e.conftest import SCOPES

pytestmark = pytest.mark.slow


class Stack(NamedTuple):
    """Everything running, archived."""

    home: Home
    archive: Archive
    environment: dict[str, str]


@pytest.fixture
def archived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack of this test's own."""
    archive = Archive(tmp_path / "archive")
    monkeypatch.setenv("DOORBUSTER_CACHE", str(Home.default().cache))
    monkeypatch.setenv(VARIABLE, str(archive.folder))
    home = Home(tmp_path / "home")
    yield Stack(home, archive, running.up(home, "all").environment)
    running.down(home)
    for link in home.folder.iterdir():  # under a folder that only root may enter databases lie elsewhere
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)


@pytest.fixture
async def shop(archived: Stack) -> AsyncIterator[Shop]:
    """A web client."""
    async with Shop(archived.environment) as shop:
        yield shop


def holding(stack: Stack, *secrets: bytes) -> list[Path]:
    """Files of ours that hold one of these."""
    folders = [stack.archive.folder, stack.home.folder]
    folders += [link.resolve() for link in stack.home.folder.iterdir() if link.is_symlink()]
    files = {file for folder in folders for file in folder.rglob("*") if file.is_file() and not file.is_symlink()}
    return sorted(file for file in files if any(secret in _bytes(file) for secret in secrets))


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:  # Elasticsearch merged it away while we looked
        return b""


class BrokenOff(Exception):
    """The command was stopped."""


def break_off(said: str) -> None:
    """Stops it as soon as the key is destroyed."""
    raise BrokenOff(said)


async def bought(shop: Shop, sku: str, mail: str) -> Json:
    cart_id, secret = await shop.cart(sku, 1, "EUR")
    quote = await shop.quote(cart_id, secret, mail)
    order, _ = await shop.place(quote["id"], secret)
    await shop.pay(order)
    await shop.until_order(order, "payment_state", "captured")
    await shop.mail_to(mail)
    return order


async def ship(shop: Shop, bearer: str, order: Json) -> None:
    """Nobody is erased whose goods wait for their label."""
    body = {"carrier": "DHL", "tracking_number": order["number"]}
    await shop.command("POST", f"/v1/orders/{order['id']}/parcels", body, Authorization=f"Bearer {bearer}")


async def fetched(url: str, query: str, *args: object) -> object:
    conn = await asyncpg.connect(url)
    try:
        return await conn.fetchval(query, *args)
    finally:
        await conn.close()


async def test_no_file_knows_who_was_erased_and_no_restore_brings_them_back(archived: Stack, shop: Shop) -> None:
    environment = archived.environment
    bearer = await tokens.issue(environment["DATABASE_URL"], "e2e", SCOPES)
    sku = await stampede.offer(shop, bearer, 5)
    erased, kept = (f"{name}-{uuid7().hex[-8:]}@shop.example" for name in ("erased", "kept"))
    order, other = await bought(shop, sku, erased), await bought(shop, sku, kept)
    await ship(shop, bearer, order)
    before = await shop.order(order)
    person_id = await fetched(
        environment["DATABASE_URL"], "SELECT person_id FROM customer_order WHERE number = $1", order["number"]
    )
    wrapped = "SELECT wrapped_key FROM person_key WHERE person_id = $1"
    key = await fetched(environment["KEYRING_URL"], wrapped, person_id)
    assert isinstance(key, bytes)
    await asyncio.to_thread(backing_up.run, environment, 2)
    not_yet = datetime.now(UTC)
    assert holding(archived, erased.encode()), "in Redis' file and in the mailbox, or this test can't see"

    settings = Settings.read(environment)
    with pytest.raises(BrokenOff):
        await erasing.erase_person(settings, environment, erased, break_off)
    assert not await erasing.erase_person(settings, environment, erased, lambda _: None), "and yet it goes to the end"
    await asyncio.to_thread(erasing.wipe, settings, environment, lambda _: None)
    after = await shop.order(order)
    assert (after["mail"], after["address"]) == (None, None)
    assert (after["total"], after["lines"], after["state"]) == (before["total"], before["lines"], before["state"])
    assert holding(archived, erased.encode(), key) == []
    assert holding(archived, kept.encode()), "nobody else is gone"
    assert (await shop.order(other))["mail"] == kept

    await asyncio.to_thread(running.down, archived.home)
    restored = await asyncio.to_thread(restoring.restore, archived.home, archived.archive, not_yet, lambda _: None)
    assert restored.erased_again == 1, "the log is back at a time before the erasure, and the ledger knows better"
    await asyncio.to_thread(running.up, archived.home, "log")
    url = environment["DATABASE_URL"]
    assert await fetched(url, "SELECT mail FROM customer_order WHERE number = $1", order["number"]) == ""
    assert holding(archived, erased.encode(), key) == []
    conn = await asyncpg.connect(url)
    assert await verify.differences(conn) == []
    await conn.close()

"""Nothing personal stands in the clear: not in any table, not in the log, not in a log line."""

import asyncio
import io
import logging
from collections.abc import Iterator

import asyncpg
import pytest

from shared.http import logs
from tests.integration.checkout.shop import ADDRESS, MAIL, Shop
from write_side.customers import KeyringUnavailable, open_contact, open_keyring
from write_side.customers.domain import SealedContact

PERSONAL = [MAIL, MAIL.partition("@")[0], ADDRESS.name, ADDRESS.line1, ADDRESS.city]


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """All that is logged, as the processes log it, at the most talkative level."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("test", "DEBUG", stream)
    yield stream
    root.handlers[:], root.level = before


async def test_no_table_and_no_log_line_names_the_customer(shop: Shop, log_lines: io.StringIO) -> None:
    await shop.stock("lamp", 5)
    order = await shop.order(lamp=1)
    await shop.pay(order)
    await shop.complete(order)
    assert (await shop.now(order)).state == "confirmed"
    dump = await everything_in(shop.settings.database_url) + await everything_in(shop.settings.keyring_url)
    assert order.number in dump  # the search below can find something
    for text in PERSONAL:
        assert text not in dump
        assert text not in log_lines.getvalue()
    intent = await shop.at_stripe(order)
    for secret in (shop.settings.stripe_api_key, intent["client_secret"]):
        assert secret not in log_lines.getvalue()
        assert secret not in dump


async def everything_in(url: str) -> str:
    """Every row of every table as text, bytes included."""
    conn = await asyncpg.connect(url)
    try:
        tables = await conn.fetch("SELECT relname FROM pg_stat_user_tables")
        rows = [await conn.fetch(f'SELECT * FROM "{table["relname"]}"') for table in tables]
    finally:
        await conn.close()
    return "\n".join(_text(value) for table in rows for row in table for value in row.values())


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


async def test_the_contact_opens_under_the_persons_key_until_it_is_destroyed(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    order = await shop.now(await shop.order(lamp=1))
    sealed = SealedContact(order.person_id, order.mail, order.address)
    opened = await open_contact(shop.keyring, sealed)
    assert opened is not None
    assert (opened.mail, opened.address.line1) == (MAIL, ADDRESS.line1)
    conn = await asyncpg.connect(shop.settings.keyring_url)
    await conn.execute("DELETE FROM person_key")
    await conn.close()
    assert await open_contact(shop.keyring, sealed) is None


async def test_one_mail_address_is_one_person_however_it_is_written_and_whoever_is_faster(shop: Shop) -> None:
    written = [MAIL, MAIL.upper(), f" {MAIL} "] * 5
    persons = await asyncio.gather(*(shop.keyring.person_for(mail) for mail in written))
    assert len({person.id for person in persons}) == 1
    assert len({person.key for person in persons}) == 1


async def test_without_the_keyring_nothing_is_quoted(shop: Shop) -> None:
    await shop.stock("lamp", 5)
    basket = await shop.basket(lamp=1)
    async with open_keyring("postgresql://nobody@127.0.0.1:9/nowhere", shop.settings.master_key) as away:
        shop.keyring = away
        with pytest.raises(KeyringUnavailable):
            await shop.quote(basket)

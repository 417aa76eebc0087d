"""Signing up: the answer tells nobody who has an account, and nobody gets one by another's mailbox."""

import asyncio

import pytest

from shared.events.accounts import SignedUp
from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import PASSWORD, Customers
from tests.integration.checkout.patience import until_waiting
from tests.integration.checkout.shop import MAIL
from write_side.accounts import store
from write_side.accounts.domain import TokenRefused, WeakPassword, WrongCredentials

OTHERS = "the password of somebody else"


async def test_who_signs_up_and_confirms_is_signed_in(customers: Customers) -> None:
    await customers.sign_up()
    with pytest.raises(WrongCredentials):
        await customers.sign_in()  # before the mail address is confirmed
    session = await customers.confirm(await customers.link())
    who = await customers.who(session)
    assert who is not None
    assert (who.account_id, who.groups) == (session.account_id, frozenset())
    again = await customers.sign_in(mail=f" {MAIL.upper()} ")
    assert again.account_id == session.account_id
    assert await customers.history() == ["signed_up", "account_confirmed"]
    assert await customers.history("session") == ["sign_in_failed", "session_opened", "session_opened"]


async def test_a_known_address_is_answered_as_an_unknown_one_and_its_owner_is_told(customers: Customers) -> None:
    first = await customers.sign_up()
    await customers.confirm(await customers.link())
    assert await customers.sign_up(password=OTHERS) == first
    assert (await customers.subjects())[-1] == "You have an account already"
    assert (await customers.sign_in()).token, "the password is as it was"
    with pytest.raises(WrongCredentials):
        await customers.sign_in(OTHERS)


async def test_whoever_follows_a_link_that_others_asked_for_must_know_the_password_they_chose(
    customers: Customers,
) -> None:
    """Else one could sign others up, and get into their account once they confirm it."""
    await customers.sign_up(password=OTHERS)
    planted = await customers.link()
    with pytest.raises(TokenRefused):
        await customers.confirm(planted, PASSWORD)
    await customers.sign_up()
    await customers.confirm(await customers.link())
    with pytest.raises(TokenRefused):
        await customers.confirm(planted, OTHERS)
    with pytest.raises(WrongCredentials):
        await customers.sign_in(OTHERS)


async def test_a_link_confirms_once_and_while_its_time_lasts(customers: Customers) -> None:
    await customers.sign_up()
    link = await customers.link()
    await customers.pool.execute("UPDATE account_letter SET expires_at = clock_timestamp()")
    with pytest.raises(TokenRefused):
        await customers.confirm(link)
    await customers.sign_up()
    link = await customers.link()
    await customers.confirm(link)
    with pytest.raises(TokenRefused):
        await customers.confirm(link)


@pytest.mark.parametrize("password", ["aaaaaaaaaaaa", "abababababab", MAIL.upper()])
async def test_a_password_that_is_no_secret_is_refused(customers: Customers, password: str) -> None:
    with pytest.raises(WeakPassword):
        await customers.sign_up(password=password)


async def test_two_who_sign_up_by_one_address_at_once_make_one_account(customers: Customers) -> None:
    """One has written its account and not committed: the other, who saw none, waits for it and then sees it."""
    person = await customers.desk.keyring.person_for(MAIL)
    async with customers.pool.acquire() as conn:
        await conn.execute("SET transaction_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        async with conn.transaction():
            _, event = await store.save(conn, None, SignedUp(uuid7(), person.id, ""))
            await store.append(conn, [event], CAUSE)
            other = asyncio.ensure_future(customers.sign_up())
            await until_waiting(customers.pool, 1, [other])
            assert not other.done()
    await other
    assert await customers.history() == ["signed_up"]
    assert await customers.pool.fetchval("SELECT count(*) FROM account") == 1

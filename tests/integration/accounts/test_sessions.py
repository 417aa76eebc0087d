"""Sessions: what opens one, what ends it, and what guessing leads to."""

import asyncio

import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import HOME, PASSWORD, Customers
from tests.integration.checkout.patience import until_waiting
from tests.integration.checkout.shop import MAIL
from write_side.accounts import changing_passwords, sessions, staff, store
from write_side.accounts.desk import Desk, NewSession, hash_of, open_desk
from write_side.accounts.domain import MOST_SESSIONS, SignedIn, TokenRefused, TooManyAttempts, WrongCredentials
from write_side.accounts.letters import store as letters
from write_side.database import open_pool

NEW = "a new and longer password"
WRONG = "not the password at all"


async def _who(customers: Customers, session: NewSession) -> SignedIn:
    who = await customers.who(session)
    assert who is not None
    return who


async def test_a_session_ends_alone_or_with_all_others(customers: Customers) -> None:
    first = await customers.customer()
    second, third = await customers.sign_in(), await customers.sign_in()
    who = await _who(customers, second)
    await sessions.sign_out(customers.pool, who, CAUSE)
    assert await customers.who(second) is None
    assert await customers.who(first) is not None
    await sessions.sign_out_everywhere(customers.pool, await _who(customers, third), CAUSE)
    assert [await customers.who(each) for each in (first, second, third)] == [None] * 3


async def test_a_token_that_is_almost_a_session_s_opens_nothing(customers: Customers) -> None:
    session = await customers.customer()
    token = session.token
    for made_up in (token[:-1], token.replace("ds_", "db_"), f"ds_{session.id.hex}_", token[:36] + "A" * 43, ""):
        assert await sessions.signed_in(customers.pool, f"Bearer {made_up}") is None
    await customers.pool.execute("SELECT 1")


async def test_of_too_many_sessions_the_oldest_ends(customers: Customers) -> None:
    first = await customers.customer()
    for n in range(MOST_SESSIONS):
        await customers.sign_in(client=f"198.51.100.{n}")
    assert await customers.who(first) is None
    async with customers.pool.acquire() as conn:
        assert await store.count_open(conn, first.account_id) == MOST_SESSIONS


async def test_a_new_password_ends_the_sessions_of_everybody_else(customers: Customers) -> None:
    first = await customers.customer()
    second = await customers.sign_in()
    who = await _who(customers, second)
    with pytest.raises(WrongCredentials):
        await changing_passwords.change_password(customers.desk, who, WRONG, NEW, HOME, CAUSE)
    await changing_passwords.change_password(customers.desk, who, PASSWORD, NEW, HOME, CAUSE)
    assert await customers.who(first) is None
    assert await customers.who(second) is not None
    with pytest.raises(WrongCredentials):
        await customers.sign_in(PASSWORD)
    assert (await customers.sign_in(NEW)).account_id == first.account_id
    assert (await customers.subjects())[-1] == "Your password was changed"


async def test_a_reset_link_works_once_and_ends_all_sessions(customers: Customers) -> None:
    before = await customers.customer()
    await customers.ask_for_reset()
    link = await customers.link()
    session = await customers.reset(link, NEW)
    assert await customers.who(before) is None
    assert await customers.who(session) is not None
    with pytest.raises(TokenRefused):
        await customers.reset(link, "yet another password")
    assert (await customers.sign_in(NEW)).account_id == before.account_id


async def test_a_reset_link_followed_twice_at_once_works_once(customers: Customers) -> None:
    """One has followed it and not committed: the other, for whom it is still there, waits and then finds it gone."""
    await customers.customer()
    await customers.ask_for_reset()
    link = await customers.link()
    async with customers.pool.acquire() as conn:
        await conn.execute("SET transaction_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        async with conn.transaction():
            assert await letters.use_link(conn, "reset", hash_of(link)) is not None
            other = asyncio.ensure_future(customers.reset(link, NEW))
            await until_waiting(customers.pool, 1, [other])
    with pytest.raises(TokenRefused):
        await other
    assert "password_changed" not in await customers.history()


async def test_a_reset_of_an_unknown_address_is_answered_alike_and_leads_to_nothing(customers: Customers) -> None:
    await customers.customer()
    known = await customers.ask_for_reset()
    mails = len(await customers.subjects())
    assert await customers.ask_for_reset("nobody@example.org") == known
    assert len(await customers.subjects()) == mails
    assert await customers.pool.fetchval("SELECT count(*) FROM account_letter WHERE person_id IS NULL") == 0


async def test_guessing_ends_soon_over_several_processes_and_others_are_not_kept_out(customers: Customers) -> None:
    await customers.customer()
    url = customers.shop.settings.database_url
    async with open_pool(url, 4, "another process") as pool, open_desk(pool, customers.desk.keyring, 0) as desk:

        async def guess(where: Desk) -> str:
            try:
                await sessions.sign_in(where, MAIL, WRONG, "198.51.100.1", CAUSE)
            except (WrongCredentials, TooManyAttempts) as refused:
                return refused.code
            return "in"

        tried = await asyncio.gather(*(guess(where) for where in [customers.desk, desk] * 12))
    assert tried.count("wrong_credentials") == 10
    assert tried.count("too_many_attempts") == 14
    with pytest.raises(TooManyAttempts) as refused:
        await customers.sign_in(client="198.51.100.1")
    assert 1 <= refused.value.facts["retry_after"] <= 30, "time lets them in again"
    assert (await customers.sign_in()).token, "the owner is at home"


async def test_a_right_password_costs_the_client_a_try_but_not_the_account(customers: Customers) -> None:
    await customers.customer()
    await customers.pool.execute("DELETE FROM account_attempts")
    counted = customers.desk._replace(per_client=3)
    for _ in range(3):
        await sessions.sign_in(counted, MAIL, PASSWORD, HOME, CAUSE)
    with pytest.raises(TooManyAttempts):
        await sessions.sign_in(counted, MAIL, PASSWORD, HOME, CAUSE)
    assert (await sessions.sign_in(counted, MAIL, PASSWORD, "198.51.100.1", CAUSE)).body, "elsewhere the owner gets in"
    taken = await customers.pool.fetch("SELECT round(taken) AS tries FROM account_attempts WHERE key LIKE 'sign_in:%'")
    assert {row["tries"] for row in taken} == {0}, "the owner has guessed nothing"


async def test_whoever_is_kept_out_by_others_tries_gets_in_by_a_link(customers: Customers) -> None:
    await customers.customer()
    await customers.pool.execute("UPDATE account_attempts SET taken = 1000")
    with pytest.raises(TooManyAttempts):
        await customers.sign_in()
    await customers.pool.execute("DELETE FROM account_attempts WHERE key LIKE 'letters:%' OR key LIKE 'client:%'")
    await customers.ask_for_reset()
    session = await customers.reset(await customers.link(), NEW)
    assert await customers.who(session) is not None
    assert (await customers.sign_in(NEW)).token


async def test_groups_are_seen_by_the_next_request_of_a_session(customers: Customers) -> None:
    session = await customers.customer()
    await staff.set_groups(customers.pool, session.account_id, ["wholesale", "press", "press"], CAUSE)
    assert (await _who(customers, session)).groups == {"press", "wholesale"}
    again = await staff.set_groups(customers.pool, session.account_id, ["press", "wholesale"], CAUSE)
    assert again.positions == {}


async def test_neither_password_nor_link_nor_client_stands_in_postgres(customers: Customers) -> None:
    await customers.customer()
    await customers.ask_for_reset()
    link = await customers.link()
    rows = await customers.pool.fetch("SELECT convert_from(payload, 'UTF8') AS said FROM event_log")
    log = "\n".join(row["said"] for row in rows)
    assert "argon2" not in log
    kept = log
    for table in ("account", "account_session", "account_letter", "account_attempts"):
        kept += "\n".join(str(dict(row)) for row in await customers.pool.fetch(f"SELECT * FROM {table}"))
    assert "argon2id" in kept
    assert [text for text in (PASSWORD, link, HOME, MAIL) if text in kept] == []

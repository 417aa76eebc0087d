"""Who is erased has no account any more; who asks is told what stands in it."""

from pathlib import Path

import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.accounts.conftest import Customers
from tests.integration.checkout.shop import MAIL
from write_side import erasure
from write_side.accounts import groups_of, staff
from write_side.accounts.domain import WrongCredentials
from write_side.erasure import Ledger


async def test_an_erased_person_has_no_account_and_may_come_again_as_somebody_new(
    customers: Customers, tmp_path: Path
) -> None:
    session = await customers.customer()
    person_id = await erasure.find_person(customers.pool, customers.desk.keyring, MAIL)
    held = (await erasure.export(customers.pool, customers.desk.keyring, person_id)).account
    assert held is not None
    assert (held.id, held.mail, held.state) == (session.account_id, MAIL, "confirmed")
    assert [happening.what for happening in held.happened] == ["accounts.signed_up.v1", "accounts.account_confirmed.v1"]

    ledger = Ledger(str(tmp_path / "erasures.jsonl"))
    await erasure.erase(customers.pool, customers.desk.keyring, ledger, person_id, CAUSE)
    assert await customers.who(session) is None
    with pytest.raises(WrongCredentials):
        await customers.sign_in()
    assert (await customers.history())[-1] == "account_erased"
    kept = await customers.pool.fetchrow("SELECT mail, addresses, password_hash FROM account")
    assert tuple(kept or ()) == ("", "[]", None)
    assert await customers.pool.fetchval("SELECT count(*) FROM account_letter") == 0

    newcomer = await customers.customer()
    assert newcomer.account_id != session.account_id


async def test_the_cart_of_who_was_erased_is_priced_by_no_group(
    customers: Customers, tmp_path: Path
) -> None:
    account_id = (await customers.customer()).account_id
    await staff.set_groups(customers.pool, account_id, ["wholesale"], CAUSE)
    async with customers.pool.acquire() as conn:
        assert await groups_of(conn, account_id) == {"wholesale"}
    person_id = await erasure.find_person(customers.pool, customers.desk.keyring, MAIL)
    ledger = Ledger(str(tmp_path / "erasures.jsonl"))
    await erasure.erase(customers.pool, customers.desk.keyring, ledger, person_id, CAUSE)
    async with customers.pool.acquire() as conn:
        assert await groups_of(conn, account_id) == set()


async def test_an_erasure_that_broke_off_behind_the_key_is_finished(customers: Customers, tmp_path: Path) -> None:
    await customers.customer()
    person_id = await erasure.find_person(customers.pool, customers.desk.keyring, MAIL)
    ledger = Ledger(str(tmp_path / "erasures.jsonl"))
    await ledger.add(person_id)
    await customers.desk.keyring.destroy(person_id)
    assert await erasure.finish(customers.pool, customers.desk.keyring, ledger, CAUSE) == 1
    assert (await customers.history())[-1] == "account_erased"
    assert await erasure.finish(customers.pool, customers.desk.keyring, ledger, CAUSE) == 0

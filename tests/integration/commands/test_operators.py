"""What operators type: tokens and parked keys, against a real database."""

import os
import subprocess
import sys

import asyncpg

from shared.ids import uuid7
from tests.fixtures.write_side import CAUSE
from tests.integration.inventory.test_stock import stocked
from write_side import access
from write_side.database import Pool


def typed(database_url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """`doorbuster` with these words."""
    command = [sys.executable, "-W", "error", "-m", "doorbuster.cli", *words]
    environment = {**os.environ, "DATABASE_URL": database_url}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


async def test_a_token_is_printed_once_and_lets_its_holder_in(pool: Pool, database_url: str) -> None:
    done = typed(database_url, "token", "importer", "catalog:write", "--days", "7")
    assert done.returncode == 0, done.stderr
    caller = await access.authenticate(pool, f"Bearer {done.stdout.strip()}")
    assert caller is not None
    assert caller.scopes == {"catalog:write"}


async def test_a_role_is_given_by_its_name_listed_and_taken_back(pool: Pool, database_url: str) -> None:
    done = typed(database_url, "token", "Ada Example", "sales:read", "--role", "stock")
    caller = await access.authenticate(pool, f"Bearer {done.stdout.strip()}")
    assert caller is not None, done.stderr
    assert caller.scopes == {*access.ROLES["stock"], "sales:read"}
    [line] = typed(database_url, "tokens", "list").stdout.splitlines()
    id_ = line.split()[0]
    assert caller.actor == f"token:{id_}"
    assert "good  for ever  'Ada Example'  stock" in line
    assert typed(database_url, "tokens", "revoke", id_, "--reason", "Ada left").returncode == 0
    assert await access.authenticate(pool, f"Bearer {done.stdout.strip()}") is None
    assert typed(database_url, "tokens", "list").stdout == ""
    assert "revoked" in typed(database_url, "tokens", "list", "--all").stdout
    unknown = ("tokens", "revoke", str(uuid7()), "--reason", "r")
    for words in (("token", "x", "--role", "boss"), ("token", "x"), unknown):
        refused = typed(database_url, *words)
        assert (refused.returncode, refused.stdout) == (1, ""), refused.stderr
        assert refused.stderr.count("\n") == 1


async def test_what_a_token_issued_is_taken_back_with_it(pool: Pool, database_url: str) -> None:
    done = typed(database_url, "token", "Ada Example", "--role", "owner")
    ada = await access.authenticate(pool, f"Bearer {done.stdout.strip()}")
    assert ada is not None, done.stderr
    await access.issue_token(pool, "importer", ["catalog:write"], None, CAUSE, issuer=ada)
    words = ("tokens", "revoke", str(ada.token_id), "--reason", "stolen")
    assert typed(database_url, *words).stdout == ""
    assert typed(database_url, *words, "--with-issued").stdout == "1 more that it issued, or these did\n"
    assert typed(database_url, "tokens", "list").stdout == ""


def test_a_scope_that_does_not_exist_is_told_with_those_that_do(database_url: str) -> None:
    done = typed(database_url, "token", "importer", "everything")
    assert done.returncode == 1
    assert "stock:write" in done.stderr


async def test_verify_says_whether_rows_and_log_agree(pool: Pool, database_url: str) -> None:
    await stocked(pool, "lamp", 3)
    done = typed(database_url, "verify", "--log-only")
    assert (done.returncode, done.stdout) == (0, "rows and log agree, every hash chain is unbroken\n")
    auditor = await asyncpg.connect(database_url)
    await auditor.execute("UPDATE stock_item SET on_hand = 4")
    done = typed(database_url, "verify", "--log-only")
    assert done.returncode == 1
    assert "stock_item" in done.stdout
    await auditor.execute("UPDATE stock_item SET on_hand = 3")
    await auditor.close()


def test_no_payment_waits_for_a_person_in_an_empty_shop(database_url: str) -> None:
    assert typed(database_url, "payments", "list").stdout == "0 payments wait for a person\n"
    assert typed(database_url, "payments", "retry").returncode == 0


async def test_parked_keys_are_listed_with_their_reason_and_tried_again_on_request(database_url: str) -> None:
    assert typed(database_url, "parked", "list").stdout == "0 keys are parked\n"
    operator = await asyncpg.connect(database_url)
    await operator.execute(
        """INSERT INTO parked_key (read_model, version, partition_key, shard, position, event_type, error)
           VALUES ('stock_level', 'v1', 'product:1', 0, 7, 'inventory.odd.v1', 'UnknownEventType')"""
    )
    listed = typed(database_url, "parked", "list")
    assert listed.returncode == 1
    assert "product:1" in listed.stdout
    assert "UnknownEventType" in listed.stdout
    assert typed(database_url, "parked", "retry", "--key", "product:2").stdout.startswith("0 keys")
    assert typed(database_url, "parked", "retry", "--key", "product:1").stdout.startswith("1 keys")
    assert await operator.fetchval("SELECT retry_requested_at IS NOT NULL FROM parked_key")
    await operator.close()

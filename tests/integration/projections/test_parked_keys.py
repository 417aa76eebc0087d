"""Staff see what is parked, look at its event, and ask for another try or to go on without it; operators too."""

import os
import subprocess
import sys
from uuid import UUID

import asyncpg
import httpx
import pytest

from shared.shards import product_key
from tests.integration.inventory.test_stock import stocked
from tests.integration.write_api.conftest import Issue, api, staff, write_settings
from write_side.database import Pool

__all__ = ["api", "staff", "write_settings"]

BOTH = ("projections:read", "projections:write")


async def park(database_url: str) -> None:
    """Park a key of that database by its first event, and skip an event, as the projector would."""
    conn = await asyncpg.connect(database_url)
    await conn.execute("""INSERT INTO parked_key
                          (read_model, version, partition_key, shard, position, event_type, error)
                          VALUES ('stock_level', 'v1', 'product:1', 0, 1, 'odd', 'odd')""")
    await _skipped(database_url)
    await conn.close()


@pytest.fixture
async def parked(pool: Pool, database_url: str) -> str:
    """The address of a key that is parked by a real event, as the projector would park it."""
    await stocked(pool, "lamp", 3)
    conn = await asyncpg.connect(database_url)
    row = await conn.fetchrow("SELECT * FROM event_log WHERE type = 'inventory.stock_item_opened.v1'")
    assert row is not None
    await conn.execute(
        """INSERT INTO parked_key (read_model, version, partition_key, shard, position, event_type, error)
           VALUES ('stock_level', 'v1', $1, $2, $3, $4, 'ValueError: odd')""",
        row["partition_key"], row["shard"], row["position"], row["type"],
    )  # fmt: skip
    await conn.close()
    return f"/v1/projections/parked/stock_level:v1/{row['partition_key']}"


async def test_a_parked_key_is_listed_and_shown_with_its_event(
    api: httpx.AsyncClient, staff: Issue, parked: str
) -> None:
    headers = await staff("projections:read")
    [listed] = (await api.get("/v1/projections/parked", headers=headers)).json()["parked"]
    assert (listed["read_model"], listed["error"], listed["tries"]) == ("stock_level:v1", "ValueError: odd", 1)
    shown = (await api.get(parked, headers=headers)).json()
    assert shown["parked"] == listed
    assert shown["event"]["aggregate_type"] == "stock_item"
    assert '"sku":"lamp"' in shown["event"]["payload"]
    assert shown["event"]["actor"] == "test"


async def test_another_try_is_asked_for(api: httpx.AsyncClient, staff: Issue, parked: str, pool: Pool) -> None:
    answer = await api.post(f"{parked}/retry", headers=await staff("projections:write"))
    assert (answer.status_code, answer.json()["requested"]) == (202, "retry")
    assert await pool.fetchval("SELECT retry_requested_at IS NOT NULL FROM parked_key")


async def test_a_skip_names_the_event_and_who_asked_for_it(
    api: httpx.AsyncClient, staff: Issue, parked: str, pool: Pool
) -> None:
    headers = await staff(*BOTH)
    position = (await api.get(parked, headers=headers)).json()["parked"]["position"]
    wrong = await api.post(f"{parked}/skip", headers=headers, json={"position": position + 1, "reason": "odd"})
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["position"]) == (409, "another_event", position)
    empty = await api.post(f"{parked}/skip", headers=headers, json={"position": position, "reason": ""})
    assert empty.status_code == 400
    answer = await api.post(f"{parked}/skip", headers=headers, json={"position": position, "reason": "odd"})
    assert (answer.status_code, answer.json()["requested"]) == (202, "skip")
    row = await pool.fetchrow("SELECT skip_position, skip_actor, skip_reason FROM parked_key")
    assert row is not None
    assert (row["skip_position"], row["skip_reason"]) == (position, "odd")
    assert row["skip_actor"].startswith("token:")


@pytest.mark.parametrize("action", ["", "/retry", "/skip"])
async def test_what_is_not_parked_is_not_found(api: httpx.AsyncClient, staff: Issue, action: str) -> None:
    path = f"/v1/projections/parked/stock_level:v1/{product_key(UUID(int=1))}{action}"
    headers, body = await staff(*BOTH), {"position": 1, "reason": "odd"} if action == "/skip" else None
    answer = await api.request("POST" if action else "GET", path, headers=headers, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_parked")


async def test_a_skip_is_taken_back_once_and_stays_in_the_books(
    api: httpx.AsyncClient, staff: Issue, database_url: str, pool: Pool
) -> None:
    headers, path = await staff(*BOTH), "/v1/projections/skipped/stock_level:v1/product:1/unskip"
    await _skipped(database_url)
    for wrong in ({"position": 2, "reason": "even"}, {"position": 2**62, "reason": "even"}):
        answer = await api.post(path, headers=headers, json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_skipped")
    assert (await api.post(path, headers=headers, json={"position": 1, "reason": ""})).status_code == 400
    for reason in ("even", "odd once more"):  # the first request counts
        answer = await api.post(path, headers=headers, json={"position": 1, "reason": reason})
        assert (answer.status_code, answer.json()["taken_back"]["reason"]) == (202, "even")
    [told] = (await api.get("/v1/projections/skipped", headers=headers)).json()["skipped"]
    assert (told["reason"], told["taken_back"]["done_at"]) == ("odd", None)
    assert told["taken_back"]["actor"].startswith("token:")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):  # that is the projector's to say
        await pool.execute("UPDATE skipped_event SET unskipped_at = now()")


async def test_what_operators_type(parked: str, pool: Pool, database_url: str) -> None:
    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "doorbuster.cli", "parked", *words]
        environment = {**os.environ, "DATABASE_URL": database_url}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    which = parked.split("/")[-2:]
    position = str(await pool.fetchval("SELECT position FROM parked_key"))
    assert '"aggregate_type": "stock_item"' in typed("show", *which).stdout
    assert typed("show", "stock_level:v1", "product:2").returncode == 1
    wrong = typed("skip", *which, "--position", "999", "--reason", "odd")
    assert (wrong.returncode, f"the event at {position} parks this key" in wrong.stderr) == (1, True)
    done = typed("skip", *which, "--position", position, "--reason", "odd")
    assert (done.returncode, done.stdout.startswith("stock_level:v1 goes on without")) == (0, True), done.stderr
    assert "skip asked for" in typed("list").stdout
    assert await pool.fetchval("SELECT skip_actor LIKE 'cli:%' FROM parked_key")
    await _skipped(database_url)
    assert "by cli:me" in typed("skipped").stdout
    taken = typed("unskip", "stock_level:v1", "product:1", "--position", "1", "--reason", "even")
    assert (taken.returncode, taken.stdout.startswith("the event at 1 counts again")) == (0, True), taken.stderr
    assert "taken back by cli:" in typed("skipped").stdout
    assert typed("unskip", "stock_level:v1", "product:1", "--position", "2", "--reason", "even").returncode == 1


async def _skipped(database_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    await conn.execute("""INSERT INTO skipped_event (read_model, version, position, partition_key, event_type, error,
                          actor, reason) VALUES ('stock_level', 'v1', 1, 'product:1', 't', 'e', 'cli:me', 'odd')""")
    await conn.close()

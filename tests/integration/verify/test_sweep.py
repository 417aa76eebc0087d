"""The worker verifies a slice at a time: it finds what was done, tells it, and forgets what was put right."""

import pytest
from prometheus_client import REGISTRY

from tests.integration.checkout.shop import Shop
from tests.integration.verify.tampering import Tampered
from write_side.aggregates import AGGREGATES
from write_side.verifying import sweep as sweep_module
from write_side.verifying.sweep import Sweep


async def rounds(tampered: Tampered, sweep: Sweep, sweeps: tuple[str, ...] = ("log", "row", "seal")) -> None:
    """Until each part has ended two more rounds: whatever was there at the start was then seen, or was not."""

    async def ended() -> list[int]:
        row = await tampered.conn.fetchrow("SELECT * FROM verify_sweep")
        assert row is not None
        return [row[f"{part}_round"] for part in sweeps]

    before = await ended()
    for _ in range(400):
        await sweep.advance()
        if all(now >= then + 2 for now, then in zip(await ended(), before, strict=True)):
            return
    raise AssertionError("the sweep does not come round")


def told(kind: str) -> float:
    """The metric."""
    return REGISTRY.get_sample_value("doorbuster_verify_differences", {"kind": kind}) or 0.0


async def findings(tampered: Tampered) -> set[tuple[str, str]]:
    """(kind, field) of what stands in the table."""
    return {(row["kind"], row["field"]) for row in await tampered.conn.fetch("SELECT kind, field FROM verify_finding")}


async def test_it_finds_what_was_done_and_forgets_what_was_put_right(lived_in: Shop, tampered: Tampered) -> None:
    sweep = Sweep(lived_in.pool, tampered.seals)
    await rounds(tampered, sweep)
    assert await findings(tampered) == set()
    await tampered.conn.execute("SET session_replication_role = replica")
    await tampered.conn.execute("UPDATE stock_item SET low_at = 0")
    of_token = "FROM event_log WHERE aggregate_type = 'access_token'"
    await tampered.conn.execute(f"CREATE TEMP TABLE kept AS SELECT * {of_token}")
    await tampered.conn.execute(f"DELETE {of_token}")
    await tampered.conn.execute("UPDATE event_log SET metadata = metadata || ' ' WHERE type = 'carts.cart_opened.v1'")
    await rounds(tampered, sweep)
    assert {("row", "low_at"), ("row", "its row"), ("event", "the hash of its bytes")} <= await findings(tampered)
    assert any(kind == "seal" and "in the log" in field for kind, field in await findings(tampered))
    assert (told("row"), told("event"), told("seal")) == (2, 2, 1)
    await tampered.conn.execute("UPDATE stock_item SET low_at = 5")
    await tampered.conn.execute("INSERT INTO event_log SELECT * FROM kept")
    await tampered.conn.execute("""UPDATE event_log SET metadata = substring(metadata FOR octet_length(metadata) - 1)
                                   WHERE type = 'carts.cart_opened.v1'""")  # fmt: skip
    await rounds(tampered, sweep)
    assert await findings(tampered) == set()
    assert (told("row"), told("event"), told("seal")) == (0, 0, 0)
    assert (REGISTRY.get_sample_value("doorbuster_verify_age_seconds", {"sweep": "row"}) or 99) < 60


async def test_a_slice_is_small_and_the_next_worker_goes_on_where_the_last_one_was(
    lived_in: Shop, tampered: Tampered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_module, "EVENTS", 5)
    monkeypatch.setattr(sweep_module, "ROWS", 2)
    await Sweep(lived_in.pool, None).advance()
    first = await tampered.conn.fetchval("SELECT log_position FROM verify_sweep")
    await Sweep(lived_in.pool, None).advance()
    second = await tampered.conn.fetchval("SELECT log_position FROM verify_sweep")
    assert 0 < first < second <= first + 6  # one number was never used
    await rounds(tampered, Sweep(lived_in.pool, None), ("log", "row"))
    assert await findings(tampered) == set()


async def test_of_two_workers_one_takes_the_slice(lived_in: Shop, tampered: Tampered) -> None:
    async with tampered.conn.transaction():
        await tampered.conn.execute("SELECT FROM verify_sweep FOR UPDATE")
        await Sweep(lived_in.pool, None).advance()
    assert await tampered.conn.fetchval("SELECT row_type FROM verify_sweep") == ""
    await Sweep(lived_in.pool, None).advance()
    assert await tampered.conn.fetchval("SELECT row_type FROM verify_sweep") == AGGREGATES[0].type

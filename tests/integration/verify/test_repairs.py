"""Rows are made what their events say, and an event says so; a broken log is left to a restore."""

import os
import subprocess
import sys

import msgspec

from projector.read_models.all import READ_MODELS
from shared.codec import decode_events
from shared.events.repairs import RowRepaired
from tests.fixtures.write_side import CAUSE
from tests.integration.verify.tampering import RECHAIN, Tampered, told
from tests.integration.verify.test_tampering import ROWS
from write_side.verifying.repair import repair_rows

_LAST = "SELECT type, payload, partition_key, metadata FROM event_log ORDER BY position DESC LIMIT 1"


async def test_every_damaged_row_is_healed_and_its_repair_recorded(tampered: Tampered) -> None:
    for statement, _ in ROWS:
        async with tampered.by(statement) as found:
            repaired = await repair_rows(tampered.conn, found, "a test", CAUSE)
            assert repaired.failed == {}, statement
            assert {(e.aggregate_type, e.aggregate_id) for e in repaired.done} == {d.aggregate for d in found}
            assert told(await tampered.found()) == "", statement
            assert await repair_rows(tampered.conn, found, "again", CAUSE) == ([], {})


async def test_the_event_names_the_fields_and_stands_with_the_history_of_its_key(tampered: Tampered) -> None:
    async with tampered.by("UPDATE stock_item SET on_hand = on_hand + 1, low_at = 0") as found:
        await repair_rows(tampered.conn, found, "a test", CAUSE)
        row = await tampered.conn.fetchrow(_LAST)
        assert row is not None
        [event] = decode_events(row["type"], row["payload"])
        assert isinstance(event, RowRepaired)
        assert (event.aggregate_type, event.fields, event.reason) == ("stock_item", ["low_at", "on_hand"], "a test")
        assert row["partition_key"].startswith("product:")
        assert msgspec.json.decode(row["metadata"])["actor"] == CAUSE.actor


def test_no_read_model_hears_of_repairs() -> None:
    assert all("repairs" not in model.contexts for model in READ_MODELS)


async def test_what_a_sale_needs_works_on_a_repaired_row(tampered: Tampered) -> None:
    async with tampered.by("DELETE FROM reservation", "DELETE FROM stock_item") as found:
        assert (await repair_rows(tampered.conn, found, "a test", CAUSE)).failed == {}
        reserved = await tampered.conn.fetchrow("SELECT on_hand, reserved FROM stock_item")
        held = await tampered.conn.fetch("SELECT quantity, for_order FROM reservation")
        assert reserved is not None
        assert (tuple(reserved), [tuple(row) for row in held]) == ((8, 1), [(1, True)])


async def test_a_fraud_check_that_the_log_knows_nothing_of_goes_with_all_its_rows(tampered: Tampered) -> None:
    made_up = "INSERT INTO fraud_check SELECT gen_random_uuid(), gen_random_uuid(), 'none', 2"
    tried = """INSERT INTO fraud_attempt SELECT id, 1, now(), order_id, 'authorized', '', id, '', '', '', '', 5, 'EUR',
                                                '{}', 0, '[]', 'accept', '' FROM fraud_check"""
    disputed = "INSERT INTO fraud_dispute SELECT id, 1, 'du_1', 'lost', 'fraudulent', 5, 'EUR' FROM fraud_check"
    wanted = """INSERT INTO fraud_address SELECT id, 1, now(), '', 'door', '', 50, '[]', 'review', true, false
                FROM fraud_check"""
    async with tampered.by(made_up, tried, disputed, wanted) as found:
        assert (await repair_rows(tampered.conn, found, "a test", CAUSE)).failed == {}
        assert told(await tampered.found()) == ""


async def test_a_lost_payment_waits_for_a_person(tampered: Tampered) -> None:
    async with tampered.by("DELETE FROM payment") as found:
        assert (await repair_rows(tampered.conn, found, "a test", CAUSE)).failed == {}
        assert await tampered.conn.fetchval("SELECT count(*) FROM payment WHERE alarm IS NULL") == 0


async def test_an_operator_repairs_rows_but_nothing_while_the_log_is_broken(
    tampered: Tampered, database_url: str
) -> None:
    def typed() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "doorbuster.cli", "verify", "--log-only", "--repair"]
        named = {"DATABASE_URL": database_url, "SEALS_FILE": str(tampered.seals.path), "MASTER_KEY": "00" * 32}
        return subprocess.run(command, env=os.environ | named, capture_output=True, text=True, check=False)

    wrong = "SELECT count(*) FROM customer_order WHERE country = 'FR'"
    for damage in (RECHAIN, "DELETE FROM event_log WHERE type = 'orders.order_confirmed.v1'"):
        taken = "UPDATE event_log SET metadata = '{}' WHERE type = 'orders.order_placed.v1'"
        async with tampered.by(taken, damage, "UPDATE customer_order SET country = 'FR'"):
            done = typed()
            assert (done.returncode, "restore it" in done.stderr) == (1, True), done.stdout
            assert await tampered.conn.fetchval(wrong) == 2
    async with tampered.by("UPDATE customer_order SET country = 'FR'"):
        done = typed()
        assert (done.returncode, "2 rows repaired" in done.stdout) == (0, True), done.stdout
        assert await tampered.conn.fetchval(wrong) == 0

"""`doorbuster trace`: one order's whole way, told from the log."""

import json

import pytest

from tests.integration.checkout.inbox import Inbox
from tests.integration.checkout.shop import MAIL, Shop
from tests.integration.checkout.test_mails import confirmed, react, send
from tests.integration.commands.test_operators import typed
from write_side.notifications.gateway import MailServer

WAY = [
    "carts.cart_opened", "carts.cart_line_changed", "orders.quote_issued",
    "inventory.stock_reserved", "orders.order_placed", "payments.payment_requested", "carts.cart_ordered",
    "payments.payment_intent_created",
    "inventory.stock_deducted", "payments.payment_authorized", "orders.order_confirmed",
    "payments.payment_captured", "notifications.mail_queued", "notifications.mail_sent",
]  # fmt: skip


async def test_an_orders_way_is_told_from_cart_to_mail_and_no_other_orders(
    shop: Shop, database_url: str, inbox: tuple[Inbox, MailServer]
) -> None:
    order = await confirmed(shop)
    other = await shop.order(lamp=1)
    await shop.work()
    await react(shop)
    await send(shop, inbox[1])
    done = typed(database_url, "trace", str(order.id), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [step["type"].rpartition(".")[0] for step in told["steps"]] == WAY
    assert (told["number"], told["published"]) == (order.number, False), "the relay did not run"
    positions = [step["position"] for step in told["steps"]]
    assert positions == sorted(positions)
    assert told["steps"][0]["ms"] == 0
    assert str(other.id) not in done.stdout


async def test_people_type_the_number_and_see_no_personal_data(shop: Shop, database_url: str) -> None:
    order = await confirmed(shop)
    done = typed(database_url, "trace", f" {order.number.lower()} ")
    assert done.returncode == 0, done.stderr
    assert f"order {order.number}  {order.id}" in done.stdout
    assert "sku=lamp quantity=2" in done.stdout
    assert MAIL not in done.stdout
    assert "Ada" not in done.stdout


async def test_read_models_that_have_it_are_told_from_those_that_lag_or_wait(shop: Shop, database_url: str) -> None:
    order = await confirmed(shop)
    rows = await shop.pool.fetch("SELECT DISTINCT shard FROM event_log")
    for model, position in (("order_status", 10_000), ("product_page", 0), ("orders", 10_000)):
        for row in rows:
            await _as_owner(database_url, model, row["shard"], position)
    await _as_owner(database_url, "orders", None, 1, key=f"order:{order.id}")
    told = json.loads(typed(database_url, "trace", order.number, "--json").stdout)
    states = {model["read_model"]: model["state"] for model in told["read_models"]}
    assert states["order_status"] == "applied"
    assert states["orders"] == "parked"
    shown = typed(database_url, "trace", order.number).stdout
    assert "orders:v1: PARKED" in shown
    assert "order_status:v1: applied, by " in shown


async def _as_owner(database_url: str, model: str, shard: int | None, position: int, key: str = "") -> None:
    """A line in the projector's books."""
    import asyncpg

    conn = await asyncpg.connect(database_url)
    if shard is not None:
        query = """INSERT INTO checkpoint (read_model, version, shard, position, sink_id)
                   VALUES ($1, 'v1', $2, $3, 'x')"""
        await conn.execute(query, model, shard, position)
    else:
        query = """INSERT INTO parked_key (read_model, version, partition_key, shard, position, event_type, error)
                   VALUES ($1, 'v1', $2, 0, $3, 'orders.odd.v1', 'UnknownEventType')"""
        await conn.execute(query, model, key, position)
    await conn.close()


@pytest.mark.parametrize("wanted", ["0198f0c0-0000-7000-8000-000000000000", "AAAA-BBBB", "nonsense'; --", ""])
def test_an_order_that_there_is_not_is_said_plainly(database_url: str, wanted: str) -> None:
    done = typed(database_url, "trace", wanted)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("there is no order")


def test_a_log_that_can_not_be_read_is_said_without_its_address() -> None:
    done = typed("postgresql://me:hunter2@127.0.0.1:9/nowhere", "trace", "AAAA-BBBB")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "the log can't be read: ConnectionRefusedError\n"

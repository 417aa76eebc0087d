"""What runs low is told to the warehouse's manager: once for each fall, by a real mail."""

from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from shared.events.inventory import ManagerTold
from shared.ids import uuid7
from tests.fixtures.reacting import react_to_all
from tests.fixtures.write_side import CAUSE, TEXTS, new_call
from tests.integration.checkout.inbox import Inbox
from tests.integration.inventory.test_stock import reserve, stocked
from write_side import imports, reactions
from write_side.database import Pool
from write_side.imports import StockOptions
from write_side.inventory import handlers
from write_side.inventory.alerts import domain, store
from write_side.inventory.alerts.handlers import tell_due
from write_side.inventory.alerts.reactions import reactions as stock_reactions
from write_side.inventory.domain import MoveStock, SetThreshold, UnknownStock
from write_side.inventory.warehouses.domain import NameManager, ReviseWarehouse, UnknownWarehouse
from write_side.notifications import Voice
from write_side.notifications.gateway import MailServer, NotSent

MANAGER = "stock-ber@shop.example"
Mailing = tuple[Inbox, MailServer]


async def managed(pool: Pool, mail: str | None = MANAGER) -> None:
    await handlers.name_manager(pool, "BER", NameManager(mail), CAUSE)


async def react(pool: Pool, workers: int = 1) -> None:
    """As if the relay had got to the end of the log."""
    await react_to_all(pool, *stock_reactions(), workers=workers)


async def tell(pool: Pool, server: MailServer) -> int:
    return await tell_due(pool, server, TEXTS, "Shop <shop@shop.example>")


async def alerts(pool: Pool) -> list[tuple[str, int, str]]:
    rows = await pool.fetch("SELECT sku, available, state FROM low_stock ORDER BY id")
    return [tuple(row) for row in rows]


async def test_each_fall_to_the_threshold_is_told_once(pool: Pool, inbox: Mailing) -> None:
    received, server = inbox
    await stocked(pool, "lamp", 8)  # low at 5
    await managed(pool)
    for quantity in (2, 1, 1):  # 6, 5: low, 4
        await reserve(pool, uuid7(), lamp=quantity)
    await react(pool, workers=3)
    assert await tell(pool, server) == 1
    await react(pool)
    assert await tell(pool, server) == 0
    [mail] = received.mails
    assert (mail["To"], mail["Subject"]) == (MANAGER, "BER: 1 SKU running low")
    assert "lamp: 5 left (low at 5)" in mail.get_content()

    await handlers.receive_stock(pool, MoveStock("lamp", "BER", 2, "delivery"), CAUSE, new_call())  # 6
    await handlers.adjust_stock(pool, MoveStock("lamp", "BER", -2, "broken"), CAUSE, new_call())  # 4
    await react(pool)
    assert await tell(pool, server) == 1
    assert await alerts(pool) == [("lamp", 5, "told"), ("lamp", 4, "told")]


async def test_who_raises_the_threshold_above_what_is_left_is_told_and_falls_go_by_the_new_one(
    pool: Pool, inbox: Mailing
) -> None:
    _, server = inbox
    await stocked(pool, "lamp", 8)
    await managed(pool)
    for low_at in (8, 8, 20, 2):
        await handlers.set_threshold(pool, SetThreshold("lamp", "BER", low_at), CAUSE, new_call())
    await reserve(pool, uuid7(), lamp=5)  # 3: not low any more
    await react(pool)
    assert await tell(pool, server) == 1
    await reserve(pool, uuid7(), lamp=1)
    await react(pool)
    assert await tell(pool, server) == 1
    assert [available for _, available, _ in await alerts(pool)] == [8, 2]
    assert await pool.fetchval("SELECT version FROM stock_item") == 1 + 3 + 2
    with pytest.raises(UnknownStock):
        await handlers.set_threshold(pool, SetThreshold("bulb", "BER", 1), CAUSE, new_call())


async def test_a_file_that_lowers_a_count_and_raises_its_threshold_tells_of_one_fall(
    pool: Pool, tmp_path: Path
) -> None:
    await stocked(pool, "lamp", 100)
    (path := tmp_path / "a.csv").write_text("sku,warehouse,on_hand,low_at\nlamp,BER,10,20\n")
    with imports.open_table(path) as table:
        await imports.import_stock(pool, table, StockOptions(b"a", "set", "list 7"), CAUSE)
    await react(pool)
    assert await alerts(pool) == [("lamp", 10, "noticed")]


async def test_a_warehouse_gets_another_name_and_place_in_line(pool: Pool) -> None:
    await stocked(pool, "lamp", 8)
    for _ in range(2):
        await handlers.revise_warehouse(pool, "BER", ReviseWarehouse("Berlin South", 3), CAUSE)
    assert [tuple(row) for row in await pool.fetch("SELECT name, priority, version FROM warehouse")] == [
        ("Berlin South", 3, 2)
    ]
    with pytest.raises(UnknownWarehouse):
        await handlers.revise_warehouse(pool, "HAM", ReviseWarehouse("Hamburg", 3), CAUSE)


async def test_what_runs_low_together_is_one_mail(pool: Pool, inbox: Mailing) -> None:
    """More of them than one transaction reacts to."""
    received, server = inbox
    skus = [f"sku-{n:02}" for n in range(reactions.BATCH + 3)]
    for sku in skus:
        await stocked(pool, sku, 6)
    await managed(pool)
    await reserve(pool, uuid7(), **dict.fromkeys(skus, 1))
    await react(pool)
    assert await tell(pool, server) == len(skus)
    [mail] = received.mails
    assert [sku in mail.get_content() for sku in skus] == [True] * len(skus)


async def test_a_mail_server_that_is_down_delays_and_one_that_refuses_ends_it(pool: Pool, inbox: Mailing) -> None:
    received, server = inbox
    await stocked(pool, "lamp", 6)
    await managed(pool)
    await reserve(pool, uuid7(), lamp=1)
    await react(pool)
    await tell(pool, MailServer("smtp://127.0.0.1:9"))
    assert await alerts(pool) == [("lamp", 5, "noticed")]
    assert await tell(pool, server) == 0, "it was put off"
    await pool.execute("UPDATE low_stock SET next_attempt_at = clock_timestamp() WHERE next_attempt_at IS NOT NULL")
    received.says = "550 nobody of that name"
    await tell(pool, server)
    assert await alerts(pool) == [("lamp", 5, "refused")]
    assert await tell(pool, server) == 0


async def test_two_workers_that_told_the_same_write_it_down_once(pool: Pool) -> None:
    """The first took longer than its claim held."""
    await stocked(pool, "lamp", 6)
    await managed(pool)
    await reserve(pool, uuid7(), lamp=1)
    await react(pool)
    for _ in range(2):
        async with pool.acquire() as conn, conn.transaction():
            await conn.execute("UPDATE low_stock SET next_attempt_at = clock_timestamp() WHERE version = 1")
            alert_id = await conn.fetchval("SELECT id FROM low_stock")
            await store.finish(conn, [ManagerTold(alert_id, "lamp", "BER")], CAUSE)
    assert await pool.fetchval("SELECT version FROM low_stock") == 2


async def test_where_nobody_is_to_be_told_the_log_tells_alone(pool: Pool, inbox: Mailing) -> None:
    """And who is named later gets no heap of old news."""
    _, server = inbox
    await stocked(pool, "lamp", 6)
    await reserve(pool, uuid7(), lamp=1)
    await react(pool)
    await managed(pool)
    assert await tell(pool, server) == 0
    await stocked(pool, "bulb", 6)
    await reserve(pool, uuid7(), bulb=1)
    await react(pool)
    await managed(pool, None)
    assert await tell(pool, server) == 0
    await managed(pool)
    assert await tell(pool, server) == 0
    assert await alerts(pool) == [("lamp", 5, "noticed"), ("bulb", 5, "noticed")]


async def test_what_could_not_be_told_is_not_due_again_once_there_is_no_manager(
    pool: Pool, inbox: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, server = inbox

    async def hand_over(*_: object) -> None:
        await managed(pool, None)  # while the mail is under way
        raise NotSent

    monkeypatch.setattr(server, "hand_over", hand_over)
    await stocked(pool, "lamp", 6)
    await managed(pool)
    await reserve(pool, uuid7(), lamp=1)
    await react(pool)
    assert await tell(pool, server) == 1
    assert await pool.fetchval("SELECT next_attempt_at FROM low_stock") is None


async def test_a_mail_that_fails_keeps_no_other_manager_waiting(
    pool: Pool, inbox: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    received, server = inbox
    write = domain.letter

    def letter(say: Voice, warehouse: str, *rest: Any) -> EmailMessage:
        if warehouse == "BER":
            raise ValueError("it can't be written")
        return write(say, warehouse, *rest)

    monkeypatch.setattr(domain, "letter", letter)
    for warehouse in ("BER", "HAM"):
        await stocked(pool, f"lamp-{warehouse}", 6, warehouse)
        await handlers.name_manager(pool, warehouse, NameManager(f"{warehouse}@shop.example"), CAUSE)
        await reserve(pool, uuid7(), **{f"lamp-{warehouse}": 1})
    await react(pool)
    assert await tell(pool, server) == 2
    assert [mail["To"] for mail in received.mails] == ["HAM@shop.example"]
    assert await alerts(pool) == [("lamp-BER", 5, "noticed"), ("lamp-HAM", 5, "told")]
    assert await tell(pool, server) == 0, "it was put off"


async def test_naming_the_same_manager_changes_nothing_and_an_unknown_warehouse_has_none(pool: Pool) -> None:
    await stocked(pool, "lamp", 6)
    await managed(pool)
    again = await handlers.name_manager(pool, "BER", NameManager(MANAGER), CAUSE)
    assert again.positions == {}
    with pytest.raises(UnknownWarehouse):
        await handlers.name_manager(pool, "ULM", NameManager(MANAGER), CAUSE)

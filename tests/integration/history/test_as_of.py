"""What anything was at a version, a position or a time, what happened to it, and what changed in between."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.integration.checkout.shop import MAIL, Shop
from tests.integration.history.conftest import Ask

Settle = Callable[[], Awaitable[int]]


async def sold_lamps(shop: Shop) -> Any:
    """Ten lamps at 10.00, three of which are ordered and paid for, when they cost 12.50."""
    await shop.stock("lamp", 10)
    await shop.price("lamp", 1250)
    order = await shop.order(lamp=3)
    await shop.pay(order)
    await shop.complete(order)
    return order


async def test_a_stock_item_is_shown_as_of_each_of_its_versions(shop: Shop, ask: Ask) -> None:
    await sold_lamps(shop)
    states = [(await ask("history/stock_item/lamp@BER", version=v))["state"] for v in (1, 2, 3)]
    assert [(s["on_hand"], s["reserved"], s["version"]) for s in states] == [(10, 0, 1), (10, 3, 2), (7, 0, 3)]


async def test_version_position_and_time_of_an_event_name_the_same_moment(
    shop: Shop, ask: Ask, settled: Settle
) -> None:
    order = await sold_lamps(shop)
    await settled()
    for path in (f"history/order/{order.number}", "history/stock_item/lamp@BER", "history/price/lamp"):
        for told in (await ask(f"{path}/events"))["events"]:
            event = told["event"]
            by_version = await ask(path, version=event["version"])
            assert by_version["by"] == event
            assert await ask(path, position=event["position"]) == by_version
            assert await ask(path, at=event["at"]) == by_version


async def test_just_before_an_event_it_had_not_happened(shop: Shop, ask: Ask, settled: Settle) -> None:
    await sold_lamps(shop)
    await settled()
    second = (await ask("history/price/lamp/events"))["events"][1]["event"]
    before = datetime.fromisoformat(second["at"]) - timedelta(microseconds=1)
    for moment in ({"position": second["position"] - 1}, {"at": before.isoformat().replace("+00:00", "Z")}):
        assert (await ask("history/price/lamp", **moment))["state"]["prices"] == {"EUR": 1000}


async def test_every_kind_is_found_by_id_and_by_the_name_people_use(shop: Shop, ask: Ask) -> None:
    order = await sold_lamps(shop)
    product = (await ask("history/product/lamp", version=1))["state"]
    names = {
        "order": [order.number, order.number.lower(), order.id],
        "payment": [order.payment.id],
        "stock_item": ["lamp@BER"],
        "price": ["lamp", product["facts"]["variants"][0]["variant_id"]],
        "product": ["lamp", product["id"]],
    }
    for kind, called in names.items():
        first, *others = [await ask(f"history/{kind}/{name}", version=1) for name in called]
        assert all(other == first for other in others)
        assert first["state"]["id"] == first["id"]


NO_MOMENTS: list[tuple[dict[str, Any], str]] = [
    ({}, "one_point_needed"),
    ({"version": 1, "position": 1}, "one_point_needed"),
    ({"at": "yesterday"}, "broken_time"),
    ({"at": "2026-11-24T09:30:00"}, "broken_time"),
    ({"at": "0001-01-01T00:00:00+23:59"}, "broken_time"),
]


async def test_a_moment_is_named_by_exactly_one_thing_that_can_be_read(ask: Ask, shop: Shop) -> None:
    await shop.stock("lamp", 10)
    for parameters, code in NO_MOMENTS:
        assert (await ask("history/price/lamp", 422, **parameters))["code"] == code


async def test_what_did_not_exist_yet_is_told_apart_from_what_never_did(shop: Shop, ask: Ask, settled: Settle) -> None:
    await shop.stock("lamp", 10)
    first = (await ask("history/price/lamp/events"))["events"][0]["event"]
    await settled()
    for moment in ({"version": 2}, {"position": first["position"] - 1}, {"at": "2020-02-29T00:00:00Z"}):
        told = await ask("history/price/lamp", 404, **moment)
        assert (told["code"], told["first_position"]) == ("not_there_yet", first["position"])
    for path in ("history/price/chair", f"history/order/{first['event_id']}", "history/lamp/lamp"):
        assert (await ask(path, 404, version=1))["code"] == "unknown_history"


async def test_nothing_is_said_of_what_the_log_may_still_fill(shop: Shop, ask: Ask, settled: Settle) -> None:
    await shop.stock("lamp", 10)
    safe = await settled()
    assert (await ask("history/price/lamp", 409, position=safe + 1))["safe_position"] == safe
    soon = datetime.now(UTC) + timedelta(seconds=60)
    assert (await ask("history/price/lamp", 409, at=soon.strftime("%Y-%m-%dT%H:%M:%SZ")))["code"] == "not_reached_yet"


async def test_personal_data_is_masked_in_states_and_in_payloads(
    shop: Shop, ask: Ask, api: httpx.AsyncClient
) -> None:
    order = await sold_lamps(shop)
    state = (await ask(f"history/order/{order.id}", version=1))["state"]
    assert (state["mail"], state["address"]) == ("(sealed)", "(sealed)")
    shown = [f"/v1/history/order/{order.id}/events", f"/v1/history/quote/{state['quote_id']}/events"]
    shown.append(f"/v1/history/order/{order.id}/changes?from_version=0&to_version=1")
    for path in shown:
        text = (await api.get(path)).text
        assert "(sealed)" in text
        assert "s1." not in text
        assert MAIL not in text


async def test_events_come_page_by_page_from_either_end(shop: Shop, ask: Ask) -> None:
    await shop.stock("lamp", 10)
    for amount in (1100, 1200, 1300, 1400):
        await shop.price("lamp", amount)
    for order, expected in (("oldest", [1, 2, 3, 4, 5]), ("newest", [5, 4, 3, 2, 1])):
        seen, page, cursors = [], await ask("history/price/lamp/events", order=order, limit=2), 0
        while True:
            seen += [told["event"]["version"] for told in page["events"]]
            if page["next"] is None:
                break
            cursors += 1
            page = await ask("history/price/lamp/events", order=order, limit=2, cursor=page["next"])
        assert (seen, cursors) == (expected, 2)
    told = (await ask("history/price/lamp/events", limit=1))["events"][0]
    assert (told["payload"]["amount_minor"], told["event"]["actor"]) == (1000, "test")
    assert (await ask("history/price/lamp/events", 400, cursor="bm9uc2Vuc2U"))["code"] == "broken_cursor"


async def test_changes_name_each_place_and_the_last_event_that_touched_it(shop: Shop, ask: Ask) -> None:
    await sold_lamps(shop)
    told = await ask("history/stock_item/lamp@BER/changes", from_version=2, to_version=3)
    found = {change["path"]: (change["before"], change["after"], change["by"]["type"]) for change in told["changes"]}
    deducted = "inventory.stock_deducted.v1"
    assert found == {"/on_hand": (10, 7, deducted), "/reserved": (3, 0, deducted)}
    told = await ask("history/stock_item/lamp@BER/changes", from_version=1, to_version=2)
    assert [(change["path"], change["by"]["version"]) for change in told["changes"]] == [("/reserved", 2)]
    told = await ask("history/stock_item/lamp@BER/changes", from_version=0, to_version=3)
    assert {change["path"]: change["by"]["version"] for change in told["changes"]} == {
        "/id": 1, "/sku": 1, "/warehouse": 1, "/product_id": 1, "/low_at": 1, "/on_hand": 3, "/reserved": 3,
    }  # fmt: skip


async def test_changes_come_page_by_page_and_each_place_once(shop: Shop, ask: Ask) -> None:
    await sold_lamps(shop)
    between = {"from_version": 0, "to_version": 3}
    whole = await ask("history/stock_item/lamp@BER/changes", **between)
    assert whole["next"] is None
    seen: list[object] = []
    cursor: dict[str, str] = {}
    for size in (3, 3, 1):
        page = await ask("history/stock_item/lamp@BER/changes", limit=3, **between, **cursor)
        assert len(page["changes"]) == size
        seen, cursor = seen + page["changes"], {"cursor": page["next"]}
    assert (seen, page["next"]) == (whole["changes"], None)
    versions = (await ask("history/stock_item/lamp@BER/events", limit=1))["next"]
    refused = await ask("history/stock_item/lamp@BER/changes", 400, cursor=versions, **between)
    assert refused["code"] == "broken_cursor", "a cursor of versions is none of places"
    await ask("history/stock_item/lamp@BER/changes", 400, limit=501, **between)


async def test_what_went_and_came_back_did_not_change(shop: Shop, ask: Ask) -> None:
    await shop.stock("lamp", 10)
    await shop.price("lamp", 1100)
    await shop.price("lamp", 1000)
    assert (await ask("history/price/lamp/changes", from_version=1, to_version=3))["changes"] == []
    assert (await ask("history/price/lamp/changes", 422, from_version=3, to_version=2))["code"] == "points_reversed"
    assert (await ask("history/price/lamp/changes", 422, to_version=2))["code"] == "one_point_needed"


async def test_the_whole_system_at_a_time_is_what_lay_below_the_position_safe_then(
    shop: Shop, ask: Ask, settled: Settle
) -> None:
    await shop.stock("lamp", 10)
    then = await settled()
    await shop.pool.execute("INSERT INTO position_timeline VALUES (clock_timestamp(), $1)", then)
    between = await shop.pool.fetchval("SELECT clock_timestamp()")
    await shop.price("lamp", 1250)
    await shop.pool.execute("INSERT INTO position_timeline VALUES (clock_timestamp(), $1)", await settled())
    point = await ask("positions", at=between.isoformat().replace("+00:00", "Z"))
    assert point["position"] == then
    assert (await ask("history/price/lamp", position=point["position"]))["state"]["prices"] == {"EUR": 1000}
    assert (await ask("positions", 404, at="2020-02-29T00:00:00Z"))["code"] == "not_there_yet"

"""Who did what, from the log."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from shared.events.erasure import PersonExported
from shared.shards import person_key
from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.patience import until_waiting
from tests.integration.checkout.shop import MAIL, Shop
from tests.integration.history.conftest import Ask
from tests.integration.history.test_as_of import sold_lamps
from write_side import access, erasure, event_log
from write_side.event_log import NewEvent
from write_side.history import audit

Settle = Callable[[], Awaitable[int]]


async def all_of(ask: Ask, **asked: Any) -> list[Any]:
    """The deeds of all pages."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = await ask("audit", **asked, **cursor)
        found += page["deeds"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_each_event_of_the_log_stands_there_once_the_newest_first(
    shop: Shop, ask: Ask, settled: Settle
) -> None:
    await sold_lamps(shop)
    await settled()
    rows = await shop.pool.fetch("SELECT event_id FROM event_log ORDER BY position DESC")
    for limit in (1, 3, 100):
        assert [deed["event"]["event_id"] for deed in await all_of(ask, limit=limit)] == [
            str(row["event_id"]) for row in rows
        ]


async def test_an_actor_is_told_with_its_own_deeds_and_with_nobody_elses(
    shop: Shop, ask: Ask, settled: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "SCAN", 2)  # most looks find nothing
    await sold_lamps(shop)
    await settled()
    everything = await all_of(ask)
    actors = {deed["event"]["actor"] for deed in everything}
    assert len(actors) > 1
    for actor in actors:
        own = [deed for deed in everything if deed["event"]["actor"] == actor]
        assert await all_of(ask, actor=actor, limit=2) == own
        begun = actor[:-1]
        assert await all_of(ask, actor=begun) == []
        assert [deed for deed in await all_of(ask, actor=f"{begun}*") if deed["event"]["actor"] == actor] == own


async def test_a_token_is_told_by_its_name_and_what_it_did_by_type(
    shop: Shop, ask: Ask, api: Any, settled: Settle
) -> None:
    answer = await access.issue_token(shop.pool, "Ada", ["access:write", "history:read"], None, CAUSE)
    ada = msgspec.json.decode(answer.body)
    bearer = {"Authorization": f"Bearer {ada['token']}"}
    made = await api.post("/v1/tokens", headers=bearer, json={"name": "robot", "scopes": ["history:read"]})
    await api.delete(f"/v1/tokens/{made.json()['id']}", headers=bearer)
    await settled()
    deeds = await all_of(ask, actor=f"token:{ada['id']}")
    assert [deed["event"]["type"] for deed in deeds] == ["access.token_revoked.v1", "access.token_issued.v1"]
    assert {(deed["about"], deed["actor_name"]) for deed in deeds} == {(f"access_token/{made.json()['id']}", "Ada")}
    assert await all_of(ask, actor="token:*", types="access.token_revoked.v1") == deeds[:1]


async def test_who_was_given_a_persons_data_is_told_and_nothing_of_the_person(
    shop: Shop, ask: Ask, api: Any, settled: Settle
) -> None:
    await sold_lamps(shop)
    person_id = str(await shop.keyring.find(MAIL))
    given = msgspec.json.decode((await access.issue_token(shop.pool, "Bob", ["persons:read"], None, CAUSE)).body)
    bearer = {"Authorization": f"Bearer {given['token']}"}
    for who, status in (({"mail": MAIL}, 200), ({"person_id": person_id}, 200), ({"mail": "no@example.org"}, 404)):
        assert (await api.post("/v1/exports", headers=bearer, json=who)).status_code == status
    await settled()
    deeds = await all_of(ask, actor=f"token:{given['id']}")
    assert [(deed["event"]["type"], deed["event"]["version"]) for deed in deeds] == [
        ("erasure.person_exported.v1", 2), ("erasure.person_exported.v1", 1)
    ]  # fmt: skip
    assert {(deed["about"], deed["actor_name"]) for deed in deeds} == {(f"person/{person_id}", "Bob")}
    told = await shop.pool.fetch("SELECT payload FROM event_log WHERE aggregate_type = 'person'")
    assert {tuple(msgspec.json.decode(row["payload"])) for row in told} == {("type", "person_id")}


async def test_who_was_given_the_catalog_is_told(shop: Shop, ask: Ask, api: Any, settled: Settle) -> None:
    await sold_lamps(shop)
    given = msgspec.json.decode((await access.issue_token(shop.pool, "Eve", ["catalog:write"], None, CAUSE)).body)
    for bearer, status in ((given["token"], 200), (given["token"], 200), ("nobody's", 401)):
        answer = await api.get("/v1/exports/catalog", headers={"Authorization": f"Bearer {bearer}"})
        assert answer.status_code == status
    await settled()
    deeds = await all_of(ask, actor=f"token:{given['id']}")
    assert [deed["event"]["type"] for deed in deeds] == ["imports.catalog_exported.v1"] * 2
    assert len({deed["about"] for deed in deeds}) == 2, "each time is one of its own"


async def test_who_is_given_it_while_somebody_else_is_stands_behind_them(
    shop: Shop, ask: Ask, settled: Settle
) -> None:
    await sold_lamps(shop)
    person_id = await shop.keyring.find(MAIL)
    assert person_id is not None
    async with shop.pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        first = NewEvent("person", person_id, 1, person_key(person_id), PersonExported(person_id))
        await event_log.append(conn, [first], CAUSE)
        second = asyncio.ensure_future(erasure.hand_out(shop.pool, shop.keyring, person_id, CAUSE))
        await until_waiting(conn, 1, [second])
    assert (await second).person_id == person_id
    await settled()
    assert [deed["event"]["version"] for deed in await all_of(ask, types="erasure.person_exported.v1")] == [2, 1]


async def test_a_time_bounds_what_is_told_and_nonsense_is_refused(shop: Shop, ask: Ask, settled: Settle) -> None:
    await sold_lamps(shop)
    await settled()
    everything = await all_of(ask)
    middle = everything[len(everything) // 2]["event"]["at"]
    younger = await all_of(ask, since=middle)
    older = await all_of(ask, until=middle)
    assert younger + older == everything
    assert min(len(younger), len(older)) > 0
    refused = await ask("audit", 422, since="yesterday")
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("broken_time", "?since")
    assert (await ask("audit", 400, cursor="x"))["code"] == "broken_cursor"
    assert (await ask("audit", 422, types="no.such"))["code"] == "unknown_event_type"
    assert (await ask("audit", 400, actor="to*ken"))["code"] == "invalid_input"

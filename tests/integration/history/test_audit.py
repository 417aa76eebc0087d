"""Who did what, from the log."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import Shop
from tests.integration.history.conftest import Ask
from tests.integration.history.test_as_of import sold_lamps
from write_side import access
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

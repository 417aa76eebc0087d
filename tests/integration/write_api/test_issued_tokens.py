"""What a token has issued: listed, and ended with it if that is asked for; nothing is issued by what has ended."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.patience import until_waiting
from write_side import access
from write_side.access import Caller, handlers, store
from write_side.access.domain import IssuerEnded
from write_side.access.handlers import IssuedToken, TokenState
from write_side.database import Connection, Pool

SCOPES = ["access:write", "access:read", "orders:read"]
_issued = msgspec.json.Decoder(IssuedToken)


async def issued(
    pool: Pool, name: str, issuer: Caller | None = None, expires_at: datetime | None = None
) -> IssuedToken:
    return _issued.decode((await access.issue_token(pool, name, SCOPES, expires_at, CAUSE, issuer=issuer)).body)


async def caller(pool: Pool, token: IssuedToken) -> Caller:
    found = await access.authenticate(pool, f"Bearer {token.token}")
    assert found is not None
    return found


async def family(pool: Pool) -> dict[str, IssuedToken]:
    """ada issued bob, who issued cid; and nobody dan."""
    made = {"ada": await issued(pool, "ada")}
    made["bob"] = await issued(pool, "bob", await caller(pool, made["ada"]))
    made["cid"] = await issued(pool, "cid", await caller(pool, made["bob"]))
    return made | {"dan": await issued(pool, "dan")}


async def open_still(pool: Pool) -> set[str]:
    return {row["name"] for row in await pool.fetch("SELECT name FROM access_token WHERE NOT revoked")}


async def ended_with(pool: Pool, token: IssuedToken) -> int:
    answer = await access.revoke_token(pool, token.id, "left", CAUSE, with_issued=True)
    return msgspec.json.decode(answer.body, type=TokenState).issued


async def test_what_a_token_issued_stays_unless_it_is_asked_to_end_too(pool: Pool) -> None:
    made = await family(pool)
    await access.revoke_token(pool, made["ada"].id, "left", CAUSE)
    assert await open_still(pool) == {"bob", "cid", "dan"}
    assert await ended_with(pool, made["ada"]) == 2, "what was ended before is looked behind all the same"
    assert await open_still(pool) == {"dan"}
    assert await ended_with(pool, made["ada"]) == 0, "a repeat changes nothing"
    events = await pool.fetch(
        "SELECT convert_from(payload, 'UTF8')::jsonb ->> 'reason' AS reason FROM event_log "
        "WHERE type = 'access.token_revoked.v1' ORDER BY position"
    )
    assert [event["reason"] for event in events] == ["left", *[f"left; issued by way of {made['ada'].id}"] * 2]


async def test_however_many_they_are_they_end_some_at_a_time(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "AT_ONCE", 2)
    made = await family(pool)
    for n in range(4):
        await issued(pool, f"{n}", await caller(pool, made["cid"]))
    assert await ended_with(pool, made["ada"]) == 6
    assert await open_still(pool) == {"dan"}


async def test_what_was_revoked_or_expired_after_it_was_let_in_issues_nothing(pool: Pool) -> None:
    made, past = await family(pool), datetime.now(UTC) - timedelta(seconds=1)
    ada = await caller(pool, made["ada"])
    await access.revoke_token(pool, made["ada"].id, "left", CAUSE)
    expired = await issued(pool, "expired", expires_at=past)
    for ended in (ada, Caller(expired.id, f"token:{expired.id}", frozenset(SCOPES))):
        with pytest.raises(IssuerEnded):
            await issued(pool, "late", ended)
    assert "late" not in await open_still(pool)


async def test_who_issues_while_they_are_being_revoked_has_issued_nothing(pool: Pool) -> None:
    made = await family(pool)
    ada = await caller(pool, made["ada"])
    revoking = access.revoke_token(pool, made["ada"].id, "left", CAUSE)
    revoked, late = await one_behind_another(pool, revoking, issued(pool, "late", ada))
    assert isinstance(late, IssuerEnded), revoked
    assert "late" not in await open_still(pool)


async def test_what_is_being_issued_while_its_issuer_is_revoked_ends_with_it(pool: Pool) -> None:
    made = await family(pool)
    bob = await caller(pool, made["bob"])
    ending = ended_with(pool, made["ada"])
    late, ended = await one_behind_another(pool, issued(pool, "late", bob), ending)
    assert (late.name, ended) == ("late", 3)
    assert await open_still(pool) == {"dan"}


async def one_behind_another(
    pool: Pool, first: Coroutine[Any, Any, Any], second: Coroutine[Any, Any, Any]
) -> list[Any]:
    """What becomes of two calls of which the first has read what it decides from, and can't write yet, when the second
    comes."""
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE access_token IN SHARE MODE")  # reading and holding rows go on
        calls = [asyncio.ensure_future(first)]
        await until_waiting(pool, 1, calls)
        calls.append(asyncio.ensure_future(second))
        await until_waiting(pool, 2, calls)
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_over_http_it_is_asked_for_and_told(api: httpx.AsyncClient, pool: Pool) -> None:
    made = await family(pool)
    headers = {"Authorization": f"Bearer {made['dan'].token}"}
    listed = (await api.get("/v1/tokens", headers=headers)).json()["tokens"]
    assert {each["name"]: each["issued_by"] for each in listed} == {
        "ada": None, "bob": str(made["ada"].id), "cid": str(made["bob"].id), "dan": None,
    }  # fmt: skip
    bob = f"/v1/tokens/{made['bob'].id}"
    assert (await api.delete(bob, headers=headers)).json() == {"id": str(made["bob"].id), "revoked": True, "issued": 0}
    told = await api.delete(f"{bob}?with_issued=true", headers=headers)
    assert told.json() == {"id": str(made["bob"].id), "revoked": True, "issued": 1}
    assert "Position" in told.headers
    assert await open_still(pool) == {"ada", "dan"}


async def test_who_was_revoked_behind_the_guard_hears_what_everybody_revoked_hears(
    api: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await issued(pool, "ada")
    share = store.share_token

    async def revoked_meanwhile(conn: Connection, token_id: Any) -> Any:
        await access.revoke_token(pool, ada.id, "left", CAUSE)
        return await share(conn, token_id)

    monkeypatch.setattr(store, "share_token", revoked_meanwhile)
    headers = {"Authorization": f"Bearer {ada.token}"}
    answer = await api.post("/v1/tokens", headers=headers, json={"name": "late", "scopes": ["orders:read"]})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"

"""OWASP API2: tokens that are broken in every way are nobody; secrets are compared in constant time and kept hashed."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec

from tests.fixtures.write_side import CAUSE
from tests.integration.checkout.shop import MAIL, Shop
from tests.integration.checkout.test_over_http import Guest
from tests.integration.read_side.shelves import Shelves
from tests.integration.write_api.conftest import Issue
from write_side import access

ROOT = Path(__file__).parents[2]


def broken(token: str) -> Iterator[str]:
    """What is almost this token."""
    id_, _, secret = token.removeprefix("db_").partition("_")
    yield from ("", "db_", token[:-1], token + "A", token.upper(), token.removeprefix("db_"), f"db_{id_}", f"db_{id_}_")
    yield from (f"db_{id_}_{secret[::-1]}", f"db_{'0' * 32}_{secret}", f"xx_{id_}_{secret}", f"db_{id_} {secret}")
    yield from (f"{token} {token}", f"{token},{token}", f'"{token}"', f"db_{id_}_{secret}\u00e9", "A" * 20_000)


async def test_what_is_almost_a_token_is_nobody_and_hears_the_same(
    api: httpx.AsyncClient, query: httpx.AsyncClient, staff: Issue, shelves: Shelves
) -> None:
    writer, reader = await staff("stock:write"), await shelves.put_token(["stock:read"])
    for client, method, path, headers in (
        (api, "POST", "/v1/warehouses", writer),
        (query, "GET", "/v1/staff/stock/lamp", reader),
    ):
        header = headers["Authorization"]
        token = header.removeprefix("Bearer ")
        assert (await client.request(method, path, headers={"Authorization": header})).status_code not in (401, 403)
        schemes = [f"Basic {token}", f"Bearer\t{token}", f"Token {token}", token, "Bearer"]
        told = set()
        for tried in [*(f"Bearer {made_up}" for made_up in broken(token)), *schemes]:
            answer = await client.request(method, path, headers={b"Authorization": tried.encode()})
            told.add((answer.status_code, answer.json()["code"], answer.json()["detail"]))
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert len(told) == 1
        assert told.pop()[:2] == (401, "unauthorized")


async def test_expired_and_revoked_tokens_are_nobody_on_both_apis(
    api: httpx.AsyncClient, query: httpx.AsyncClient, shop: Shop, shelves: Shelves
) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    for scopes, revoke in ((["stock:write"], False), (["stock:write"], True)):
        made = await access.issue_token(shop.pool, "n", scopes, None if revoke else past, CAUSE)
        issued = msgspec.json.decode(made.body)
        if revoke:
            await access.revoke_token(shop.pool, issued["id"], "lost", CAUSE)
        headers = {"Authorization": f"Bearer {issued['token']}"}
        assert (await api.post("/v1/warehouses", headers=headers)).status_code == 401
    for headers in (
        await shelves.put_token(["stock:read"], expires_at=past),
        await shelves.put_token(["stock:read"], revoked=True),
    ):
        assert (await query.get("/v1/staff/stock/lamp", headers=headers)).status_code == 401


SECRET_WORDS = ("secret", "signature", "sha256", "token", "hmac", "digest")


def unsafe_comparisons(source: str) -> list[str]:
    """`==` between things named like secrets: its time tells how much of a guess was right."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            names = [part for side in (node.left, *node.comparators) for part in _names(side)]
            if any(word in name for name in names for word in SECRET_WORDS):
                found.append(ast.unparse(node))
    return found


def _names(node: ast.expr) -> list[str]:
    inner = [part for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)]
    return [part.id.lower() if isinstance(part, ast.Name) else part.attr.lower() for part in inner]


def test_secrets_are_compared_in_constant_time() -> None:
    assert unsafe_comparisons("if given == kept.secret_sha256: pass")
    sides = ("write_side", "read_side", "shared", "projector")
    files = [path for side in sides for path in (ROOT / side).rglob("*.py")]
    unsafe = {str(path.relative_to(ROOT)): unsafe_comparisons(path.read_text()) for path in files}
    assert {path: found for path, found in unsafe.items() if found} == {}


async def test_no_secret_and_no_address_is_kept_in_the_clear_anywhere_in_postgres(
    api: httpx.AsyncClient, staff: Issue, shop: Shop
) -> None:
    headers = await staff("access:write", "stock:read")
    made = await api.post("/v1/tokens", headers=headers, json={"name": "n", "scopes": ["stock:read"]})
    guest = Guest(api, (await api.post("/v1/carts", json={"currency": "EUR"})).json())
    await guest.post(f"/v1/carts/{guest.id}/lines", {"sku": "lamp", "quantity": 1})
    order = await guest.ordered()
    session = await api.post(
        f"/v1/payments/{order['payment']['id']}/session", headers={"Order-Token": order["order_token"]}
    )
    secrets = {
        "bearer": made.json()["token"].split("_", 2)[2],
        "caller": headers["Authorization"].split("_", 2)[2],
        "cart": guest.secret["Cart-Secret"],
        "order": order["order_token"].partition(".")[2],
        "client": session.json()["client_secret"],
        "mail": MAIL,
        "name": "Ada Lovelace",
        "street": "Analytical Road",
    }
    kept = await everything_in(shop)
    assert "carts.cart_opened.v1" in kept
    assert [name for name, secret in secrets.items() if secret in kept] == []


async def everything_in(shop: Shop) -> str:
    """All rows of all tables as text, bytes among them decoded."""
    tables = await shop.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    texts = []
    for table in tables:
        allowed = await shop.pool.fetchval("SELECT has_table_privilege($1, 'SELECT')", table["tablename"])
        if allowed:
            for row in await shop.pool.fetch(f'SELECT * FROM "{table["tablename"]}"'):
                texts += [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in row.values()]
    return "\n".join(texts)

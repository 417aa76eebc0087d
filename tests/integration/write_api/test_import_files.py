"""Files over HTTP on real Postgres: sent, imported by whoever claims them, told of, and fetched."""

import csv
import gzip
import io
import json
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from tests.integration.write_api.conftest import Issue
from tests.integration.write_api.import_files import COLUMNS, MOST, OWN, Json, left, prices, sent, shown, skus, table
from write_side import catalog
from write_side.database import Pool
from write_side.imports import pace
from write_side.imports.runs.carrying import carry_on as carry_on_runs
from write_side.imports.uploads import carrying, handlers, steps, store
from write_side.imports.uploads.carrying import carry_on


@pytest.mark.parametrize("packed", [False, True])
async def test_a_file_that_is_sent_goes_in_and_tells_what_did_not(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, packed: bool
) -> None:
    headers = await staff("catalog:write")
    content = gzip.compress(table(5)) if packed else table(5)
    run = await sent(api, headers, content, file="spring.csv", currency="CHF")
    assert (run["kind"], run["state"], run["file"], run["dry_run"]) == ("catalog", "running", "spring.csv", False)
    assert run["actor"].startswith("token:")
    assert await skus(pool) == {}
    assert await carry_on(pool, MOST)
    assert not await carry_on(pool, MOST)
    now = await shown(api, headers, run)
    counts = {"created": 4, "rejected": 1}
    assert (now["state"], now["counts"], now["rows_done"], now["why"]) == ("finished", counts, 5, "")
    assert set(await skus(pool)) == {"L0", "L2", "L3", "L4"}
    assert (await prices(pool))["L0"] == {"CHF": 1999}
    rejects = await api.get(f"/v1/imports/{run['id']}/rejects", headers=headers)
    [head, row] = csv.reader(io.StringIO(rejects.text))
    assert head == ["line", "code", "reason", *COLUMNS]
    assert (row[:2], row[3]) == (["3", "broken_price"], "L1")
    assert await left(pool) == (0, 0)
    undoing = await api.post(f"/v1/imports/{run['id']}/undo", headers=await staff("catalog:write"), json={})
    assert undoing.status_code == 202


async def test_only_who_may_opens_stock_with_a_file(api: httpx.AsyncClient, staff: Issue, pool: Pool) -> None:
    catalog_only, both = ["catalog:write"], ["catalog:write", "stock:write"]
    refused = await api.post("/v1/imports", headers=await staff(*catalog_only), content=table(3), params={"stock": 5})
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    own = '{"columns": {"Art": "sku", "Name": "name", "Left": "stock"}}'
    await sent(api, await staff(*catalog_only), b"Art,Name,Left\nA,Lamp,7\n", mapping=own)
    await sent(api, await staff(*both), b"Art,Name,Left\nB,Lamp,7\n", mapping=own)
    await sent(api, await staff(*both), table(1), stock=5)
    while await carry_on(pool, MOST):
        pass
    assert set(await skus(pool)) == {"A", "B", "L0"}
    rows = await pool.fetch("SELECT sku, on_hand FROM stock_item ORDER BY sku")
    assert [tuple(row) for row in rows] == [("B", 7), ("L0", 5)]


async def test_a_column_of_stock_is_no_attribute_of_who_may_not_open_any(
    api: httpx.AsyncClient, staff: Issue, pool: Pool
) -> None:
    rest = {"columns": {"sku": "sku", "name": "name", "left": "stock"}, "others": "attribute"}
    files: list[tuple[bytes, dict[str, str]]] = [
        (b"sku,name,qty,color\nM1,Mug,100,red\n", {"format": "magento-simple"}),
        (b"sku,name,left,color\nM2,Mug,100,red\n", {"mapping": json.dumps(rest)}),
    ]
    for content, asked in files:
        await sent(api, await staff("catalog:write"), content, **asked)
    while await carry_on(pool, MOST):
        pass
    async with pool.acquire() as conn:
        found = {each.facts.variants[0].sku: each.facts.attributes for each in await catalog.all_products(conn)}
    assert found == {"M1": {"color": "red"}, "M2": {"color": "red"}}
    assert await pool.fetchval("SELECT count(*) FROM stock_item") == 0


async def test_however_small_the_pieces_are_in_which_it_comes_the_file_is_whole(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "PIECE", 100)
    content = table(40)

    async def dribbled() -> AsyncIterator[bytes]:
        for at in range(0, len(content), 7):
            yield content[at : at + 7]

    await sent(api, await staff("catalog:write"), dribbled())
    upload = await pool.fetchval("SELECT id FROM import_upload")
    pieces = [piece async for piece in store.pieces(pool, upload)]
    assert b"".join(pieces) == content
    assert {len(piece) for piece in pieces[:-1]} == {100}
    assert await carry_on(pool, MOST)
    assert len(await skus(pool)) == 39


async def test_the_mapping_and_the_encoding_go_along(api: httpx.AsyncClient, staff: Issue, pool: Pool) -> None:
    content = "Art;Name;Preis\nB1;Bügel;19,90\n".encode("windows-1252")
    await sent(api, await staff("catalog:write"), content, mapping=OWN + '"encoding": "windows-1252"}')
    assert await carry_on(pool, MOST)
    assert await prices(pool) == {"B1": {"EUR": 1990}}


async def test_what_can_not_be_kept_of_a_file_s_columns_stops_its_run_and_not_the_worker(
    api: httpx.AsyncClient, staff: Issue, pool: Pool
) -> None:
    headers = await staff("catalog:write")
    run = await sent(api, headers, b"Art\0,Name\nB1,Lamp\n")
    many = await sent(api, await staff("catalog:write"), ",".join(f"c{n}" for n in range(5000)).encode())
    assert await carry_on(pool, MOST)
    assert await carry_on(pool, MOST)
    stopped = await shown(api, headers, run)
    assert (stopped["state"], stopped["why"].rpartition(" (")[2]) == ("stopped", "Art�, Name)")
    assert len((await shown(api, headers, many))["why"]) == carrying.LONGEST_WHY


async def test_a_mended_file_waits_until_the_first_one_is_taken_back(
    api: httpx.AsyncClient, staff: Issue, pool: Pool
) -> None:
    """Sent right behind the undoing it found its products as they should be, and they were archived a moment later."""
    headers = await staff("catalog:write")
    wrong = await sent(api, headers, table(4, product_name="Wrong"))
    assert await carry_on(pool, MOST)
    asked = await staff("catalog:write")
    undoing = (await api.post(f"/v1/imports/{wrong['id']}/undo", headers=asked, json={})).json()
    mended = await sent(api, await staff("catalog:write"), table(4, product_name="Wrong", brand="Lumeno"))
    assert not await carry_on(pool, MOST)
    assert (await shown(api, headers, mended))["state"] == "running"
    while (await shown(api, headers, undoing))["state"] == "running":
        await carry_on_runs(pool, pace.Pace())
    assert await carry_on(pool, MOST)
    assert (await shown(api, headers, mended))["counts"] == {"revised": 3, "rejected": 1}
    assert set((await skus(pool)).values()) == {"active"}


async def test_a_dry_run_tells_of_each_row_and_writes_nothing(
    api: httpx.AsyncClient, staff: Issue, pool: Pool
) -> None:
    headers = await staff("catalog:write")
    events = await pool.fetchval("SELECT count(*) FROM event_log")
    run = await sent(api, headers, table(5), dry_run=True)
    assert await carry_on(pool, MOST)
    now = await shown(api, headers, run)
    assert (now["state"], now["dry_run"], now["counts"]) == ("finished", True, {"created": 4, "rejected": 1})
    assert "broken_price" in (await api.get(f"/v1/imports/{run['id']}/rejects", headers=headers)).text
    assert (await skus(pool), await pool.fetchval("SELECT count(*) FROM event_log")) == ({}, events)


async def test_the_same_file_sent_twice_is_one_run_and_a_key_means_one_file(
    api: httpx.AsyncClient, staff: Issue, pool: Pool
) -> None:
    headers = await staff("catalog:write", key="spring")
    without = {"Authorization": headers["Authorization"]}
    first = await api.post("/v1/imports", headers=headers, content=table(3))
    again = await api.post("/v1/imports", headers=headers, content=table(3))
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert (await sent(api, without, table(3)))["id"] == first.json()["id"]
    other = await api.post("/v1/imports", headers=headers, content=table(4))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    otherwise = await api.post("/v1/imports", headers=headers, content=table(3), params={"currency": "CHF"})
    assert (otherwise.status_code, otherwise.json()["code"]) == (422, "idempotency_key_reused")
    assert await left(pool) == (1, 1)
    assert await carry_on(pool, MOST)
    assert not await carry_on(pool, MOST)


@pytest.mark.parametrize(
    ("content", "asked", "why"),
    [
        (b"a,b\n1,2\n", {}, "unreadable_file: no column is the sku or the name"),
        (b"\x1f\x8bnonsense", {}, "unreadable_file"),
        (gzip.compress(table(5) + b"x" * 20_000), {}, "unreadable_file: unpacked, it is larger"),
        (b"slug,sku,name,price:XXX\nl,L,Lamp,1\n", {"format": "doorbuster"}, "unknown_currency"),
    ],
)
async def test_a_file_that_is_none_stops_its_run_and_tells_why(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, content: bytes, asked: Json, why: str
) -> None:
    headers = await staff("catalog:write")
    run = await sent(api, headers, content, **asked)
    assert await carry_on(pool, 10_000)
    now = await shown(api, headers, run)
    assert now["state"] == "stopped" and now["why"].startswith(why)
    assert await left(pool) == (0, 0)


@pytest.mark.parametrize(
    ("content", "asked", "status", "code"),
    [
        (b"", {}, 422, "empty_file"),
        (b"a", {"mapping": "{"}, 422, "broken_mapping"),
        (b"a", {"mapping": '{"columns": {"a": "sku"}}'}, 422, "broken_mapping"),
        (b"a", {"currency": "XXX"}, 422, "unknown_currency"),
        (b"a", {"currency": "euro"}, 400, "invalid_input"),
        (b"a", {"format": "excel"}, 400, "invalid_input"),
        (b"a", {"warehouse": "MOON"}, 404, "unknown_warehouse"),
        (b"a", {"colour": "red"}, 400, "unknown_parameter"),
        (b"a" * 1_000_001, {}, 413, "body_too_large"),
    ],
)
async def test_what_can_be_told_at_once_is_refused_and_nothing_is_kept(
    api: httpx.AsyncClient, staff: Issue, pool: Pool, content: bytes, asked: Json, status: int, code: str
) -> None:
    headers = await staff("catalog:write")
    answer = await api.post("/v1/imports", headers=headers, content=content, params=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await left(pool) == (0, 0)
    assert await pool.fetchval("SELECT count(*) FROM import_run") == 0


async def test_an_import_that_is_undone_before_its_turn_stays_out(
    api: httpx.AsyncClient, staff: Issue, pool: Pool
) -> None:
    headers = await staff("catalog:write")
    run = await sent(api, headers, table(5))
    await api.post(f"/v1/imports/{run['id']}/undo", headers=await staff("catalog:write"), json={})
    assert await carry_on(pool, MOST)
    assert (await skus(pool), await left(pool)) == ({}, (0, 0))


async def test_an_export_is_the_catalog_and_changes_nothing_when_it_is_sent_back(
    api: httpx.AsyncClient, staff: Issue, pool: Pool
) -> None:
    headers = await staff("catalog:write")
    await sent(api, headers, table(7))
    assert await carry_on(pool, MOST)
    export = await api.get("/v1/exports/catalog", headers=headers)
    assert export.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert export.headers["Content-Disposition"] == 'attachment; filename="catalog.csv"'
    assert export.content.startswith(b"\xef\xbb\xbfslug,sku,name")
    assert len(export.text.splitlines()) == 7
    back = await sent(api, await staff("catalog:write"), export.content, format="doorbuster")
    assert await carry_on(pool, MOST)
    assert (await shown(api, headers, back))["counts"] == {"unchanged": 6}


async def test_files_that_never_arrived_are_dropped(pool: Pool) -> None:
    async with pool.acquire() as conn:
        for n in (1, 2):
            await store.begin(conn, UUID(int=n))
            for number in range(20):
                await store.keep(conn, UUID(int=n), number, b"x")
        query = "UPDATE import_upload SET begun_at = begun_at - interval '2 hours' WHERE id = $1"
        await conn.execute(query, UUID(int=1))
    assert await steps.clean(pool) == 1
    assert await left(pool) == (1, 20)

"""`doorbuster load` and `doorbuster black-friday` in small: shoppers come, buy and go, and everything still holds."""

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest

from doorbuster import state
from doorbuster.home import Home
from doorbuster.invariants.captures import Provider
from doorbuster.load.report import Report, line
from doorbuster.load.run import Wanted, run
from doorbuster.load.shoppers import Crowd
from doorbuster.rehearsal import reconciling
from doorbuster.rehearsal import run as rehearsal
from doorbuster.rehearsal.page import page
from doorbuster.rehearsal.profiles import PROFILES
from doorbuster.sample_catalog import write_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one."""
    file = tmp_path_factory.mktemp("catalog") / "sample.tsv"
    write_catalog(file, 60, 1)
    return file


@pytest.fixture(scope="module")
def ran(own_home: Home, catalog: Path) -> Report:
    """Some shoppers in a great hurry, for some seconds."""
    crowd = Crowd(users=12, seconds=12, warm_up=2, haste=20)
    return asyncio.run(run(own_home, Wanted(crowd, 0.0, catalog)))


def test_everything_that_must_hold_holds_after_shopping(ran: Report) -> None:
    assert {verdict.invariant: verdict.differences for verdict in ran.verdicts if not verdict.holds} == {}
    assert ran.result.errors == []
    assert ran.holds


def test_shoppers_search_look_and_fill_carts(ran: Report) -> None:
    asked = {step.step for step in ran.result.steps}
    assert {"home: offers", "search", "product", "cart: add"} <= asked
    told = json.loads(line(ran))["load"]
    assert told["requests"] == ran.result.total.requests > 30
    assert set(told["invariants"].values()) == {"holds"}


def test_on_black_friday_everybody_wants_one_thing_and_the_books_add_up(
    ran: Report, own_home: Home, catalog: Path, tmp_path: Path
) -> None:
    wanted = rehearsal.Wanted(PROFILES["doorbuster"], users=12, seconds=16, haste=20, units=10, catalog=catalog)
    found = asyncio.run(rehearsal.run(own_home, wanted))
    assert found.result.errors == []
    assert (found.holds, found.books.differences()) == (True, [])
    assert found.books.orders_placed == found.books.orders_answered > 0
    assert 0 < found.books.units_sold <= 10  # one SKU, and no more of it than there is
    assert found.result.outcomes["out_of_stock"] > 0
    assert (found.lag.events > 0, found.unseen) == (True, 0)
    written, searched, slowest = (lag.p99 for lag in (found.lag, found.searches["products"], found.searches["slowest"]))
    assert written and searched and slowest and searched <= slowest  # of which it is one
    assert found.ways["checkout"]["times"] and found.sides["command"]["p95"]
    assert found.inside["command"]["requests"] and found.inside["query"]["p95"] and found.ways["generator late"]["p95"]
    assert 0 < found.ways["payment confirmed"]["times"] == len(found.result.paid)  # type: ignore[operator]
    assert found.unconfirmed == 0
    assert asyncio.run(_promised_of_nothing(own_home)) > 0  # the oracle of overselling can fail
    asked = {step.step for step in found.result.steps}
    assert {"the offer", "quote", "place order", "order just placed", "Stripe: confirm", "order by its link"} <= asked
    told = page(found, [], [], "")
    assert "All of it adds up." in told and "invariants broken" in told


async def _promised_of_nothing(home: Home) -> int:
    """How many units would be oversold, had there been none when the first order was placed."""
    live = state.read_live(home)
    assert live is not None
    conn = await asyncpg.connect(live.environment["DATABASE_URL"])
    try:
        first = "SELECT min(position) - 1 FROM event_log WHERE type LIKE 'orders.order_placed.%'"
        since = reconciling.Before(await conn.fetchval(first), 0)
        provider = Provider(live.environment["STRIPE_API_BASE"], live.environment["STRIPE_API_KEY"])
        return (await reconciling.reconciled(conn, since, provider, [])).oversold
    finally:
        await conn.close()


def test_a_sale_by_turns_stands_a_crowd_cheats_and_two_kills_and_two_generators_tell_all(
    ran: Report, own_home: Home, catalog: Path
) -> None:
    wanted = rehearsal.Wanted(
        PROFILES["waiting-room"], users=36, seconds=24, haste=20, units=12, generators=2, catalog=catalog
    )
    found = asyncio.run(rehearsal.run(own_home, wanted))
    assert found.waiting is not None
    assert {name: wrong for name, wrong in found.waiting.judged.items() if wrong} == {}
    assert [note.what for note in found.notes] == [
        "the query API is killed: the sale has not begun", "the query API is killed: turns come",
    ]  # fmt: skip
    told = found.waiting.told
    assert told["turns taken"] and told["tickets drawn"]  # on a busy machine all of them may come after the start
    assert any(what.startswith("cheat refused") for what in told)
    assert min(found.cores[name] for name in ("read-api", "postgres", "generators")) > 0
    assert found.setting["generators"] == 2
    assert found.setting["per_minute"] > 0 and found.setting["products"] > 1
    assert found.ways["generator late"]["times"] and found.inside["query"]["requests"]
    assert found.books.differences() == []
    assert found.books.orders_answered == found.books.orders_placed == len(set(found.result.orders)) > 0
    assert found.result.outcomes["order placed"] == found.books.orders_placed
    assert sum(int(side["requests"] or 0) for side in found.sides.values()) == found.result.total.requests
    assert all(verdict.holds for verdict in found.verdicts)
    assert "Everybody who bought had their turn" in page(found, [], [], "")


async def test_a_broken_shop_fails_the_run(ran: Report, own_home: Home, catalog: Path) -> None:
    live = state.read_live(own_home)
    assert live is not None
    conn = await asyncpg.connect(live.environment["DATABASE_URL"])
    changed = await conn.fetchval("SELECT id FROM stock_item LIMIT 1")
    await conn.execute("UPDATE stock_item SET low_at = low_at + 1 WHERE id = $1", changed)
    crowd = Crowd(users=1, seconds=2, warm_up=0, haste=20)
    report = await run(own_home, Wanted(crowd, 1.0, catalog))
    broken = [verdict for verdict in report.verdicts if not verdict.holds]
    assert [verdict.invariant for verdict in broken] == ["rows = fold of the log"]
    assert str(changed) in broken[0].differences[0]
    assert not report.holds
    await conn.close()

"""`doorbuster load` in small, and plain Locust: shoppers come, buy and go, and everything still holds."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from doorbuster import state
from doorbuster.home import Home
from doorbuster.load.report import Report, line
from doorbuster.load.run import Wanted, run
from doorbuster.load.shoppers import Crowd
from doorbuster.sample_catalog import write_catalog

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one."""
    file = tmp_path_factory.mktemp("catalog") / "sample.tsv"
    write_catalog(file, 60, 1)
    return file


@pytest.fixture(scope="module")
def ran(own_home: Home, catalog: Path) -> Report:
    """Some shoppers in a great hurry, for some seconds."""
    crowd = Crowd(users=12, seconds=20, warm_up=2, haste=20)
    return asyncio.run(run(own_home, Wanted(crowd, 0.0, catalog)))


def test_everything_that_must_hold_holds_after_shopping(ran: Report) -> None:
    assert {verdict.invariant: verdict.differences for verdict in ran.verdicts if not verdict.holds} == {}
    assert ran.result.errors == []
    assert ran.holds


def test_shoppers_search_look_and_fill_carts(ran: Report) -> None:
    asked = {step.step for step in ran.result.steps}
    assert {"home: offers", "search", "product", "cart: add"} <= asked
    told = json.loads(line(ran))["load"]
    assert told["requests"] == ran.result.total.requests > 100
    assert set(told["invariants"].values()) == {"holds"}


def test_on_black_friday_everybody_buys_pays_and_comes_back(ran: Report, own_home: Home, tmp_path: Path) -> None:
    live = state.read_live(own_home)
    assert live is not None
    options = ["--headless", "--peak", "12", "--rush-seconds", "20", "--haste", "20", "--stop-timeout", "20"]
    locustfile = _ROOT / "loadtests" / "black_friday.py"
    command = [sys.executable, "-m", "locust", "-f", str(locustfile), *options, "--result", str(tmp_path / "result")]
    environment = {**os.environ, **live.environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads((tmp_path / "result").read_text())
    assert result["errors"] == []
    asked = {step["step"] for step in result["steps"]}
    assert {"quote", "place order", "order just placed", "payment: session", "Stripe: confirm"} <= asked
    assert result["outcomes"]["order placed"] > 0
    assert "order by its link" in asked


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

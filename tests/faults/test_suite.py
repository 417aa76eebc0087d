"""Some scenarios of `make faults`, hurried, by the same code: real servers, processes and signals, one oracle."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from doorbuster.faults import run, scenarios, stage
from doorbuster.faults.stage import Stage
from doorbuster.home import Home

pytestmark = pytest.mark.slow

CHOSEN = (
    "a writer holds a position for 2 s",
    "relay killed between append and cursor",
    "Redis killed",
    "projector killed before its checkpoint",
    "COMMITs nobody hears of",
)
STAMPEDE = run.Wanted(seed=1, products=1, crowd=200, haste=50, warm_up=False)  # 200 buyers of 10 units
HURRIED = run.Wanted(seed=1, products=4, haste=3, warm_up=False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A whole shop with standbys."""
    with stage.opened(Home(tmp_path_factory.mktemp("faults") / "stage")) as opened:
        yield opened


@pytest.mark.parametrize("name", CHOSEN)
async def test_whatever_fails_nothing_is_lost_doubled_or_out_of_order(shop: Stage, tmp_path: Path, name: str) -> None:
    chosen = [scenario for scenario in scenarios.ALL if scenario.name == name]
    (outcome,) = await run.play(shop, chosen, HURRIED, tmp_path)
    assert (outcome.lost, outcome.duplicated, outcome.reordered, outcome.broken) == (0, 0, 0, [])
    assert outcome.events > 0 and outcome.orders > 0


async def test_thousands_for_some_units_make_so_many_orders_whoever_is_killed(shop: Stage, tmp_path: Path) -> None:
    chosen = [scenario for scenario in scenarios.ALL if scenario.number == 18]
    (outcome,) = await run.play(shop, chosen, STAMPEDE, tmp_path)
    assert (outcome.lost, outcome.duplicated, outcome.reordered, outcome.broken) == (0, 0, 0, [])
    assert outcome.orders == 10

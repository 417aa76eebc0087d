"""A shop that grows in a home that is kept: each run goes on from what stands there."""

from pathlib import Path

import pytest

from doorbuster.bench import children, ground
from doorbuster.bench.frame import Invalid
from doorbuster.bench.ground import CATALOG, STOCK, Ground
from doorbuster.bench.growth import filling
from doorbuster.bench.growth.lines import read_portions
from doorbuster.bench.growth.stores import ask
from doorbuster.home import Home
from doorbuster.sample_catalog import rows, write_rows

ROWS = list(rows(120, 1))  # a catalog of fewer is the beginning of it


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a shop."""
    cache = str(Home.default().cache)
    monkeypatch.setenv("DOORBUSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DOORBUSTER_CACHE", cache)
    monkeypatch.setattr(filling, "PORTION", 30)
    return tmp_path / "shop"


def grown(stood: Ground, products: int) -> list[str]:
    """What is said while it grows; no figure of it is wanted, so that nothing waits for calm."""
    said: list[str] = []
    stood.hurried = True
    filling.grow(stood, products, 0, said.append)
    return said


def dies_while_importing(stood: Ground, shop: Path) -> None:
    """As a run leaves it: the portion's file lies there, a part of its rows is in."""
    file = shop / "growth" / "catalog.tsv"
    part = file.with_name("part.tsv")
    write_rows(file, ROWS[60:90])
    write_rows(part, ROWS[60:70])
    url = stood.environment["DATABASE_URL"]
    children.call("import_rows:load", {"url": url, "file": str(part), "stock": STOCK})


def is_shown(stood: Ground, sku: str) -> bool:
    stood.only("read-api")
    return ask(stood.environment["READ_API_URL"], "GET", f"/v1/products/by-sku/{sku}").status == 200


def test_a_home_that_holds_something_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(Invalid, match="name an empty one"), ground.kept(tmp_path):
        pytest.fail("it stands")
    assert [each.name for each in tmp_path.iterdir()] == ["postgres"]


def test_a_shop_that_another_run_has_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = tmp_path / "shop"
    (shop / ground.KEPT).parent.mkdir(parents=True)
    (shop / ground.KEPT).touch()
    monkeypatch.setenv("DOORBUSTER_HOME", str(tmp_path / "called from here"))
    with Home(shop).lock("kept"), pytest.raises(Invalid, match="another run has the shop"), ground.kept(shop):
        pytest.fail("it stands")


@pytest.mark.slow
def test_a_later_run_goes_on_from_what_stands_and_from_what_a_run_that_died_had_begun(shop: Path) -> None:
    with ground.kept(shop) as stood:
        stood.use(CATALOG, copy_of=None)
        assert len(grown(stood, 60)) == 2
        dies_while_importing(stood, shop)
    with ground.kept(shop) as stood:
        stood.use(CATALOG, copy_of=None)
        assert is_shown(stood, "DB100000")  # before anything is projected again
        going_on, last = grown(stood, 120)
        assert "died" in going_on
        assert last.startswith("120:")
        assert filling.count(stood, "product") == 120
        assert is_shown(stood, "DB100119")
        portions = read_portions(shop / "growth" / "portions.jsonl")
        assert [portion.until for portion in portions] == [30, 60, 120]  # that of two runs would tell nothing
        assert all(portion.added == 30 and portion.events >= 90 for portion in portions)  # some have new categories
        with pytest.raises(Invalid, match="has 120 products already"):
            filling.grow(stood, 100, 0, print)
        stood.execute("UPDATE read_model_version SET version = 'v0' WHERE read_model = 'products'")
        with pytest.raises(Invalid, match="another release filled it"):
            filling.grow(stood, 120, 0, print)

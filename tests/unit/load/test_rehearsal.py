"""What a rehearsal tells: books that add up or don't, targets, the page, and an earlier run beside it."""

import argparse
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from doorbuster import charts
from doorbuster.commands import black_friday
from doorbuster.commands.black_friday import NAMES
from doorbuster.home import Home
from doorbuster.invariants.all import Verdict
from doorbuster.load.shoppers import Fault, Figures, Result, Step
from doorbuster.rehearsal import comparing, run
from doorbuster.rehearsal.page import page
from doorbuster.rehearsal.profiles import PROFILES
from doorbuster.rehearsal.reconciling import Books
from doorbuster.rehearsal.report import Lag, Note, Report, figures, line

BOOKS = Books(
    orders_answered=60, orders_placed=61, orders_paid=50, orders_closed=3, captured_minor=5000,
    captured_at_provider_minor=5000, units_before=1000, units_sold=70, units_in=10, units_after=940, lowest_left=0,
)  # fmt: skip
RESULT = Result(
    seconds=300.0, total=Figures(1000, 5, 20, 80, 200), steps=[Step(1000, 5, 20, 80, 200, step="product")],
    errors=[Fault("product", "503 <unavailable>", 5)], interactions={}, outcomes={"order placed": 60, "shed": 7},
)  # fmt: skip
SLICES: list[dict[str, Any]] = [
    {"at": 0.0, "query_rate": 5.0, "query_p95": 20.0, "command_rate": 1.0, "command_p95": None, "provider_p95": None},
    {"at": 2.0, "query_rate": 50.0, "query_p95": 80.0, "command_rate": 9.0, "command_p95": 150.0, "provider_p95": 4.0,
     "order placed": 4, "failures": 5, "shed": 7},
]  # fmt: skip


def told(**changes: Any) -> Report:
    made = Report(
        profile="outage", told="the provider is down", began="2026-11-27T00:00:00Z",
        setting={"users": 60, "minutes": 5, "haste": 1, "eagerness": 1, "units": 100, "generators": 1,
                 "products": 3000},
        result=RESULT, slices=SLICES, sides={"command": {"p95": 150.0}},
        ways={"checkout": {"p95": 900.0}}, lag=Lag.of([(0.2, [0.1]), (0.7, [0.3]), (1.2, [0.2])]), books=BOOKS,
        searches={"products": Lag.of([(0.2, [0.4]), (0.7, [0.5])]), "slowest": Lag.of([(0.2, [1.5]), (0.7, [1.25])])},
        verdicts=[Verdict("no negative stock", [])], notes=[Note(1.0, "down & out")],
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def test_the_command_line_knows_all_profiles() -> None:
    assert tuple(PROFILES) == NAMES


def test_a_rehearsal_holds_where_nothing_is_lost_oversold_or_unexplained() -> None:
    assert BOOKS.differences() == []  # one more in the log than was answered: its connection broke
    assert told().holds


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"orders_answered": 62}, "1 orders were answered and are not in the log"),
        ({"orders_unknown": 1}, "1 orders were answered and are not in the log"),
        ({"captured_at_provider_minor": 5001}, "paid orders cost 5000, the provider took 5001"),
        ({"units_after": 941}, "1000 units + 10 - 70 sold are not 941"),
        ({"lowest_left": -2}, "a SKU is oversold by 2"),
        ({"oversold": 3}, "orders were promised 3 units more than there were"),
    ],
)
def test_books_that_do_not_add_up_fail_it(change: dict[str, int], said: str) -> None:
    books = msgspec.structs.replace(BOOKS, **change)
    assert books.differences() == [said]
    assert not told(books=books).holds


def test_speeds_are_told_and_not_judged() -> None:
    slow = told(sides={"command": {"p95": 900.0}})
    [commands] = [target for target in slow.targets() if target.name == "commands p95"]
    assert not commands.reached
    assert slow.holds


def test_a_broken_invariant_and_too_many_failures_are_judged() -> None:
    assert not told(verdicts=[Verdict("no negative stock", ["item 1"])]).holds
    assert not told(result=msgspec.structs.replace(RESULT, total=Figures(1000, 11, 1, 1, 1))).holds


def test_a_rehearsal_in_which_nobody_bought_or_who_paid_was_left_alone_shows_nothing() -> None:
    assert not told(books=msgspec.structs.replace(BOOKS, orders_paid=0)).holds
    assert not told(unconfirmed=1).holds


def test_events_that_no_reader_or_no_search_was_seen_to_show_fail_it() -> None:
    """Percentiles are of those that were seen: whoever saw the first ten seconds alone found the best of them."""
    unseen = Lag.of([(0.2, [0.1]), (0.7, [0.3]), (1.2, [])])
    assert (unseen.events, unseen.unseen, unseen.p99) == (3, 1, 300.0)
    for late in (told(lag=unseen), told(searches={"products": unseen})):
        [target] = [target for target in late.targets() if target.name == "events never seen"]
        assert (target.found, target.judged, late.holds) == (1, True, False)


def test_the_page_counts_what_percentiles_are_of_and_tells_the_way_to_searches() -> None:
    report = told(lag=Lag.of([(0.2, [0.1]), (0.7, [0.3]), (1.2, [])]))
    html = page(report, [], [], "")
    assert "<td>event lag</td><td>2</td>" in html
    assert "<td>search visible, products</td><td>2</td><td>500</td>" in html
    assert "<td>search visible, slowest</td><td>2</td><td>1,500</td>" in html
    assert "<td>events never seen</td><td>1 </td>" in html


def test_the_line_says_all_but_the_curves() -> None:
    found = msgspec.json.decode(line(figures(told())))["black_friday"]
    assert (found["profile"], found["users"], found["shed"], found["orders"]) == ("outage", 60, 7, 61)
    assert found["event_lag"] == {"events": 3, "unseen": 0, "p50": 200.0, "p95": 300.0, "p99": 300.0, "worst": 300.0}
    visible = found["search_visible"]
    assert (visible["products"]["p99"], visible["slowest"]["worst"]) == (500.0, 1500.0)
    assert found["targets"]["events never seen"]["found"] == 0
    assert found["targets"]["orders lost"]["reached"] is True
    assert found["books"]["differences"] == []
    assert "slices" not in found


def test_the_page_needs_nothing_but_itself_and_escapes_what_it_was_told() -> None:
    report = told()
    html = page(report, [], [], "")
    assert "http" not in html.replace("2026-11-27T", "") and "<script" not in html
    assert "503 &lt;unavailable&gt;" in html and "down &amp; out" in html
    for svg in html.split("<svg")[1:]:
        ElementTree.fromstring("<svg" + svg.partition("</svg>")[0] + "</svg>")
    assert html.count("<polyline") >= 8


def test_a_curve_goes_from_the_left_to_the_right_and_never_leaves_the_frame() -> None:
    drawn = charts.chart("x", "ms", {"a": [(0, 0), (5, 7.3), (10, 930)]}, 10)
    points = [[float(n) for n in each.split(",")] for each in drawn.split('points="')[1].split('"')[0].split()]
    assert points[0] == [charts.LEFT, charts.HEIGHT - charts.BOTTOM]
    assert points[2][0] == charts.WIDTH - charts.RIGHT
    assert all(charts.TOP <= y <= charts.HEIGHT - charts.BOTTOM for _, y in points)


def test_an_earlier_run_stands_beside_it_with_what_was_set_otherwise(tmp_path: Path) -> None:
    before = figures(told()) | {"users": 50, "event_lag": {"p99": 100.0}, "requests_per_second": 3.2}
    del before["search_visible"]  # an older report knows nothing of it
    for name, content in (("20260101-000000-outage", before), ("20260102-000000-peak", {})):
        (tmp_path / name).mkdir()
        (tmp_path / name / comparing.REPORT).write_bytes(msgspec.json.encode(content))
    found = comparing.last_of("outage", tmp_path, tmp_path / "20260103-000000-outage")
    assert found is not None
    now = figures(told())
    assert comparing.unlike(comparing.read(found), now) == ["users: 50, now 60"]
    beside = {each.name: each for each in comparing.compared(comparing.read(found), now)}
    assert (beside["event lag p99 (ms)"].before, beside["event lag p99 (ms)"].better) == (100, False)
    assert beside["requests a second"].better is None  # 3.2 and 3.3 are alike
    visible = beside["products visible to searches p99 (ms)"]
    assert (visible.before, visible.now, visible.better) == (None, 500.0, None)


@pytest.mark.parametrize("content", ["{}", "[]", '{"profile": "pe', '{"profile": "peak"}', ""])
def test_a_file_that_is_no_report_is_told_before_anything_runs(tmp_path: Path, content: str) -> None:
    (tmp_path / comparing.REPORT).write_text(content)
    with pytest.raises(ValueError, match="no report"):
        comparing.read(tmp_path)


def test_runs_in_other_shops_and_at_other_rates_are_told_to_be_unlike_and_one_product_more_is_the_same_shop() -> None:
    before = figures(told())
    assert comparing.unlike(before, before | {"products": 3001}) == [], "each run puts its offer in"
    assert comparing.unlike(before | {"per_minute": 60}, before | {"products": 100_000, "per_minute": 667}) == [
        "per_minute: 60, now 667", "products: 3000, now 100000",
    ]  # fmt: skip
    of_before = {name: value for name, value in before.items() if name != "products"}
    assert comparing.unlike(of_before, before) == ["products: None, now 3000"], "who did not say may have had others"


def rehearse(monkeypatch: pytest.MonkeyPatch, home: Path, report: Report | Exception) -> int:
    """What `doorbuster black-friday` answers where the run ends like this."""

    async def ran(*_: object) -> Report:
        if isinstance(report, Exception):
            raise report
        return report

    monkeypatch.setenv("DOORBUSTER_HOME", str(home))
    monkeypatch.setattr(run, "run", ran)
    parser = argparse.ArgumentParser()
    black_friday.register(parser.add_subparsers())
    given = parser.parse_args(["black-friday", "--profile", "outage"])
    answered: int = given.run(given)
    return answered


def test_half_a_report_of_before_costs_the_comparison_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = Home(tmp_path).folder / "black-friday"
    broken = runs / "20260101-000000-outage"
    broken.mkdir(parents=True)
    (broken / comparing.REPORT).write_text('{"profile": "outa')
    assert rehearse(monkeypatch, tmp_path, told()) == 0
    said = capsys.readouterr()
    assert "black_friday" in said.out and str(broken) in said.err
    [written] = [folder for folder in runs.iterdir() if folder != broken]
    assert sorted(file.name for file in written.iterdir()) == ["report.html", "report.json"]
    assert "There is none to compare with" in (written / "report.html").read_text()
    assert comparing.read(written)["profile"] == "outage"


def test_the_next_run_stands_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in (1, 2):
        monkeypatch.setattr("doorbuster.rehearsal.report.folder_name", lambda profile, n=n: f"{n}-{profile}")
        assert rehearse(monkeypatch, tmp_path, told()) == 0
    second = comparing.read(tmp_path / "black-friday" / "2-outage")
    assert second["compared"]["with"] == str(tmp_path / "black-friday" / "1-outage" / comparing.REPORT)
    assert second["curves"]["slices"] == SLICES


@pytest.mark.parametrize("error", [RuntimeError("there is no projector to kill"), OSError("the disk is full")])
def test_whatever_ends_a_run_does_not_say_that_something_judged_did_not_hold(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rehearse(monkeypatch, tmp_path, error) == 2
    assert str(error) in capsys.readouterr().err
    assert rehearse(monkeypatch, tmp_path, told(books=msgspec.structs.replace(BOOKS, orders_paid=0))) == 1

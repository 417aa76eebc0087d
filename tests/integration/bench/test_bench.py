"""The benchmarks, at sizes that say nothing of speed: what they tell has its shape, and a wrong answer is no figure."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest

from doorbuster.bench import placing, wrk
from doorbuster.bench.all import BENCHES
from doorbuster.bench.frame import Invalid, Rounds, Work, in_turns, result
from doorbuster.bench.http_client import Answer, ask_all, request
from doorbuster.home import Home
from projector.read_models.all import READ_MODELS

TINY = ["--cold", "--seconds", "0.3", "--rounds", "1", "--products", "60", "--most-orders", "16", "--buyers", "2,4"]
TINY += ["--searches", "60", "--import-rows", "50", "--waiting", "2,4", "--writers", "2", "--rebuilt", "200"]


def benched(home: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`doorbuster bench` at tiny sizes."""
    named = {"DOORBUSTER_HOME": str(home), "DOORBUSTER_CACHE": str(Home.default().cache)}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "doorbuster.cli", "bench", *words, *TINY],
        env={**os.environ, **named, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def done(home: Path) -> "subprocess.CompletedProcess[str]":
    """One run of all benchmarks."""
    return benched(home)


@pytest.fixture(scope="module")
def lines(done: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return {line["bench"]: line for line in map(msgspec.json.decode, done.stdout.splitlines())}


@pytest.mark.slow
def test_each_benchmark_has_a_line_and_standard_output_nothing_else(lines: Mapping[str, Any]) -> None:
    assert set(lines) == {*BENCHES, "search_rate", "kept_searches_p95", "kept_pages_rate"}  # these have two


@pytest.mark.slow
def test_ours_and_the_limit_are_told_with_their_ratio(lines: Mapping[str, Any]) -> None:
    for line in lines.values():
        assert line["ours"] > 0
        assert line["limit"] > 0
        assert line["ratio"] == pytest.approx(line["ours"] / line["limit"], rel=0.01)
        assert line["better"] in ("higher", "lower")
        assert line["unit"]


@pytest.mark.slow
def test_what_an_operation_costs_is_told_by_process(lines: Mapping[str, Any]) -> None:
    assert {"write-api", "postgres", "load"} <= set(lines["place_order"]["cpu_ms_per_op"])
    assert {"read-api", "load"} <= set(lines["product_page"]["cpu_ms_per_op"])
    assert {"worker", "projector"} <= set(lines["event_lag"]["cpu_ms_per_op"])


@pytest.mark.slow
def test_the_noise_stands_beside_the_figures(lines: Mapping[str, Any]) -> None:
    for line in lines.values():
        noise = line["noise"]
        assert noise["ours"]["min"] <= noise["ours"]["median"] <= noise["ours"]["max"]
        assert noise["others_cores"]["max"] <= (os.cpu_count() or 1)


@pytest.mark.slow
def test_what_a_figure_leaves_out_stands_beside_it(lines: Mapping[str, Any]) -> None:
    placing = lines["place_order"]["further"]
    assert placing["function"]["per_second"] > 0
    assert placing["at"]["4"]["ratio"] > 0
    assert placing["everything_running"]["per_second"]["median"] > 0
    assert set(lines["pipeline"]["further"]["stages"]) == {"relay", "projector_redis", "projector_elasticsearch"}
    lag = lines["event_lag"]["further"]["ours"]
    assert lag["search_visible_p99_ms"] > 0
    assert lines["event_lag"]["ours"] == max(lag[f"{model.name}_p99_ms"] for model in READ_MODELS)


@pytest.mark.slow
def test_people_get_a_table(done: "subprocess.CompletedProcess[str]", lines: Mapping[str, Any]) -> None:
    table = done.stderr[done.stderr.index("others' cores") :]
    assert all(name in table for name in lines)


@pytest.mark.slow
def test_nothing_is_left_behind(home: Path, lines: Mapping[str, Any]) -> None:
    assert not (home / "bench").exists()


@pytest.mark.slow
def test_orders_that_are_refused_make_the_run_fail(tmp_path: Path) -> None:
    done = benched(tmp_path, "place_order", QUOTE_TTL_SECONDS="0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "quote_expired" in done.stderr


def test_a_second_run_in_the_same_home_is_refused(tmp_path: Path) -> None:
    with Home(tmp_path).lock("bench"):
        done = benched(tmp_path, "product_page")
    assert done.returncode == 1
    assert "another benchmark runs" in done.stderr


def test_a_benchmark_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    done = benched(tmp_path, "warp_speed")
    assert done.returncode == 2
    assert "product_page" in done.stderr


class Moody(BaseHTTPRequestHandler):
    """Answers /fine with 200, /chunked in two pieces, hangs up on /rude, anything else with 404."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/rude":
            self.close_connection = True
            return
        if self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (b"3\r\none\r\n", b"B\r\nand another\r\n0\r\n\r\n"):
                self.wfile.write(piece)
            return
        self.send_response(200 if self.path == "/fine" else 404)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def moody() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Moody) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_wrk_counts_what_was_answered(moody: str, tmp_path: Path) -> None:
    target = wrk.Target(tmp_path, "fine", moody, [request("GET", f"{moody}/fine")])
    assert target.check(lambda answer: answer.body == b"{}") > 0
    work = target.run(1, 1, wrk.rate)
    assert work.operations > 0
    assert work.load_cpu_ms > 0


def test_one_wrong_answer_among_many_is_found_before_and_during_the_timing(moody: str, tmp_path: Path) -> None:
    asked = [request("GET", f"{moody}/{'lost' if n == 3 else 'fine'}") for n in range(5)]
    target = wrk.Target(tmp_path, "lost", moody, asked)
    with pytest.raises(Invalid, match=r"GET /lost .* was answered 404"):
        target.check(lambda _: True)
    with pytest.raises(Invalid, match=r"requests to .* failed"):
        target.run(1, 1, wrk.rate)


async def test_answers_are_read_whole_however_they_are_sent(moody: str) -> None:
    asked = [request("GET", f"{moody}/{path}") for path in ("chunked", "fine", "chunked")]
    answers = [timed.answer for timed in await ask_all(moody, asked, 1)]
    assert [(answer.status, answer.body) for answer in answers] == [
        (200, b"oneand another"),
        (200, b"{}"),
        (200, b"oneand another"),
    ]


async def test_a_server_that_hangs_up_makes_the_measurement_invalid(moody: str) -> None:
    with pytest.raises(Invalid, match="ended the connection"):
        await ask_all(moody, [request("GET", f"{moody}/rude")], 1)


def test_an_answer_that_is_no_placed_order_is_refused() -> None:
    with pytest.raises(Invalid, match="409 instead of 201"):
        placing.placed(Answer(409, b"", b'{"code": "out_of_stock"}'))
    with pytest.raises(Invalid, match="not an order that waits"):
        placing.placed(Answer(201, b"", b'{"state": "cancelled", "payment": {"state": "pending"}}'))


def test_rounds_are_interleaved_and_the_first_of_each_side_is_thrown_away() -> None:
    seen: list[str] = []

    def side(name: str, value: float) -> Work:
        seen.append(name)
        return Work(10, 0.1, value + len(seen), 1.0)

    sides = {"ours": lambda: side("ours", 0), "limit": lambda: side("limit", 100)}
    done = in_turns(Rounds(2), sides, dict, lambda _: None)
    assert seen == ["ours", "limit"] * 3
    assert [round_.work.value for round_ in done["ours"]] == [3, 5]
    line = result("x", done, unit="things/s", setting={})
    assert (line.ours, line.limit, line.cpu_ms_per_op) == (4, 105, {"load": 0.1})

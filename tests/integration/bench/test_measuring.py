"""What the benchmarks measure with: CPU by process tree, and when a checkpoint covered a position."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from redis import Redis

from doorbuster.bench import cpu
from doorbuster.bench.frame import Invalid
from doorbuster.bench.watching import Checkpoints, Timeline
from projector.read_models import product_page, product_search
from projector.read_models.all import READ_MODELS
from shared.documents.layout import shards_key

BURN = "import time\nwhile time.process_time() < 0.4: pass\n"
PARENT = f"""
import subprocess, sys
ended = subprocess.run([sys.executable, "-c", {BURN!r}])
alive = subprocess.Popen([sys.executable, "-c", {BURN!r} + "print('burnt', flush=True); input()"])
input()
"""
PAGE, SEARCH = product_page.MODEL, product_search.MODEL


@pytest.fixture
def burner() -> Iterator["subprocess.Popen[str]"]:
    """A process whose children used at least 0.4 s of CPU each; one has ended, one lives."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "burnt\n"
        yield process
        process.communicate("\n\n")


def test_a_program_answers_for_its_children_the_living_and_the_dead(burner: "subprocess.Popen[str]") -> None:
    used = cpu.used({"burner": burner.pid, "nobody": 2**22 + 1})
    assert used.programs["burner"] >= 780
    assert used.programs["nobody"] == 0
    assert used.machine >= used.programs["burner"]


def test_what_others_use_is_what_is_left() -> None:
    before = cpu.Used({"ours": 100.0}, here=50.0, machine=1000.0, stolen=0.0)
    after = cpu.Used({"ours": 1100.0, "new": 500.0}, here=550.0, machine=4000.0, stolen=20.0)
    since = after.since(before)
    assert since.programs == {"ours": 1000.0, "new": 500.0}
    assert since.others(seconds=2.0) == pytest.approx(0.5)
    assert since.stolen == 20.0


def test_a_position_is_covered_when_its_checkpoint_was_first_seen(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        before = time.time()
        with Timeline(Checkpoints(redis_url)) as timeline:
            for model in READ_MODELS:
                redis.hset(shards_key(model.slot), mapping={"0": 7, "ready:0": 1, "seen:0": 7})
            timeline.wait({0: 7}, 5)
            between = time.time()
            for model in READ_MODELS:
                redis.hset(shards_key(model.slot), mapping={"0": 9, "seen:0": 9})
            timeline.wait({0: 9}, 5)
            with pytest.raises(Invalid, match="does not reach 10"):
                timeline.wait({0: 10}, 0.05)
    assert before <= timeline.covered(PAGE, 0, 7) <= between <= timeline.covered(PAGE, 0, 8)
    with pytest.raises(Invalid, match="never covered 10 of shard 0"):
        timeline.covered(SEARCH, 0, 10)


def test_a_search_sees_only_what_was_refreshed(redis_url: str) -> None:
    checkpoints = Checkpoints(redis_url)
    with Redis.from_url(redis_url) as redis:
        for model in READ_MODELS:
            redis.hset(shards_key(model.slot), mapping={"0": 7, "ready:0": 1, "seen:0": 6})
        assert {model.sink for model in READ_MODELS if model.name in checkpoints.behind({0: 7})} == {"elasticsearch"}
        redis.hdel(shards_key(PAGE.slot), "ready:0")
        assert checkpoints.behind({0: 6}) == [PAGE.name]

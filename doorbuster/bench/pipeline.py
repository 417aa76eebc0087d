"""From the log to the read models: the relay against a bare XADD loop of the same bytes, and the projector against bare
loops that write the same final documents to Redis and to Elasticsearch. All over one log of real products and orders.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from redis import Redis

from doorbuster.bench import children, frame, placing
from doorbuster.bench.frame import Invalid, Result, Round, Side, Work
from doorbuster.bench.ground import MOST_PATIENCE, Ground, own_folder
from doorbuster.bench.options import Options
from doorbuster.bench.watching import Checkpoints, Timeline
from projector.model import ELASTICSEARCH, REDIS
from projector.read_models.all import READ_MODELS

ORDERS = 1000
BARE_DATABASE = 1  # of the same Redis: the bare loops write beside what the projector wrote
_PAIRS = {  # stage → our side and its figure, the limit's side
    "relay": ("relay", "per_second", "xadd"),
    "projector_redis": ("projector", REDIS, "bare_redis"),
    "projector_elasticsearch": ("projector", ELASTICSEARCH, "bare_bulk"),
}


def run(ground: Ground, options: Options) -> list[Result]:
    """One line, for the stage that is farthest from its limit; all stages stand in it under `stages`."""
    ground.use("pipeline")
    ground.only("write-api")
    orders = placing.place(ground, placing.prepare(ground, min(ORDERS, options.most_orders)))
    ground.only()
    run_ = _Pipeline(ground)
    sides: dict[str, Side] = {
        "relay": run_.relay,
        "projector": run_.projector,
        **{name: partial(run_.bare, name) for name in _KEPT},
    }
    done = frame.in_turns(options.turns(), sides, ground.roots, run_.before)
    stages = {stage: _stage(done, *pair) for stage, pair in _PAIRS.items()}
    worst = min(stages, key=lambda stage: stages[stage].ratio)
    setting = {"events": run_.events, "orders": len(orders), "stage": worst}
    told = {stage: _told(result) for stage, result in stages.items()}
    line = _stage(done, *_PAIRS[worst], setting=setting, further={"stages": told})
    return [line]


def _stage(
    done: Mapping[str, Sequence[Round]],
    side: str,
    figure: str,
    limit: str,
    setting: Mapping[str, object] | None = None,
    further: Mapping[str, object] | None = None,
) -> Result:
    ours = frame.by_fact(done[side], figure)
    pair = {"ours": ours, "limit": done[limit]}
    return frame.result("pipeline", pair, unit="events/s", setting=setting or {}, further=further)


def _told(result: Result) -> dict[str, object]:
    names = ("ours", "limit", "ratio", "cpu_ms_per_op", "limit_cpu_ms_per_op", "noise", "further")
    return {name: getattr(result, name) for name in names}


# What a bare loop writes, and how it is kept: after the projector has written it.
_KEPT = {"xadd": "keep_entries", "bare_redis": "keep_redis", "bare_bulk": "keep_bulk"}


class _Pipeline:
    """The sides of the pipeline, over one log."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._heads = ground.heads()
        [row] = ground.fetch("SELECT count(*) AS events FROM event_log")
        self.events: int = row["events"]
        self._urls = {
            "database_url": ground.environment["DATABASE_URL"],
            "redis_url": ground.environment["REDIS_URL"],
            "bare_redis_url": ground.environment["REDIS_URL"].rpartition("/")[0] + f"/{BARE_DATABASE}",
            "elasticsearch_url": ground.environment["ELASTICSEARCH_URL"],
        }

    def before(self, side: str) -> None:
        """Empty what the side will fill. The projector is to stand ready, and to know nothing of the log yet."""
        with Redis.from_url(self._urls["bare_redis_url"]) as bare:
            bare.flushdb()
        self._ground.only()
        if side in ("relay", "projector"):
            with Redis.from_url(self._urls["redis_url"]) as redis:
                redis.flushdb()
            self._ground.execute("UPDATE relay_state SET safe_position = 0")
        if side == "projector":
            children.call("pipeline_sides:drop_indices", self._urls)
            self._ground.only("projector")
            Checkpoints(self._urls["redis_url"]).wait(dict.fromkeys(self._heads, 0), MOST_PATIENCE)
        if side in _KEPT and not self._file(side).exists():
            children.call(f"pipeline_sides:{_KEPT[side]}", {**self._urls, "file": str(self._file(side))})
        if side == "bare_bulk":
            children.call("pipeline_sides:renew_bare_indices", self._urls)
        self._ground.until_quiet()

    def _file(self, side: str) -> Path:
        return own_folder(self._ground, "pipeline") / f"{side}.kept"

    def relay(self) -> Work:
        """The relay publishes all of the log."""
        found = self._published()
        rate = self.events / found["seconds"]
        return Work(self.events, found["seconds"], rate, found["cpu_ms"], {"per_second": rate}, "relay")

    def _published(self) -> dict[str, float]:
        found = children.call("pipeline_sides:relay", self._urls)
        if found["events"] != self.events:
            raise Invalid(f"the relay published {found['events']} events of {self.events}")
        return found

    def projector(self) -> Work:
        """The real projector, from the moment the relay begins to publish until all checkpoints are published."""
        with Timeline(Checkpoints(self._urls["redis_url"])) as timeline:
            found = self._published()
            timeline.wait(self._heads, MOST_PATIENCE)
        took = {
            sink: max(
                timeline.covered(model, shard, at)
                for model in READ_MODELS
                if model.sink == sink
                for shard, at in self._heads.items()
            )
            - found["began"]
            for sink in (REDIS, ELASTICSEARCH)
        }
        rates: dict[str, float] = {sink: self.events / seconds for sink, seconds in took.items()}
        return Work(self.events, max(took.values()), min(rates.values()), found["cpu_ms"], rates, "relay")

    def bare(self, side: str) -> Work:
        """A bare loop; its rate is told in events, those that its documents or entries are made of."""
        found = children.call(f"pipeline_sides:{side}", {**self._urls, "file": str(self._file(side))})
        facts = {name: found[name] for name in ("written", "bytes")}
        return Work(self.events, found["seconds"], self.events / found["seconds"], found["cpu_ms"], facts)

"""Searches as shops are asked them, the n-th most wanted an n-th as often as the first, with answers kept and without.

Told apart from `search_facets`, where nothing is kept: this says what is gained where many want the same.
"""

import random
from collections.abc import Callable

from doorbuster.bench import frame, ground, search_facets, wrk
from doorbuster.bench.frame import Result, Side, Work
from doorbuster.bench.ground import Ground
from doorbuster.bench.http_client import request
from doorbuster.bench.options import Options

LOOKED_AT = 100  # of their answers
SECONDS = {"ours": "1", "limit": "0"}  # so old an answer may be
VARIABLE = "KEPT_SEARCH_SECONDS"


def run(ground_: Ground, options: Options) -> list[Result]:
    """Searches a second, `limit` the same process with nothing kept; and p95, `limit` Elasticsearch asked the same."""
    ground_.use(ground.CATALOG)
    ground_.filled()
    ground_.merged()
    names = [row["name"] for row in ground_.fetch("SELECT name FROM product ORDER BY id")]
    choice, url = random.Random(7), ground_.environment["READ_API_URL"]
    paths = [search_facets.search(choice.choice(names)) for _ in range(options.searches)]
    told = search_facets.recorded(ground_, paths)
    asked = [request("GET", url + path) for path in told]
    folder = ground.own_folder(ground_, "kept_searches")
    ground_.only("read-api")
    wrk.Target(folder, "looked_at", url, asked[:LOOKED_AT]).check(search_facets.has_facets)
    wanted = wrk.Target(folder, "wanted", url, asked, ranked=True)
    elasticsearch = ground_.environment["ELASTICSEARCH_URL"]
    bare = wrk.Target(folder, "bare", elasticsearch, list(told.values()), ranked=True)

    def work(target: wrk.Target) -> Work:
        return target.run(options.searchers, options.seconds, wrk.rate)

    ground_.warm(wanted, options)
    sides: dict[str, Side] = {"ours": lambda: work(wanted), "limit": lambda: work(wanted), "bare": lambda: work(bare)}
    done = frame.in_turns(options.turns(), sides, ground_.roots, _keeping(ground_))
    ground_.environment[VARIABLE] = SECONDS["limit"]
    ground_.only()
    asked_by = {"connections": options.searchers, "searches": len(asked), "products": len(names)}
    setting = {**asked_by, "seconds": SECONDS["ours"]}
    rates = {side: done[side] for side in ("ours", "limit")}
    p95 = {"ours": frame.by_fact(done["ours"], "p95_ms"), "limit": frame.by_fact(done["bare"], "p95_ms")}
    return [
        frame.result("kept_searches", rates, unit="searches/s", setting=setting),
        frame.result("kept_searches_p95", p95, unit="ms, p95", better="lower", setting=setting),
    ]


def _keeping(ground_: Ground) -> Callable[[str], None]:
    """Before each round a new process, which keeps what that side keeps."""

    def prepare(side: str) -> None:
        ground_.only()
        if side in SECONDS:
            ground_.environment[VARIABLE] = SECONDS[side]
            ground_.only("read-api")
        ground_.until_quiet()

    return prepare

"""Product pages as shops are asked for them: the n-th most wanted an n-th as often as the first, a tenth of them kept.

Two lines from the same rounds. The share of questions that Redis was not asked: `limit` is what a tenth could answer at
best, that which always holds the most wanted, as if somebody had told it beforehand. And how many were answered in a
second, beside a bare handler that sends as many bytes.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from doorbuster.bench import frame, ground, http_client, product_page, wrk
from doorbuster.bench.frame import Invalid, Result, Round, Side, Work
from doorbuster.bench.ground import Ground
from doorbuster.bench.http_client import request
from doorbuster.bench.options import Options
from shared.documents.products import PAGE

KEPT = 10  # of so many, one is kept
LOOKED_AT = 1000
WARM = 80  # questions for each place that is kept, before the first round
LONGEST_WARM = 300.0  # seconds


def run(ground_: Ground, options: Options) -> list[Result]:
    """The process keeps a tenth of the products' pages, and learns which before the first round."""
    ground_.use(ground.CATALOG)
    ids = [row["id"] for row in ground_.fetch("SELECT id FROM product ORDER BY md5(id::text)")]
    ground_.filled()
    ground_.only()
    ground_.environment["KEPT_PAGES"] = str(len(ids) // KEPT)
    ground_.only("read-api")
    url = ground_.environment["READ_API_URL"]
    asked = [request("GET", f"{url}/v1/products/{id_}") for id_ in ids]
    _looked_at, bare = product_page.beside_bare(ground_, "kept_pages", url, asked[:LOOKED_AT])
    folder = ground.own_folder(ground_, "kept_pages")
    wanted = wrk.Target(folder, "wanted", url, asked, ranked=True)
    _warm(wanted, options, len(ids) // KEPT)
    sides: dict[str, Side] = {
        "ours": lambda: _round(wanted, url, options),
        "bare": lambda: bare.run(options.connections, options.seconds, wrk.rate),
    }
    done = frame.in_turns(options.turns(), sides, ground_.roots, ground_.until_quiet)
    ground_.stop("bare")
    ground_.only()
    del ground_.environment["KEPT_PAGES"]
    return _lines(done, len(ids), options)


def _lines(done: Mapping[str, list[Round]], products: int, options: Options) -> list[Result]:
    best = at_best(products)
    share = {"ours": done["ours"], "limit": [frame.target(round_, best) for round_ in done["ours"]]}
    rates = {"ours": frame.by_fact(done["ours"], "per_second"), "limit": done["bare"]}
    setting = {"connections": options.connections, "products": products, "kept": products // KEPT}
    return [
        frame.result("kept_pages", share, unit="of questions", setting=setting),
        frame.result("kept_pages_rate", rates, unit="answers/s", setting=setting),
    ]


def at_best(things: int) -> float:
    """The share of questions that are for the most wanted tenth."""
    shares = [1 / rank for rank in range(1, things + 1)]
    return sum(shares[: things // KEPT]) / sum(shares)


def _warm(wanted: wrk.Target, options: Options, places: int) -> None:
    seconds = wanted.run(options.connections, options.seconds, wrk.rate)
    wanted.run(options.connections, min(LONGEST_WARM, WARM * places / seconds.value), wrk.rate)


def _round(wanted: wrk.Target, url: str, options: Options) -> Work:
    hits, misses = _told(url)

    def share(_facts: dict[str, Any]) -> float:
        hits_now, misses_now = _told(url)
        asked = hits_now - hits + misses_now - misses
        if not asked:
            raise Invalid("nothing was kept: Redis tells no writes")
        return (hits_now - hits) / asked

    return wanted.run(options.connections, options.seconds, share)


def _told(url: str) -> tuple[float, float]:
    [timed] = asyncio.run(http_client.ask_all(url, [request("GET", f"{url}/metrics")], 1))
    lines = [line.split() for line in timed.answer.body.decode().splitlines() if not line.startswith("#")]
    told = {line[0]: float(line[-1]) for line in lines}
    hits, misses = (f'doorbuster_kept_{what}_total{{read_model="{PAGE}"}}' for what in ("hits", "misses"))
    return told.get(hits, 0.0), told.get(misses, 0.0)

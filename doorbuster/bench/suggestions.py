"""Suggestions for what is typed: beginnings of the catalog's names, one of five with a slip. `limit` is the target."""

import random
from urllib.parse import quote

from doorbuster.bench import frame, ground, wrk
from doorbuster.bench.frame import Result, Side
from doorbuster.bench.ground import Ground
from doorbuster.bench.http_client import request
from doorbuster.bench.options import Options

TARGET_MS = 30.0
TYPED = 300
SLIPS = 0.2
LONGEST = 10  # characters
_choice = random.Random(5)


def run(ground_: Ground, options: Options) -> list[Result]:
    """p95 over kept connections; nothing is kept between two answers."""
    ground_.use(ground.CATALOG)
    ground_.filled()
    ground_.merged()
    names = [row["name"] for row in ground_.fetch("SELECT name FROM product ORDER BY id")]
    ground_.only("read-api")
    url = ground_.environment["READ_API_URL"]
    begun = [typed(_choice.choice(names)) for _ in range(min(TYPED, options.searches))]
    asked = [request("GET", f"{url}/v1/suggestions?q={quote(text)}") for text in begun]
    ours = wrk.Target(ground.own_folder(ground_, "suggestions"), "ours", url, asked)
    ours.check(lambda answer: b'"products":' in answer.body)
    sides: dict[str, Side] = {
        "ours": lambda: ours.run(options.searchers, options.seconds, lambda facts: facts["p95_ms"])
    }
    ground_.warm(ours, options)
    done = frame.in_turns(options.turns(), sides, ground_.roots, ground_.until_quiet)
    pair = {"ours": done["ours"], "limit": [frame.target(round_, TARGET_MS) for round_ in done["ours"]]}
    setting = {"connections": options.searchers, "products": len(names), "target_ms": TARGET_MS}
    return [frame.result("suggestions", pair, unit="ms, p95", better="lower", setting=setting)]


def typed(name: str) -> str:
    """A beginning of a name, from one of its words on, two letters at least; one of five with a slip."""
    words = name.split()
    told = " ".join(words[_choice.randrange(len(words)) :])
    begun = told[: _choice.randint(2, LONGEST)]
    if len(begun) < 4 or _choice.random() >= SLIPS:
        return begun
    at = _choice.randrange(1, len(begun))
    return begun[:at] + begun[at + 1 :]

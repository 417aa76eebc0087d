"""Everybody wants one SKU: orders by the command handler, in batches as they gather, against one order a call.

Whole orders, rows and events, on real Postgres; HTTP is left out, so that many can wait without being many clients. The
limit is the same handler whose batches hold one order (`alone`), with as many waiting.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from doorbuster.bench import children, frame, placing
from doorbuster.bench.frame import Invalid, Result, Round, Side, Work
from doorbuster.bench.ground import Ground
from doorbuster.bench.options import Options
from doorbuster.bench.pgbench import SCRIPTS
from doorbuster.bench.placing import Prepared

MOST_ROUNDS = 3
COPIES = 1000  # quotes made by one call
Stack = list[Prepared]


def run(ground: Ground, options: Options) -> list[Result]:
    """A line for the most waiting buyers and one write process; fewer buyers and more processes stand in it."""
    ground.use("hot_sku")
    ground.only("write-api")
    [template] = placing.prepare(ground, 1, lines=1)
    ground.only()
    ground.execute((SCRIPTS / "copying.sql").read_text())
    done = {count: _rounds(ground, options, template, count) for count in options.writers}
    first, *others = options.writers
    further = {
        "per_second": _told(done[first]),
        "writers": {str(count): _told(done[count]) for count in others},
        "of_its_rate_at_fewest": _kept(done[first], options),
    }
    setting = {"waiting": max(options.waiting), "writers": first, "lines": 1}
    return [frame.result("hot_sku", done[first], unit="orders/s", setting=setting, further=further)]


def _rounds(ground: Ground, options: Options, template: Prepared, writers: int) -> dict[str, list[Round]]:
    """`ours` and `limit` are those with the most waiting; `at_N` and `alone_at_N` the others."""
    *fewer, most = sorted(options.waiting)
    plan = {"ours": (most, False), "limit": (most, True)}
    plan |= {f"at_{waiting}": (waiting, False) for waiting in fewer}
    plan |= {f"alone_at_{waiting}": (waiting, True) for waiting in fewer[:1]}
    rounds = options.turns(MOST_ROUNDS)
    stacks = {
        name: [_quotes(ground, template, _orders(options, waiting)) for _ in range(rounds.total)]
        for name, (waiting, _) in plan.items()
    }
    sides: dict[str, Side] = {
        name: partial(_sell, ground, stacks[name], waiting, alone, writers) for name, (waiting, alone) in plan.items()
    }
    return frame.in_turns(rounds, sides, ground.roots, ground.until_quiet)


def _orders(options: Options, waiting: int) -> int:
    """Of one round: half as many again as wait, so that most of the time as many wait."""
    return max(min(options.most_orders, 1000), waiting + waiting // 2)


def _quotes(ground: Ground, template: Prepared, count: int) -> Stack:
    made: Stack = []
    while len(made) < count:
        copies = min(COPIES, count - len(made))
        rows = ground.fetch("SELECT * FROM bench.copy_quote($1::text::uuid, $2)", template.quote_id, copies)
        made += [Prepared(str(row["quote_id"]), str(row["cart_id"])) for row in rows]
    return made


def _sell(ground: Ground, stacks: list[Stack], waiting: int, alone: bool, writers: int) -> Work:
    quotes = stacks.pop()
    given = [
        {
            "url": ground.environment["DATABASE_URL"],
            "quotes": [(one.quote_id, one.secret) for one in quotes[n::writers]],
            "waiting": max(1, waiting // writers),
            "alone": alone,
        }
        for n in range(writers)
    ]
    with ThreadPoolExecutor(writers) as threads:
        found = list(threads.map(partial(children.call, "selling:sell"), given))
    orders = sum(one["orders"] for one in found)
    if orders != len(quotes):
        raise Invalid(f"{orders} orders of {len(quotes)} quotes")
    seconds = max(one["ended"] for one in found) - min(one["began"] for one in found)
    cpu_ms = sum(one["cpu_ms"] for one in found)
    slowest = max(one["p99_ms"] for one in found)
    return Work(orders, seconds, orders / seconds, cpu_ms, {"p99_ms": slowest}, load="handler")


def _told(done: Mapping[str, Sequence[Round]]) -> dict[str, object]:
    rates = {name: frame.Spread.of([each.work.value for each in rounds]) for name, rounds in done.items()}
    return {name: {"rate": rate, "cpu_ms_per_op": frame.cpu_per_op(done[name])} for name, rate in rates.items()}


def _kept(done: Mapping[str, Sequence[Round]], options: Options) -> float:
    """What the most waiting leave of the rate at the fewest, round by round, the median."""
    few = done.get(f"at_{min(options.waiting)}", done["ours"])
    pairs = zip(done["ours"], few, strict=True)
    return frame.Spread.of([many.work.value / least.work.value for many, least in pairs]).median

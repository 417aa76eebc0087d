"""Placing orders over HTTP, against a fixed minimal reference in pgbench, and beside pgbench calling our function.

The read models' side stands still meanwhile, as nobody reads the reference's events either; what is reached with all of
our processes at work is told apart, as `everything_running`.
"""

from collections.abc import Mapping, Sequence

from doorbuster.bench import frame, own_function, pgbench, placing
from doorbuster.bench.frame import Result, Round, Side, Spread
from doorbuster.bench.ground import Ground
from doorbuster.bench.options import Options
from doorbuster.bench.pgbench import SCRIPTS

PILOT = 200  # orders that tell how many make a round
FEWEST = 20
BUSY_ROUNDS = 2


def run(ground: Ground, options: Options) -> list[Result]:
    """A line for the first number of connections; the others stand in it under `at`."""
    ground.use("placing")
    ground.only("write-api")
    reference = ground.database("reference", (SCRIPTS / "reference.sql").read_text())
    pilot = placing.work(ground, placing.prepare(ground, min(PILOT, options.most_orders)), options.buyers[0])
    orders = min(max(FEWEST, int(pilot.value * options.seconds)), options.most_orders)
    first, *others = options.buyers
    done = {buyers: _rounds(ground, options, reference, buyers, orders) for buyers in options.buyers}
    function = {buyers: own_function.measure(ground, options, buyers, orders) for buyers in options.buyers}
    further = {
        "function": function[first],
        "at": {str(buyers): {**_told(done[buyers]), "function": function[buyers]} for buyers in others},
        "everything_running": _everything_running(ground, options, orders),
    }
    setting = {"connections": first, "orders_a_round": orders, "lines": placing.LINES, "seconds": options.seconds}
    result = frame.result("place_order", done[first], unit="orders/s", setting=setting, further=further)
    ground.reached["place_order"] = result.ours
    return [result]


def _rounds(ground: Ground, options: Options, reference: str, buyers: int, orders: int) -> dict[str, list[Round]]:
    quotes = _stacks(ground, orders, options.turns().total)
    seconds = str(max(1, round(options.seconds)))
    sides: dict[str, Side] = {
        "ours": lambda: placing.work(ground, quotes.pop(), buyers),
        "limit": lambda: pgbench.run(reference, SCRIPTS / "reference.pgbench", buyers, ["-T", seconds]),
    }
    return frame.in_turns(options.turns(), sides, ground.roots, ground.until_quiet)


def _stacks(ground: Ground, orders: int, rounds: int) -> list[list[placing.Prepared]]:
    """Quotes for so many rounds."""
    made = placing.prepare(ground, orders * rounds)
    return [made[n * orders : (n + 1) * orders] for n in range(rounds)]


def _told(done: Mapping[str, Sequence[Round]]) -> dict[str, object]:
    """The figures of one number of connections."""
    result = frame.result("", done, unit="", setting={})
    costs = {"cpu_ms_per_op": result.cpu_ms_per_op, "limit_cpu_ms_per_op": result.limit_cpu_ms_per_op}
    figures = {"ours": result.ours, "limit": result.limit, "ratio": result.ratio}
    return {**figures, **costs, "noise": result.noise, "facts": result.further}


def _everything_running(ground: Ground, options: Options, orders: int) -> dict[str, object]:
    """The rate while the worker, the relay, the projector and both simulators do their work beside it."""
    rounds = options.turns(BUSY_ROUNDS)
    ground.use("placing_busy")
    ground.filled()
    ground.only("write-api", "worker", "projector", "read-api")
    quotes = _stacks(ground, orders, rounds.total)
    sides = {"busy": lambda: placing.work(ground, quotes.pop(), options.buyers[0])}
    done = frame.in_turns(rounds, sides, ground.roots, ground.until_quiet)
    rate = Spread.of([round_.work.value for round_ in done["busy"]])
    return {"per_second": rate, "cpu_ms_per_op": frame.cpu_per_op(done["busy"]), "latency": frame.facts(done)["busy"]}

"""Placing orders over HTTP, against a fixed minimal reference in pgbench, and against pgbench calling our function.

The read models' side stands still meanwhile, as nobody reads the reference's events either; what is reached with all of
our processes at work is told apart, as `everything_running`.
"""

from collections.abc import Mapping, Sequence

from doorbuster.bench import frame, pgbench, placing
from doorbuster.bench.frame import Invalid, Result, Round, Side, Spread
from doorbuster.bench.ground import Ground
from doorbuster.bench.options import Options
from doorbuster.bench.pgbench import SCRIPTS

PILOT = 200  # orders that tell how many make a round
FEWEST = 20
MOST_OF_THE_FUNCTION = 1000  # orders of a round of our function: half a second or so, and each needs a quote as well
BUSY_ROUNDS = 2
_AS_THE_APP = "-c role=doorbuster_app -c synchronous_commit=on"


def run(ground: Ground, options: Options) -> list[Result]:
    """A line for the first number of connections; the others stand in it under `at`."""
    ground.use("placing")
    ground.only("write-api")
    reference = ground.database("reference", (SCRIPTS / "reference.sql").read_text())
    pilot = placing.work(ground, placing.prepare(ground, min(PILOT, options.most_orders)), options.buyers[0])
    orders = min(max(FEWEST, int(pilot.value * options.seconds)), options.most_orders)
    done = {buyers: _rounds(ground, options, reference, buyers, orders) for buyers in options.buyers}
    first, *others = options.buyers
    further = {
        "function": _function(done[first]),
        "at": {str(buyers): _told(done[buyers]) for buyers in others},
        "everything_running": _everything_running(ground, options, orders),
    }
    setting = {"connections": first, "orders_a_round": orders, "lines": placing.LINES, "seconds": options.seconds}
    result = frame.result("place_order", done[first], unit="orders/s", setting=setting, further=further)
    ground.reached["place_order"] = result.ours
    return [result]


def _rounds(ground: Ground, options: Options, reference: str, buyers: int, orders: int) -> dict[str, list[Round]]:
    each = max(1, min(orders, MOST_OF_THE_FUNCTION) // buyers)
    quotes = _stacks(ground, orders, options.rounds + 1)
    _record(ground, each * buyers * (options.rounds + 1))
    url = ground.environment["DATABASE_URL"]
    seconds = str(max(1, round(options.seconds)))
    sides: dict[str, Side] = {
        "ours": lambda: placing.work(ground, quotes.pop(), buyers),
        "limit": lambda: pgbench.run(reference, SCRIPTS / "reference.pgbench", buyers, ["-T", seconds]),
        "function": lambda: pgbench.run(url, SCRIPTS / "function.pgbench", buyers, ["-t", str(each)], _AS_THE_APP),
    }
    done = frame.in_turns(options.rounds, sides, ground.roots, ground.until_quiet)
    _check_recorded(ground)
    return done


def _stacks(ground: Ground, orders: int, rounds: int) -> list[list[placing.Prepared]]:
    """Quotes for so many rounds."""
    made = placing.prepare(ground, orders * rounds)
    return [made[n * orders : (n + 1) * orders] for n in range(rounds)]


def _record(ground: Ground, count: int) -> None:
    """The very commands that the command API sends for so many quotes, in the table `bench.command`."""
    prepared = placing.prepare(ground, count)
    [row] = ground.fetch("SELECT pg_get_functiondef('orders_place(jsonb)'::regprocedure) AS ours")
    ground.execute((SCRIPTS / "recording.sql").read_text())
    ground.execute("TRUNCATE bench.command RESTART IDENTITY; ALTER SEQUENCE bench.turn RESTART")
    placing.place(ground, prepared)
    ground.execute(f"{row['ours']}; ANALYZE bench.command")
    [row] = ground.fetch("SELECT count(*) AS recorded FROM bench.command")
    if row["recorded"] != count:
        raise Invalid(f"{row['recorded']} commands were recorded, not {count}")


def _check_recorded(ground: Ground) -> None:
    """pgbench doesn't look at what it is answered: each command must have left its order."""
    [row] = ground.fetch(
        """SELECT count(*) AS missing FROM bench.command AS c
           WHERE NOT EXISTS (SELECT FROM customer_order AS o WHERE o.id = (c.command::jsonb ->> 'order_id')::uuid)"""
    )
    if row["missing"]:
        raise Invalid(f"{row['missing']} orders were not placed by pgbench")


def _told(done: Mapping[str, Sequence[Round]]) -> dict[str, object]:
    """The figures of one number of connections."""
    result = frame.result("", done, unit="", setting={})
    costs = {"cpu_ms_per_op": result.cpu_ms_per_op, "limit_cpu_ms_per_op": result.limit_cpu_ms_per_op}
    figures = {"ours": result.ours, "limit": result.limit, "ratio": result.ratio}
    return {**figures, **costs, "noise": result.noise, "facts": result.further, "function": _function(done)}


def _function(done: Mapping[str, Sequence[Round]]) -> dict[str, object]:
    """pgbench calling our function: what Python and HTTP take is the difference."""
    rate = Spread.of([round_.work.value for round_ in done["function"]])
    reference = Spread.of([round_.work.value for round_ in done["limit"]])
    return {
        "per_second": rate.median,
        "of_the_reference": float(f"{rate.median / reference.median:.4g}"),
        "cpu_ms_per_op": frame.cpu_per_op(done["function"]),
    }


def _everything_running(ground: Ground, options: Options, orders: int) -> dict[str, object]:
    """The rate while the worker, the relay, the projector and both simulators do their work beside it."""
    ground.use("placing_busy")
    ground.filled()
    ground.only("write-api", "worker", "projector", "read-api")
    quotes = _stacks(ground, orders, BUSY_ROUNDS + 1)
    sides = {"busy": lambda: placing.work(ground, quotes.pop(), options.buyers[0])}
    done = frame.in_turns(BUSY_ROUNDS, sides, ground.roots, ground.until_quiet)
    rate = Spread.of([round_.work.value for round_ in done["busy"]])
    return {"per_second": rate, "cpu_ms_per_op": frame.cpu_per_op(done["busy"]), "latency": frame.facts(done)["busy"]}

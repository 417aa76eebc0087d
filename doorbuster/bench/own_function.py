"""pgbench calling our own `orders_place`, with the very commands that the command API sends: placing an order without
Python and HTTP.

A new connection first has to plan all that the function does, some 30 ms of CPU that a pool pays once. So each round is
run short and long, and the difference of both is the figure: what an order costs on connections that know their plans.
"""

import statistics
from collections.abc import Sequence

from doorbuster.bench import frame, pgbench, placing
from doorbuster.bench.frame import Invalid, Round, Side
from doorbuster.bench.ground import Ground
from doorbuster.bench.options import Options
from doorbuster.bench.pgbench import SCRIPTS
from write_side.database import LIMITS

ROUNDS = 2
WARM = 20  # orders of each connection in the short round: after five executions Postgres keeps its plans
MOST = 1000  # orders that the long round has more: each needs a cart and a quote
_AS_THE_APP = " ".join(f"-c {name}={value}" for name, value in LIMITS.items())  # its plans, too


def measure(ground: Ground, options: Options, buyers: int, orders: int) -> dict[str, object]:
    """Orders per second over so many connections, and their CPU."""
    rounds = options.turns(ROUNDS)
    more = max(1, min(orders, MOST) // buyers)
    short = min(WARM, more)
    _record(ground, (short + short + more) * buyers * rounds.total)
    url = ground.environment["DATABASE_URL"]

    def side(each: int) -> Side:
        return lambda: pgbench.run(url, SCRIPTS / "function.pgbench", buyers, ["-t", str(each)], _AS_THE_APP)

    sides = {"short": side(short), "long": side(short + more)}
    done = frame.in_turns(rounds, sides, ground.roots, ground.until_quiet)
    _check_recorded(ground)
    return _told(done["short"], done["long"])


def _told(short: Sequence[Round], long: Sequence[Round]) -> dict[str, object]:
    """The long rounds less the short ones."""
    orders = long[0].work.operations - short[0].work.operations
    seconds = _middle([one.work.seconds for one in long]) - _middle([one.work.seconds for one in short])
    rate = orders / seconds if seconds > 0 else _middle([one.work.value for one in long])  # so short that noise decides
    costs = {
        name: (_spent(long, name) - _spent(short, name)) / orders
        for name in ("postgres", "load")  # what others spend has no part in it
    }
    return {"per_second": float(f"{rate:.4g}"), "cpu_ms_per_op": {k: float(f"{v:.4g}") for k, v in costs.items()}}


def _spent(rounds: Sequence[Round], program: str) -> float:
    return _middle([one.cpu_ms_per_op.get(program, 0.0) * one.work.operations for one in rounds])


def _middle(values: Sequence[float]) -> float:
    return statistics.median(values)


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

"""`doorbuster bench`: ours against the bare limit, in pairs."""

import argparse
import math

from doorbuster.arguments import count

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    bench = words.add_parser("bench", help="measure against the bare limits, see docs/benchmarks.md")
    bench.add_argument("names", nargs="*", metavar="NAME", help="which ones (all)")
    bench.add_argument("--seconds", type=_some_seconds, help="of one round of one side")
    bench.add_argument("--rounds", type=count, help="of each side, in turns")
    bench.add_argument("--products", type=count, help="in the sample catalog")
    bench.add_argument("--connections", type=count, help="that ask for pages")
    bench.add_argument("--searchers", type=count, help="connections that search")
    bench.add_argument("--searches", type=count, help="different ones that kept_searches asks")
    bench.add_argument("--warm", type=_seconds, metavar="SECONDS", help="of searches before they are measured (20)")
    bench.add_argument("--buyers", type=_counts, metavar="N,N…", help="connections that place orders")
    bench.add_argument("--most-orders", type=count, help="placed in one round")
    bench.add_argument("--waiting", type=_counts, metavar="N,N…", help="buyers of the hot SKU")
    bench.add_argument("--writers", type=_counts, metavar="N,N…", help="write processes that hot_sku is measured with")
    bench.add_argument("--import-rows", type=count, help="in the file that is imported")
    bench.add_argument("--rebuilt", type=count, help="products whose read models are rebuilt")
    bench.add_argument("--arrivals", type=_counts, metavar="N,N…", help="orders/s that event_lag is measured at")
    bench.add_argument("--cold", action="store_true", help="no round goes first or waits for calm: just to see it work")
    bench.set_defaults(run=_bench)


def _counts(text: str) -> tuple[int, ...]:
    return tuple(count(number) for number in text.split(","))


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError("from 0 on")
    return seconds


def _some_seconds(text: str) -> float:
    if not (seconds := _seconds(text)):
        raise argparse.ArgumentTypeError("more than 0")
    return seconds


def _bench(given: argparse.Namespace) -> int:
    from doorbuster.bench import run
    from doorbuster.bench.options import Options

    told = {name: value for name, value in vars(given).items() if value is not None}
    chosen = {name: value for name, value in told.items() if name in Options.__struct_fields__}
    return run.run(given.names, Options(**chosen))

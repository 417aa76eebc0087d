"""`doorbuster load`: shoppers in numbers, then the invariants."""

import argparse
import asyncio
import sys
from pathlib import Path

from doorbuster.arguments import count
from doorbuster.home import Home

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    load = words.add_parser("load", help="let shoppers in, tell how it went, check the invariants; exit 0 if all held")
    load.add_argument("--users", type=count, default=50, help="shoppers at the same time (50)")
    load.add_argument("--minutes", type=float, default=2.0, help="how long, after the warm-up (2)")
    load.add_argument("--warm-up", type=float, default=30.0, metavar="SECONDS", help="not counted (30)")
    load.add_argument("--haste", type=float, default=1.0, metavar="N", help="divides think times of 1 to 10 s (1)")
    load.add_argument("--most-failures", type=float, default=1.0, metavar="PERCENT", help="of all requests (1)")
    load.add_argument("--catalog", type=Path, metavar="FILE", help="to import (the real one or a made-up one)")
    load.set_defaults(run=_load)


def _load(given: argparse.Namespace) -> int:
    from doorbuster import catalog_import
    from doorbuster.demo.shop import Refused
    from doorbuster.demo.steps import Broken
    from doorbuster.load import report, run
    from doorbuster.load.shoppers import Crowd, Failed
    from doorbuster.running import StartFailed

    crowd = Crowd(given.users, given.minutes * 60, given.warm_up, given.haste)
    wanted = run.Wanted(crowd, given.most_failures / 100, given.catalog)
    try:
        found = asyncio.run(run.run(Home.default(), wanted))
    except (Failed, StartFailed, Refused, Broken, *catalog_import.FAILURES) as error:
        print(f"\nno load: {error}", file=sys.stderr)
        return 2
    print(f"\n{report.table(found)}\n\n{report.line(found)}")
    return 0 if found.holds else 1

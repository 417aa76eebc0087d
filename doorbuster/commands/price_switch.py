"""`doorbuster price-switch`: how fast a promotion stands in every price of a running shop."""

import argparse
import asyncio
import sys

from doorbuster.arguments import count
from doorbuster.home import Home

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    switch = words.add_parser("price-switch", help="measure how fast a promotion stands in every price: docs/prices.md")
    switch.add_argument("--ahead", type=float, default=120.0, metavar="SECONDS", help="it is announced (120)")
    switch.add_argument("--searchers", type=count, default=8, help="who search all the while (8)")
    switch.add_argument("--some", action="store_true", help="off 40 products instead of everything: this needs slots")
    switch.set_defaults(run=_switch)


def _switch(given: argparse.Namespace) -> int:
    import msgspec

    from doorbuster import state
    from doorbuster.demo.shop import Refused
    from doorbuster.price_switch import run
    from doorbuster.running import StartFailed

    found = state.read_live(Home.default())
    if found is None:
        print("no shop runs here: doorbuster up", file=sys.stderr)
        return 2
    try:
        told = asyncio.run(run.run(found.environment, run.Wanted(given.ahead, given.searchers, given.some)))
    except (run.Broken, Refused, StartFailed) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 1
    print(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
    return 0

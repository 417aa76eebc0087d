"""`doorbuster demo`: see it work."""

import argparse
import asyncio
import sys

from doorbuster.home import Home

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    demo = words.add_parser("demo", help="start everything, import a catalog, buy, rush; exit 0 if all held")
    demo.set_defaults(run=_demo)


def _demo(_: argparse.Namespace) -> int:
    from doorbuster.demo import show
    from doorbuster.demo.shop import Refused
    from doorbuster.demo.steps import Broken
    from doorbuster.running import StartFailed

    try:
        asyncio.run(show.run(Home.default()))
    except (Broken, Refused, StartFailed) as error:
        print(f"\nThis did not hold: {error}", file=sys.stderr)
        return 1
    return 0

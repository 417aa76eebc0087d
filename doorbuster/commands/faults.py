"""`doorbuster faults`: real servers and processes are mistreated while orders flow, and an oracle looks."""

import argparse
import asyncio
import shutil
import sys
import time

from doorbuster.arguments import count
from doorbuster.home import Home

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    faults = words.add_parser("faults", help="kill, stop and cut off what runs, see docs/faults.md; exit 0 if all held")
    faults.add_argument("only", nargs="*", metavar="WHICH", help="numbers, or words of names (all)")
    faults.add_argument("--seed", type=int, help="of all that is left to chance (the time)")
    faults.add_argument("--rate", type=float, default=10.0, help="orders a second, on average (10)")
    faults.add_argument(
        "--haste", type=float, default=1.0, metavar="N", help="divides how long orders flow at least (1)"
    )
    faults.add_argument("--crowd", type=count, default=1000, metavar="N", help="buyers of scenario 18 (1000)")
    faults.add_argument("--list", action="store_true", help="name them, run none")
    faults.set_defaults(run=_faults)


def _faults(given: argparse.Namespace) -> int:
    from doorbuster.faults import report, run, scenarios, stage

    words = given.only
    chosen = [each for each in scenarios.ALL if not words or any(_means(w, each.number, each.name) for w in words)]
    if given.list or not chosen:
        for each in chosen or scenarios.ALL:
            print(f"{each.number:>2}  {each.name:<44}  {each.expected}")
        return 0 if given.list else 2
    seed = int(time.time()) if given.seed is None else given.seed
    home = Home.default()
    histories = home.folder / "faults" / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-seed-{seed}"
    with home.lock("faults", wait=False) as mine:
        if not mine:
            print("another run of the faults is at work in this home", file=sys.stderr)
            return 2
        report.say(f"seed {seed}; the shop opens")
        with stage.opened(Home(home.folder / "faults" / "stage")) as shop:
            wanted = run.Wanted(seed, given.rate, crowd=given.crowd, haste=given.haste)
            try:
                outcomes = asyncio.run(run.play(shop, chosen, wanted, histories))
            finally:
                shutil.copytree(shop.home.logs, histories / "logs", dirs_exist_ok=True)
    report.say(f"\n{report.table(outcomes)}\n\nseed {seed}; what was done and seen, event by event: {histories}")
    return 0 if all(outcome.verdict == "ok" for outcome in outcomes) else 1


def _means(word: str, number: int, name: str) -> bool:
    return word == str(number) or (not word.isdigit() and word.lower() in name.lower())

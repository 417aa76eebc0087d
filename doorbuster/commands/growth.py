"""`doorbuster growth`: what grows with the catalog, and how."""

import argparse
from pathlib import Path

from doorbuster.arguments import count
from doorbuster.home import Home

Words = argparse._SubParsersAction  # argparse has no public name for it
DOCS = Path(__file__).parents[2] / "docs"


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word, with its own two."""
    growth = words.add_parser("growth", help="measure one shop at several sizes, and draw it: docs/growth.md")
    steps = growth.add_subparsers(metavar="STEP", required=True)
    measure = steps.add_parser("measure", help="the sizes that have no line yet, one after the other")
    measure.add_argument("--sizes", type=count, nargs="+", default=[20_000, 100_000, 1_000_000], metavar="PRODUCTS")
    measure.add_argument("--seconds", type=float, default=3.0, help="of one round (3)")
    measure.add_argument("--rounds", type=count, default=2, help="of each side, in turns, behind one to warm up (2)")
    shop = Home.default().folder / "growth"
    measure.add_argument(
        "--keep",
        action="store_const",
        const=shop,
        dest="home",
        help=f"let the shop stay in {shop}, or measure the one that stands there; a run that died is gone on with",
    )
    measure.add_argument("--home", type=Path, metavar="FOLDER", help="the same in another folder")
    measure.set_defaults(run=_measure)
    draw = steps.add_parser("draw", help="the chart and the tables, from the lines")
    draw.add_argument("--to", type=Path, default=DOCS, metavar="FOLDER", help="with growth.svg and growth.md (docs)")
    draw.set_defaults(run=_draw)
    for step in (measure, draw):
        lines = Home.default().folder / "growth.jsonl"
        step.add_argument("--lines", type=Path, default=lines, metavar="FILE", help=f"a line for each size ({lines})")


def _measure(given: argparse.Namespace) -> int:
    from doorbuster.bench.growth import run

    return run.run(run.Wanted(given.sizes, given.seconds, given.rounds, given.lines, given.home))


def _draw(given: argparse.Namespace) -> int:
    from doorbuster.bench.growth import drawing

    return drawing.draw(given.lines, given.to)

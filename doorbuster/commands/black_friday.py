"""`doorbuster black-friday`: the rehearsal, its report, and how it compares with an earlier one."""

import argparse
import asyncio
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doorbuster.arguments import count
from doorbuster.home import Home

if TYPE_CHECKING:
    from doorbuster.rehearsal.report import Report

Words = argparse._SubParsersAction  # argparse has no public name for it
NAMES = ("steady", "peak", "doorbuster", "waiting-room", "outage", "projector", "deploy")


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    rehearsal = words.add_parser("black-friday", help="rehearse it, see docs/black-friday.md; exit 0 if all held")
    rehearsal.set_defaults(run=_rehearse)
    add = rehearsal.add_argument
    add("--users", type=count, default=100, help="shoppers at the height (100)")
    add("--minutes", type=float, default=5.0, help="from the first shopper to the last (5)")
    add("--profile", choices=NAMES, default="peak", help="how the crowd comes, and what goes wrong meanwhile (peak)")
    add("--haste", type=float, default=1.0, metavar="N", help="divides think times of 1 to 10 s (1)")
    add("--eagerness", type=float, default=1.0, metavar="N", help="multiplies how often carts are filled (1)")
    add("--units", type=count, default=100, help="of the one SKU that all want in doorbuster and waiting-room (100)")
    add("--per-minute", type=count, help="turns of the profile waiting-room (as many as bring everybody's)")
    add("--generators", type=count, default=1, help="processes that shoppers are shared out among (1)")
    add("--catalog", type=Path, metavar="FILE", help="to import (the real one or a made-up one)")
    add("--web", type=count, metavar="PORT", help="with Locust's web page")
    add("--compare", type=Path, metavar="REPORT", help="an earlier report (the last one of the profile)")


def _rehearse(given: argparse.Namespace) -> int:
    from doorbuster import catalog_import
    from doorbuster.bench.frame import Invalid
    from doorbuster.demo.shop import Refused
    from doorbuster.demo.steps import Broken
    from doorbuster.load.shoppers import Failed
    from doorbuster.rehearsal import comparing, run
    from doorbuster.rehearsal.profiles import PROFILES
    from doorbuster.running import StartFailed

    home = Home.default()
    wanted = run.Wanted(
        PROFILES[given.profile], given.users, given.minutes * 60, given.haste, given.eagerness, given.units,
        given.generators, given.catalog, given.web, given.per_minute,
    )  # fmt: skip
    try:
        if given.compare:
            comparing.read(given.compare)  # before anything runs: a wrong path should not cost ten minutes
        report = asyncio.run(run.run(home, wanted))
        _write(home, report, given.compare)
    except (Failed, StartFailed, Refused, Broken, Invalid, OSError, ValueError, *catalog_import.FAILURES) as error:
        print(f"\nno rehearsal: {error}", file=sys.stderr)
        return 2
    except Exception:  # whatever it is: as 1 it would say that something judged did not hold
        traceback.print_exc()
        return 2
    return 0 if report.holds else 1


def _write(home: Home, report: "Report", compare: Path | None) -> None:
    """The page and the figures into a folder, the line to standard output."""
    import msgspec

    from doorbuster.rehearsal import comparing
    from doorbuster.rehearsal.page import page
    from doorbuster.rehearsal.report import figures, folder_name, line

    folder = home.folder / "black-friday" / folder_name(report.profile)
    folder.mkdir(parents=True)
    told = figures(report)
    _keep(folder, report, told)  # ahead of all that is read: what was measured is not lost to what went wrong before
    earlier = compare or comparing.last_of(report.profile, folder.parent, folder)
    before = _read(earlier) if earlier else None
    beside = comparing.compared(before, told) if before else []
    unlike = comparing.unlike(before, told) if before else []
    if before:
        told["compared"] = {"with": str(earlier), "unlike": unlike, "figures": msgspec.to_builtins(beside)}
        _keep(folder, report, told)
    name = f"{before['profile']}, {before['began']}" if before else ""
    _replace(folder / "report.html", page(report, beside, unlike, name).encode())
    print(f"\n{folder / 'report.html'}\n\n{line(told)}")


def _read(earlier: Path) -> dict[str, Any] | None:
    """An earlier report; none, with a word, if it can't be read."""
    from doorbuster.rehearsal import comparing

    try:
        return comparing.read(earlier)
    except (OSError, ValueError) as error:
        print(f"\nnot compared: {error}", file=sys.stderr)
        return None


def _keep(folder: Path, report: "Report", told: dict[str, Any]) -> None:
    """The figures, with the curves."""
    import msgspec

    from doorbuster.rehearsal import comparing

    searches = {name: lag.slices for name, lag in report.searches.items()}
    curves = {"slices": report.slices, "lag": report.lag.slices, "searches": searches}
    _replace(folder / comparing.REPORT, msgspec.json.format(msgspec.json.encode({**told, "curves": curves})))


def _replace(file: Path, content: bytes) -> None:
    """All of it at once: whoever reads it never finds half a file."""
    half = file.with_name(f"{file.name}.half")
    half.write_bytes(content)
    half.replace(file)

"""`doorbuster drill`: practise the disaster."""

import argparse
import asyncio
import os
import shutil
import sys

from doorbuster.arguments import count
from doorbuster.home import Home

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    drill = words.add_parser("drill", help="destroy a shop of its own under load, restore it, tell loss and time")
    drill.add_argument("--events", type=count, default=20_000, help="in the log when the disaster comes (20000)")
    drill.add_argument("--seconds", type=float, default=15.0, help="that orders flow before it (15)")
    drill.add_argument("--buyers", type=count, default=16, help="at the same time (16)")
    drill.set_defaults(run=_drill)


def _drill(given: argparse.Namespace) -> int:
    import msgspec

    from doorbuster import catalog_import, running
    from doorbuster.demo.steps import Broken
    from doorbuster.disaster import drill, restoring, serving
    from doorbuster.disaster.archive import BrokenArchive
    from doorbuster.disaster.tools import ToolFailed

    outside = Home.default()
    os.environ["DOORBUSTER_CACHE"] = str(outside.cache)
    home = Home(outside.folder / "drill")
    wanted = drill.Wanted(given.events, given.seconds, given.buyers)
    _forget(home)
    try:
        found = asyncio.run(drill.run(home, wanted))
    except (
        running.StartFailed, restoring.CannotRestore, serving.NotFilled, BrokenArchive, ToolFailed, Broken, OSError,
        *catalog_import.FAILURES,
    ) as error:  # fmt: skip
        print(f"the drill ended early: {error}", file=sys.stderr)
        return 2
    finally:
        running.down(home)
    print(msgspec.json.encode(found).decode())
    _forget(home)
    return 0 if found.drill == "ok" else 1


def _forget(home: Home) -> None:
    for folder in (home.folder / "postgres", home.folder / "keyring"):
        if folder.is_symlink():  # they lie where Postgres' account can get to
            shutil.rmtree(folder.resolve(), ignore_errors=True)
    shutil.rmtree(home.folder, ignore_errors=True)

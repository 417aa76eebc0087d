"""`doorbuster backup` and `restore`."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from doorbuster import environment, state
from doorbuster.arguments import count
from doorbuster.home import Home

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the two words."""
    backup = words.add_parser("backup", help="a base backup of both databases, while they work, into the archive")
    backup.add_argument("--keep", type=count, default=2, metavar="N", help="backups of the log to keep (2)")
    backup.set_defaults(run=_backup)
    restore = words.add_parser("restore", help="bring a stopped home back from the archive, then start everything")
    restore.add_argument("--to", type=_moment, metavar="TIME", help="ISO 8601, UTC unless told (the archive's end)")
    restore.add_argument("--archive", type=Path, metavar="FOLDER", help="(DOORBUSTER_ARCHIVE)")
    restore.set_defaults(run=_restore)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("a time such as 2026-11-27T18:05:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _backup(given: argparse.Namespace) -> int:
    from doorbuster.disaster import backing_up
    from doorbuster.disaster.archive import BrokenArchive
    from doorbuster.disaster.tools import ToolFailed

    live = state.read_live(Home.default())
    try:
        backing_up.run(live.environment if live else {}, given.keep, print)
    except (backing_up.NotArchiving, BrokenArchive, ToolFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _restore(given: argparse.Namespace) -> int:
    from doorbuster.disaster import backing_up, reconciling, restoring, serving
    from doorbuster.disaster.archive import VARIABLE, Archive, BrokenArchive
    from doorbuster.disaster.tools import ToolFailed
    from doorbuster.running import StartFailed
    from write_side.payments import ProviderDown

    named = given.archive or environment.setting(VARIABLE)
    if named is None:
        print(f"which archive? --archive FOLDER, or {VARIABLE}", file=sys.stderr)
        return 2
    home, archive = Home.default(), Archive(Path(named))
    try:
        restored = restoring.restore(home, archive, given.to, print)
        print(f"restored {restored.events} events, the last of {restored.last_event_at}, as epoch {restored.epoch}")
        print(f"{restored.erased_again} persons erased again; starting everything and filling the read models")
        running = serving.start(home, archive, restored.epoch)
        backing_up.run(running.environment, backing_up.KEEP, print)
        since = (restored.last_event_at or datetime.now(UTC)) - reconciling.LOOK_BACK
        found = asyncio.run(reconciling.run(environment.settings(), since))
        print("\n".join(reconciling.lines(found)))
    except ProviderDown:
        print("the payment provider does not answer: run `doorbuster payments reconcile` when it does", file=sys.stderr)
        return 1
    except (restoring.CannotRestore, BrokenArchive, ToolFailed, StartFailed, serving.NotFilled, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0

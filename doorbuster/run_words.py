"""`doorbuster import list|show|undo`: many products at once, and how that is taken back."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from uuid import UUID

from doorbuster import environment

Words = argparse._SubParsersAction  # argparse has no public name for it


def add_runs(kinds: "Words[argparse.ArgumentParser]") -> None:
    """Add what may follow `import` beside the kinds of files."""
    kinds.add_parser("list", help="imports of catalogs and edits in bulk, the newest first").set_defaults(run=_list)
    show = kinds.add_parser("show", help="one of them, with what became of its products")
    undo = kinds.add_parser("undo", help="what it changed is as before, unless somebody changed it since")
    undo.add_argument("--dry-run", action="store_true", help="tell what would become of each product, change nothing")
    for action, run in ((show, _show), (undo, _undo)):
        action.add_argument("id", type=UUID, help="as `list` tells it")
        action.set_defaults(run=run)


def _list(_: argparse.Namespace) -> int:
    from doorbuster import import_runs

    return say(import_runs.listed)


def _show(given: argparse.Namespace) -> int:
    from doorbuster import import_runs

    return say(lambda url: import_runs.shown(url, given.id))


def _undo(given: argparse.Namespace) -> int:
    from doorbuster import import_runs

    return say(lambda url: import_runs.undone(url, given.id, dry_run=given.dry_run))


def say(lines_of: Callable[[str], AsyncIterator[str]]) -> int:
    """Print what is told of the shop at hand, line by line; answers the exit code."""
    url = environment.database_url()
    if url is None:
        return 1

    async def told() -> None:
        async for line in lines_of(url):
            print(line)

    from write_side.errors import Refusal

    try:
        asyncio.run(told())
    except Refusal as refusal:
        print(refusal.detail, file=sys.stderr)
        return 1
    return 0

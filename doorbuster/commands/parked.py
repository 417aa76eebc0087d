"""`doorbuster parked`: keys whose events could not be projected, and what is to be done about them."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from doorbuster import environment

if TYPE_CHECKING:  # loaded when the word is used: the other words need not wait for it
    from write_side.database import Connection

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the words."""
    parked = words.add_parser("parked", help="keys whose events wait, because one of them could not be projected")
    actions = parked.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("list", help="which, since when, and why; exit code 1 if there are any").set_defaults(run=_list)
    show = actions.add_parser("show", help="one of them, with its event as the log has it")
    retry = actions.add_parser("retry", help="have the projector try again, and heal what it can")
    retry.add_argument("--read-model", help="only this one's")
    retry.add_argument("--key", help="only this one, such as product:<id>")
    retry.set_defaults(run=_retry)
    skip = actions.add_parser("skip", help="have a read model go on without the event that parks a key")
    unskip = actions.add_parser("unskip", help="take a skip back: the event counts again, its key is folded anew")
    for action, run in ((show, _show), (skip, _skip), (unskip, _unskip)):
        action.add_argument("read_model", help="with its version: stock_level:v1")
        action.add_argument("key", help="such as product:<id>")
        action.set_defaults(run=run)
    for action, teller in ((skip, "`list` and `show` tell"), (unskip, "`skipped` tells")):
        action.add_argument("--position", type=int, required=True, help=f"of the event, as {teller} it")
        action.add_argument("--reason", required=True, help="stands in the books for ever")
    skipped = actions.add_parser("skipped", help="what read models go or went without, by whom and why")
    skipped.set_defaults(run=_skipped)


def _asked(ask: "Callable[[Connection], Awaitable[int]]") -> int:
    url = environment.database_url()
    if url is None:
        return 2

    async def run() -> int:
        from write_side.database import open_pool
        from write_side.errors import Refusal

        async with open_pool(url, 1, "parked") as pool, pool.acquire() as conn:
            try:
                return await ask(conn)
            except Refusal as refusal:
                print(refusal.detail, file=sys.stderr)
                return 1

    return asyncio.run(run())


def _list(_: argparse.Namespace) -> int:
    return _asked(_print_parked)


def _show(given: argparse.Namespace) -> int:
    return _asked(lambda conn: _print_one(conn, given))


def _retry(given: argparse.Namespace) -> int:
    return _asked(lambda conn: _ask_retry(conn, given))


def _skip(given: argparse.Namespace) -> int:
    return _asked(lambda conn: _ask_skip(conn, given))


def _unskip(given: argparse.Namespace) -> int:
    return _asked(lambda conn: _ask_unskip(conn, given))


def _skipped(_: argparse.Namespace) -> int:
    return _asked(_print_skipped)


async def _print_parked(conn: "Connection") -> int:
    from write_side import parked

    keys = await parked.all_parked(conn)
    for key in keys:
        asked = f", {key.requested} asked for" if key.requested else ""
        print(f"{key.read_model}  {key.key}  since {key.parked_at:%Y-%m-%d %H:%M:%S} UTC{asked}")
        print(f"    at position {key.position}, {key.event_type}, tried {key.tries} times: {key.error}")
    print(f"{len(keys)} keys are parked")
    return 1 if keys else 0


async def _print_one(conn: "Connection", given: argparse.Namespace) -> int:
    import msgspec

    from write_side.projections import handlers

    found = await handlers.inspect(conn, given.read_model, given.key)
    print(msgspec.json.format(msgspec.json.encode(found)).decode())
    return 0


async def _ask_retry(conn: "Connection", given: argparse.Namespace) -> int:
    from write_side import parked

    print(f"{await parked.request_retry(conn, given.read_model, given.key)} keys are tried again by the projector")
    return 0


async def _ask_skip(conn: "Connection", given: argparse.Namespace) -> int:
    from write_side.projections import handlers
    from write_side.projections.domain import Skip

    command = Skip(given.position, given.reason)
    await handlers.skip(conn, given.read_model, given.key, command, environment.actor())
    print(f"{given.read_model} goes on without the event at {given.position}; the projector folds {given.key} anew")
    return 0


async def _ask_unskip(conn: "Connection", given: argparse.Namespace) -> int:
    from write_side.projections import handlers
    from write_side.projections.domain import Unskip

    command = Unskip(given.position, given.reason)
    await handlers.unskip(conn, given.read_model, given.key, command, environment.actor())
    print(f"the event at {given.position} counts again; the projector folds {given.key} anew")
    return 0


async def _print_skipped(conn: "Connection") -> int:
    from write_side import parked

    for skip in await parked.all_skipped(conn):
        print(f"{skip.read_model}  {skip.key}  at position {skip.position}, {skip.event_type}: {skip.error}")
        print(f"    by {skip.actor}, {skip.skipped_at:%Y-%m-%d %H:%M:%S} UTC: {skip.reason}")
        if back := skip.taken_back:
            print(f"    taken back by {back.actor}, {back.requested_at:%Y-%m-%d %H:%M:%S} UTC: {back.reason}")
    return 0

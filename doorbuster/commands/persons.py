"""`doorbuster erase` and `person export`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from uuid import UUID

from doorbuster import environment, state
from doorbuster.home import Home

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the words."""
    erase = words.add_parser("erase", help="erase a person: key, rows, documents, and what copies left on disks")
    erase.add_argument("person", type=_person, help="mail address or person id")
    erase.set_defaults(run=_erase)
    person = words.add_parser("person", help="what is held on a person")
    actions = person.add_subparsers(metavar="ACTION", required=True)
    export = actions.add_parser("export", help="all of it, as JSON: for that person, and for nobody else")
    export.add_argument("person", type=_person, help="mail address or person id")
    export.set_defaults(run=_export)


def _person(text: str) -> str | UUID:
    from doorbuster.erasing import spoken

    try:
        return spoken(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("a mail address, or a person's id") from error


def _erase(given: argparse.Namespace) -> int:
    from doorbuster import erasing
    from write_side.erasure import UnknownPerson

    settings = environment.settings()
    live = state.read_live(Home.default())
    named = (live.environment if live else {}) | dict(os.environ)

    def run() -> None:
        known = asyncio.run(erasing.erase_person(settings, named, given.person, print))
        erasing.wipe(settings, named, print)
        if not known:
            raise UnknownPerson("nobody is known by this address: it is mistyped, or they were erased before")

    return _told(run)


def _export(given: argparse.Namespace) -> int:
    import msgspec

    from doorbuster import erasing

    def run() -> None:
        found = asyncio.run(erasing.export_person(environment.settings(), given.person))
        print(msgspec.json.format(msgspec.json.encode(found)).decode())

    return _told(run)


def _told(run: Callable[[], None]) -> int:
    import asyncpg
    from elasticsearch import ApiError, TransportError
    from httpx import HTTPError
    from redis.exceptions import RedisError

    from doorbuster.disaster.archive import BrokenArchive
    from doorbuster.disaster.tools import ToolFailed
    from doorbuster.following import Behind
    from write_side.errors import Refusal

    try:
        run()
    except Refusal as refused:
        print(f"{refused.code}: {refused} {refused.facts or ''}".rstrip(), file=sys.stderr)
        return 1
    except (
        Behind, BrokenArchive, ToolFailed, OSError, asyncpg.PostgresError, RedisError, ApiError, TransportError,
        HTTPError,
    ) as error:  # fmt: skip
        print(f"not all of it is done, repeat it: {error or type(error).__name__}", file=sys.stderr)
        return 2
    return 0

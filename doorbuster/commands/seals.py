"""`doorbuster seals`: the signed digests of the log, and accepting what a restore lost."""

import argparse
import sys
from base64 import b64encode

from doorbuster import environment

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the words."""
    seals = words.add_parser("seals", help="the signed digests of the log that `verify` goes by")
    actions = seals.add_subparsers(metavar="ACTION", required=True)
    actions.add_parser("show", help="the file, its public key, and how far it goes").set_defaults(run=_show)
    accept = actions.add_parser("accept-loss", help="what a restore lost above a position is missed no longer")
    accept.add_argument("--after", type=int, required=True, metavar="POSITION", help="the last one still there")
    accept.add_argument("--reason", required=True)
    accept.set_defaults(run=_accept)


def _show(_: argparse.Namespace) -> int:
    from doorbuster.sealing import NOT_SEALED, seal_file

    file = seal_file()
    if file is None:
        print(NOT_SEALED, file=sys.stderr)
        return 2
    last, _hash = file.last()
    print(f"file        {file.path}")
    print(f"public key  {b64encode(file.public_key()).decode()} (Ed25519)")
    print(f"sealed      up to {last.until}, at {last.at:%Y-%m-%d %H:%M:%S} UTC" if last else "sealed      nothing yet")
    return 0


def _accept(given: argparse.Namespace) -> int:
    import asyncio

    from doorbuster.sealing import NOT_SEALED, accept_loss, seal_file

    file, url = seal_file(), environment.database_url()
    if file is None or url is None:
        print(NOT_SEALED, file=sys.stderr)
        return 2
    print(asyncio.run(accept_loss(url, file, given.after, given.reason)))
    return 0

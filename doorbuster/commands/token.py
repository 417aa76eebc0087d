"""`doorbuster token` and `doorbuster tokens`: bearer tokens for staff and services."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

from doorbuster import environment

MOST_DAYS = 36_500
Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    token = words.add_parser("token", help="make a bearer token; it is shown once, only its hash is kept")
    token.add_argument("name", help="whose it is, for the log")
    token.add_argument("scopes", nargs="*", help="what it may do, such as catalog:write stock:read orders:read")
    token.add_argument("--role", help="or whose work it is for: owner, catalog, stock, orders, support, analyst")
    token.add_argument("--days", type=_days, help="how long it is good for (for ever)")
    token.set_defaults(run=_token)
    tokens = words.add_parser("tokens", help="the bearer tokens that were issued, and an end for one of them")
    actions = tokens.add_subparsers(metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="whose, with which role and scopes; revoked and expired ones with --all")
    listed.add_argument("--all", action="store_true")
    listed.set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="have one open nothing any more")
    revoke.add_argument("id", type=UUID, help="as `list` tells it")
    revoke.add_argument("--reason", required=True, help="stands in the log for ever")
    revoke.add_argument("--with-issued", action="store_true", help="and all that it issued, and that these did")
    revoke.set_defaults(run=_revoke)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise argparse.ArgumentTypeError(f"from 1 to {MOST_DAYS:,}")
    return int(text)


def _token(given: argparse.Namespace) -> int:
    from doorbuster.tokens import issue
    from write_side.errors import Refusal

    url = environment.database_url()
    if url is None:
        return 1
    expires_at = None if given.days is None else datetime.now(UTC) + timedelta(days=given.days)
    try:
        print(asyncio.run(issue(url, given.name, given.scopes, expires_at, given.role)))
    except Refusal as refused:
        known = f"; there are {', '.join(refused.facts['known'])}" if "known" in refused.facts else ""
        print(f"{refused}{known}", file=sys.stderr)
        return 1
    return 0


def _list(given: argparse.Namespace) -> int:
    url = environment.database_url()
    if url is None:
        return 1
    asyncio.run(_print(url, given.all))
    return 0


async def _print(url: str, everything: bool) -> None:
    from doorbuster.tokens import issued

    now = datetime.now(UTC)
    async for token in issued(url):
        expired = token.expires_at is not None and token.expires_at <= now
        state = "revoked" if token.revoked else "expired" if expired else "good"
        if everything or state == "good":
            until = "for ever" if token.expires_at is None else f"until {token.expires_at:%Y-%m-%d %H:%M}Z"
            scopes = token.role or " ".join(token.scopes)
            print(f"{token.id}  {token.issued_at:%Y-%m-%d %H:%M}Z  {state}  {until}  {token.name!r}  {scopes}")


def _revoke(given: argparse.Namespace) -> int:
    from doorbuster.tokens import revoke
    from write_side.access import UnknownToken

    url = environment.database_url()
    if url is None:
        return 1
    try:
        issued = asyncio.run(revoke(url, given.id, given.reason, with_issued=given.with_issued))
    except UnknownToken as unknown:
        print(unknown, file=sys.stderr)
        return 1
    if given.with_issued:
        print(f"{issued} more that it issued, or these did")
    return 0

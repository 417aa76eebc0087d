"""`doorbuster token`: a bearer token for staff or a service."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime, timedelta

from doorbuster import environment

MOST_DAYS = 36_500
Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    token = words.add_parser("token", help="make a bearer token; it is shown once, only its hash is kept")
    token.add_argument("name", help="whose it is, for the log")
    token.add_argument("scopes", nargs="+", help="what it may do, such as catalog:write stock:read orders:read")
    token.add_argument("--days", type=_days, help="how long it is good for (for ever)")
    token.set_defaults(run=_token)


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
        print(asyncio.run(issue(url, given.name, given.scopes, expires_at)))
    except Refusal as refused:
        print(f"{refused}: the scopes are {', '.join(refused.facts.get('known', []))}", file=sys.stderr)
        return 1
    return 0

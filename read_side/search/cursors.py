"""Cursors: where a page ended, signed, and bound to the query they came from.

Base64url of a 16-byte signature and the JSON of the words searched for and the last product's sort values. The
fingerprint of the query is part of what is signed, so that a cursor moved to another query is a broken one instead of a
page from nowhere.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from hmac import new as hmac
from typing import Any

import msgspec

from read_side.parameters import DEFAULT_CHANNEL
from read_side.search.parameters import SearchRequest
from shared.http.problems import Told

_SIGNATURE = 16  # bytes
BROKEN_CURSOR = Told(400, "broken_cursor", "This cursor is not one of ours, or belongs to another query.")


def fingerprint(asked: SearchRequest, within: str | None) -> bytes:
    """What makes up a result and its order: everything but the page's place and size, and what is counted."""
    channel = asked.channel if asked.goes_by_price and asked.channel != DEFAULT_CHANNEL else ""
    order = msgspec.structs.replace(asked, cursor=None, limit=0, facets=None, locales=None, channel=channel,
                                    priced_by="", typed={})  # fmt: skip
    return sha256(msgspec.json.encode((order, within))).digest()


def encode(secret: str, query: bytes, values: list[Any]) -> str:
    """The cursor behind these sort values."""
    body = msgspec.json.encode(values)
    return urlsafe_b64encode(_sign(secret, query, body) + body).decode().rstrip("=")


def decode(secret: str, query: bytes, cursor: str) -> list[Any]:
    """The sort values of a cursor; answers 400 `broken_cursor`."""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raise BROKEN_CURSOR.problem() from None
    signature, body = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if not compare_digest(signature, _sign(secret, query, body)):
        raise BROKEN_CURSOR.problem()
    values: list[Any] = msgspec.json.decode(body)
    return values


def _sign(secret: str, query: bytes, body: bytes) -> bytes:
    return hmac(secret.encode(), b"cursor 3" + query + body, sha256).digest()[:_SIGNATURE]

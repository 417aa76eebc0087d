"""Searches ahead of Litestar, whose routing, parameters and responses cost a sixth of all that a search costs here.

What is asked in the usual way is read here; all else (a parameter that is rare, unknown, repeated or wrong) is left to
the route, which reads all of them and refuses what has to be refused.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args
from urllib.parse import parse_qsl

from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from read_side.answers import JSON, Answer
from read_side.documents import parse_position
from read_side.parameters import CHANNEL, DEFAULT_CHANNEL
from read_side.search.parameters import (
    DEAREST,
    FILTER_PREFIX,
    LONGEST_CURSOR,
    LONGEST_FACETS,
    LONGEST_VALUE,
    MOST_HITS,
    SearchRequest,
    Sort,
    alternatives,
    attributes_in,
    facet_names,
    prices_between,
)
from read_side.search.queries import Search
from shared.http.replies import Headers, header, send_body
from shared.locales import Languages, Locales
from shared.money import is_known

PATH = "/v1/search"
_SORTS = frozenset(get_args(Sort))
_LONGEST = {"q": LONGEST_VALUE, "facets": LONGEST_FACETS, "cursor": LONGEST_CURSOR}
_NUMBERS = {"limit": MOST_HITS, "price_min": DEAREST, "price_max": DEAREST}
_SEVERAL = frozenset(("brand", "category", "price"))
_JSON = (b"content-type", JSON.encode())
_channel = re.compile(CHANNEL)

Given = Mapping[str, Sequence[str]]


class SearchFront:
    """An ASGI app in front of another."""

    def __init__(self, app: ASGIApp, search: Search, languages: Languages) -> None:
        self._app, self._search, self._languages = app, search, languages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self._asked(cast(HTTPScope, scope)) if scope["type"] == "http" else None  # type: ignore[comparison-overlap]
        if asked is None:
            await self._app(scope, receive, send)
            return
        here = cast(HTTPScope, scope)
        token = header(here, b"position")
        position = None if token is None else parse_position(token.decode("latin-1"))
        await _send(here, send, await self._search.answer(asked, position))

    def _asked(self, scope: HTTPScope) -> SearchRequest | None:
        if scope["path"] != PATH or scope["method"] != "GET":
            return None
        scope["path_template"] = PATH  # before anything is refused: it is counted by this
        accepted = header(scope, b"accept-language")
        return asked_by(
            scope["query_string"], self._languages.of(None, accepted.decode("latin-1") if accepted else None)
        )


def asked_by(query: bytes, locales: Locales) -> SearchRequest | None:
    """The search of a query string, the very one that the route would read; None leaves it to the route."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    except ValueError:
        return None
    given: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        given[name].append(value)
    if not all(_is_usual(name, values) for name, values in given.items()):
        return None
    return SearchRequest(
        text=_one(given, "q", "").strip(),
        categories=alternatives("?category", given.get("category")),
        brands=alternatives("?brand", given.get("brand")),
        attributes=attributes_in(pairs),
        price_min=int(given["price_min"][0]) if "price_min" in given else None,
        price_max=int(given["price_max"][0]) if "price_max" in given else None,
        currency=_one(given, "currency", "EUR"),
        available=False,
        sort=cast(Sort, _one(given, "sort", "relevance")),
        limit=int(_one(given, "limit", "20")),
        cursor=given["cursor"][0] if "cursor" in given else None,
        facets=facet_names(given.get("facets")),
        locales=locales,
        channel=_one(given, "channel", DEFAULT_CHANNEL),
        price_between=prices_between(given.get("price")),
    )


def _one(given: Given, name: str, otherwise: str) -> str:
    return given[name][0] if name in given else otherwise


def _is_usual(name: str, values: Sequence[str]) -> bool:
    if any(value.lower() == "null" for value in values):
        return False
    if name in _SEVERAL or name.startswith(FILTER_PREFIX):
        return True
    if len(values) > 1:
        return False
    [value] = values
    if name in _NUMBERS:
        return _is_number(value) and int(value) <= _NUMBERS[name]
    if name in _LONGEST:
        return len(value) <= _LONGEST[name]
    if name == "channel":
        return _channel.search(value) is not None
    return value in _SORTS if name == "sort" else name == "currency" and is_known(value)


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 20 and (value == "0" or value[0] != "0")


async def _send(scope: HTTPScope, send: Send, answer: Answer[Any]) -> None:
    """As the route answers: nothing is compressed here, as hardly one answer is asked for twice in the same form."""
    headers: Headers = [_JSON, *((name.encode(), value.encode()) for name, value in answer.headers())]
    known = header(scope, b"if-none-match")
    if known is None or not answer.is_known_to(known.decode("latin-1")):
        await send_body(send, 200, headers, answer.body)
        return
    await send({"type": "http.response.start", "status": 304, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})

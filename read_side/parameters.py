"""Parameters that several routes take."""

from typing import Annotated, Any

from litestar import Request
from litestar.params import HeaderParameter, QueryParameter

from read_side.documents import BROKEN_POSITION
from shared.http.described import Asked
from shared.locales import Languages, Locales
from shared.position import Position

PositionToken = Annotated[
    str | None,
    HeaderParameter(
        name="Position",
        schema_extra={"examples": [Position(1, {0: 1}).token()]},
        description="As a command answered it: wait, at most half a second, until this read model has got there.",
    ),
    Asked((BROKEN_POSITION,)),
]

Locale = Annotated[
    str | None,
    QueryParameter(
        max_length=35,
        description="The language of names and descriptions, such as de-AT; goes before `Accept-Language`. What isn't "
        "told in it is told in the language at large, then in the shop's own.",
    ),
]

CHANNEL = r"^[a-z0-9][a-z0-9_-]{0,39}(?!\n)$"
Channel = Annotated[
    str,
    QueryParameter(
        pattern=CHANNEL,
        description="Where somebody buys, as carts say it: price lists may ask other prices there.",
    ),
]
DEFAULT_CHANNEL = "web"


def locales_of(request: Request[Any, Any, Any], locale: str | None) -> Locales:
    """What a request wants to read."""
    languages: Languages = request.app.state.languages
    return languages.of(locale, request.headers.get("accept-language"))

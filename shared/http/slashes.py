"""An encoded slash in a path is part of a name (the SKU `HD-LX2/BK`), not a separator.

ASGI decodes the path ahead of routing, after which `%2F` can't be told from `/`. Here it is put back in as a character
that no text decodes to, and taken out again where a route is given its parameters.
"""

from urllib.parse import unquote

from litestar.types import HTTPScope

SLASH = "\udc2f"  # the byte 2F as Python spells bytes that are no text


def keep_apart(scope: HTTPScope) -> None:
    """Route by the segments as they were sent."""
    raw = scope["raw_path"]
    if b"%2F" in raw or b"%2f" in raw:
        segments = raw.decode("utf-8", "replace").split("/")
        scope["path"] = "/".join(unquote(segment).replace("/", SLASH) for segment in segments)


def named(segment: str) -> str:
    """The name that a segment of the path spells."""
    return segment.replace(SLASH, "/")

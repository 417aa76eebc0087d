"""Cross-origin requests from the origins in CORS_ORIGINS. No cookies are used, so no credentials are allowed."""

import re
from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
# What a browser's script may read beyond the few headers it always may.
EXPOSED = b"Age, ETag, Location, Position, Retry-After, Stale, X-Correlation-Id, Idempotent-Replayed, WWW-Authenticate"
_HEADER_NAMES = re.compile(rb"[A-Za-z0-9, _-]{1,500}")


class Cors:
    """Which headers an answer to another origin gets."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)
        self._any = b"*" in self._origins

    def headers(self, origin: bytes | None) -> Headers:
        """For any answer; also says to caches that the answer depends on the origin."""
        if not self._origins:
            return []
        if self._any:
            return [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", EXPOSED)]
        if origin not in self._origins:
            return [(b"vary", b"Origin")]
        assert origin is not None
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", EXPOSED),
            (b"vary", b"Origin"),
        ]

    def preflight(self, origin: bytes, asked: bytes) -> Headers:
        """For the OPTIONS request ahead of the real one; `asked` are the header names it will send."""
        if not self._any and origin not in self._origins:
            return [(b"vary", b"Origin")]
        allowed = asked if _HEADER_NAMES.fullmatch(asked) else b"Authorization, Content-Type"
        return [
            *self.headers(origin),
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", allowed),
            (b"access-control-max-age", b"600"),
        ]

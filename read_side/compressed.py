"""Bodies compressed once, however often and by whatever name they are asked for, and only where that pays: large ones
that are asked for again. A proxy that compresses anew at each answer costs more than the answer."""

import gzip

from read_side.frequent import Frequent

WORTH = 1024  # bytes: less fits one packet anyway
LEVEL = 6
PLACES, MOST_BYTES = 10_000, 32_000_000
PACKED = 8  # of so many bytes of JSON one is left, at best
_TOO_LARGE = b""  # kept in the place of what isn't kept, so that nobody packs it again
CODING = b"gzip"


def takes_gzip(accept_encoding: bytes | None) -> bool:
    """Whether a client that says this takes it."""
    if accept_encoding is None:
        return False
    told = (each.partition(b";q=") for each in accept_encoding.replace(b" ", b"").lower().split(b","))
    return any(coding == CODING and (not weight or weight.strip(b"0.") != b"") for coding, _, weight in told)


class Compressed:
    """Compressed bodies by the ETag of what was compressed."""

    def __init__(self, places: int = PLACES) -> None:
        self._frequent = Frequent[str, bytes](places, MOST_BYTES)

    def of(self, etag: str, body: bytes) -> bytes | None:
        """The body compressed; None if it isn't worth it, wasn't asked for before, or wouldn't be kept: compressed at
        each question it would cost more than it saves."""
        if len(body) < WORTH:
            return None
        found = self._frequent.get(etag)
        if found is None and self._frequent.asked(etag) > 1 and self._frequent.lets_in(etag, len(body) // PACKED):
            found = gzip.compress(body, LEVEL, mtime=0)
            if not self._frequent.fits(len(found)):
                found = _TOO_LARGE
            self._frequent.offer(etag, found, len(found))
        return found or None

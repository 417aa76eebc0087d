"""Whether hits bring their cards: an index of `products` before its eleventh version has none, and is served until the
next one is built."""

import time
from collections.abc import Sequence
from typing import Any

from shared.documents.cards import CARD

Json = dict[str, Any]

KEPT_SECONDS = 10.0  # so long no card is asked for, once one was missing, and nobody doubts them, once one was there


def has_card(hit: Json) -> bool:
    """Whether it brought its card."""
    return CARD in hit.get("fields", ())


class Cards:
    """What the last hits had."""

    def __init__(self) -> None:
        self._gone_until = self._there_until = 0.0

    @property
    def are_there(self) -> bool:
        """As far as we know."""
        return time.monotonic() >= self._gone_until

    def are_missing(self, hits: Sequence[Json]) -> bool:
        """Whether these, which were asked for theirs, have to be asked otherwise: one has none. Or there are no hits,
        and no card was seen lately: an index without cards doesn't find SKUs as one with cards does, either."""
        if not hits:
            return time.monotonic() >= self._there_until
        if not all(map(has_card, hits)):
            return True
        self._there_until = time.monotonic() + KEPT_SECONDS
        return False

    def found_without(self) -> None:
        """Hits that were missing are there when asked otherwise."""
        self._gone_until, self._there_until = time.monotonic() + KEPT_SECONDS, 0.0

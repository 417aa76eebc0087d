"""Whether hits bring their cards: an index of `products` before its eleventh version has none, and is served until the
next one is built."""

import time
from collections.abc import Iterable
from typing import Any

from shared.documents.cards import CARD

Json = dict[str, Any]

KEPT_SECONDS = 10.0  # so long no card is asked for, once one was missing


def has_card(hit: Json) -> bool:
    """Whether it brought its card."""
    return CARD in hit.get("fields", ())


class Cards:
    """What the last hits had."""

    def __init__(self) -> None:
        self._until = 0.0

    @property
    def are_there(self) -> bool:
        """As far as we know."""
        return time.monotonic() >= self._until

    def are_missing(self, hits: Iterable[Json]) -> bool:
        """Whether one of these, which were asked for theirs, has none: then they have to be asked otherwise."""
        if all(map(has_card, hits)):
            return False
        self._until = time.monotonic() + KEPT_SECONDS
        return True

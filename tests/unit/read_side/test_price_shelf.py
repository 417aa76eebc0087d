"""Price lists are kept for a second; that too many are kept must not take one from the page that asks."""

from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import msgspec

from read_side.documents import Documents, Found
from read_side.prices.shelf import MOST, PriceListShelf
from shared.documents.prices import ShownPriceList, TermsStep
from shared.events.pricing import PriceListTerms

TERMS = PriceListTerms("App", "EUR", ["web"], [], None, None, 1)
LIST = ShownPriceList(UUID(int=9), [TermsStep(datetime(2026, 11, 27, tzinfo=UTC), TERMS)])


class OneList:
    """Documents among which every list is the same: what is kept beside them is what is tested here."""

    async def find_all(self, _model: str, ids: list[str]) -> list[Found]:
        """As many as are asked for."""
        return [Found("etag", msgspec.json.encode(LIST), None)] * len(ids)


async def test_a_list_that_is_known_is_told_when_too_many_are_dropped() -> None:
    shelf = PriceListShelf(cast(Documents, OneList()))
    await shelf.lists([f"other {n}" for n in range(MOST)], None)
    await shelf.lists(["known"], None)
    lists, stale = await shelf.lists(["known", "new"], None)
    assert (lists, stale) == ({"known": LIST, "new": LIST}, None)

"""Asking Elasticsearch, once and in one question, what else there is where a search found nothing."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from read_side.search import rescue
from read_side.search.cards import Cards, has_card
from read_side.search.elastic import Json
from read_side.search.index import Index
from read_side.search.plan import Plan
from read_side.search.popular import PopularShelf
from read_side.search.rescue import Told, Way
from read_side.search.results import Showing
from shared.http.problems import Problem


class Rescuer:
    """Finds ways out."""

    def __init__(self, index: Index, popular: PopularShelf, cards: Cards) -> None:
        self._index, self._popular, self._cards = index, popular, cards

    async def told(self, plan: Plan) -> Told:
        """Why nothing was found and what is shown instead; never a problem: nothing found is an answer by itself."""
        plan = replace(plan, popular=await self._popular.read())
        ways, places = rescue.ways(plan), _places(plan)
        try:
            found = await self._found(plan, ways, places)
        except Problem:
            return Told("not_known")
        tried = [(way, each) for way, each in zip(ways, found[: len(ways)], strict=True) if each is not None]
        others = zip(places, found[len(ways) :], strict=True)
        shown = [(showing, each) for (showing, _), each in others if each is not None]
        return rescue.told(plan, tried, shown, all_=None not in found)

    async def _found(
        self, plan: Plan, ways: Sequence[Way], places: Sequence[tuple[Showing, list[Json]]]
    ) -> list[Json | None]:
        now, carded = datetime.now(UTC), self._cards.are_there

        def bodies(*, carded: bool) -> list[Json]:
            tried = [rescue.planned(plan, way, now).body({}, carded=carded) for way in ways]
            return tried + [rescue.popular(plan, within, now, carded=carded) for _, within in places]

        found = await self._index.search_all(bodies(carded=carded))
        if carded and not all(has_card(hit) for each in found if each for hit in each["hits"]["hits"]):
            self._cards.found_without()  # an index of before
            found = await self._index.search_all(bodies(carded=False))
        return found


def _places(plan: Plan) -> list[tuple[Showing, list[Json]]]:
    """Where it is looked for what is bought most, with what narrows it."""
    category = rescue.category_of(plan)
    inner: list[tuple[Showing, list[Json]]] = [("popular_in_category", category)] if category else []
    return [*inner, ("popular_in_shop", [])]

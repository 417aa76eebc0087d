"""Counting facets: of which kind each is, those that the hits ask for, and what is asked for once more."""

from collections.abc import Mapping, Sequence

from read_side.product_types.queries import Types
from read_side.search import counted_again, elastic, facets
from read_side.search.cards import Cards
from read_side.search.elastic import Json
from read_side.search.facets import Facet
from read_side.search.index import Index
from read_side.search.kinds import Kind, Kinds, called
from read_side.search.parameters import FILTER_PREFIX
from read_side.search.plan import SAMPLE, Plan
from read_side.search.variants import attribute_facet
from read_side.search.worth import worth_counting

MOST_FACETS = 8  # attributes counted when the client names none


class Counter:
    """The facets of a search."""

    def __init__(self, index: Index, types: Types, cards: Cards) -> None:
        self._index, self._kinds, self._cards = index, Kinds(index, types), cards

    async def kinds_of(self, names: Sequence[str], plan: Plan) -> Mapping[str, Kind]:
        """The kinds of those facets that are attributes; answers 503 while Elasticsearch is down."""
        attributes = [name.removeprefix(FILTER_PREFIX) for name in names if name.startswith(FILTER_PREFIX)]
        kinds = await self._kinds.of(attributes)
        return called(kinds, plan.called) if plan.called else kinds

    async def sampled(self, hits: Sequence[Json], plan: Plan) -> list[Facet]:
        """Facets of the attributes that tell the best hits apart; answers 503 while Elasticsearch is down."""
        names = [attribute_facet(name) for name in worth_counting(hits[:SAMPLE], plan.asked, MOST_FACETS)]
        if not names:
            return []
        kinds = await self.kinds_of(names, plan)
        found = await self._found(facets.questions(names, plan.chosen, plan.asked, kinds), plan)
        return await self.read(names, found, plan, kinds)

    async def read(self, names: Sequence[str], found: Json, plan: Plan, kinds: Mapping[str, Kind]) -> list[Facet]:
        """The facets out of what was found with the hits; answers 503 while Elasticsearch is down."""
        counted = found.get("aggregations", {})
        within = plan.listing.category if plan.listing else None
        told = [
            facets.facet(name, counted[str(place)], plan.asked, plan.categories, within, kinds)
            for place, name in enumerate(names)
        ]
        again = counted_again.questions(told, counted, plan.chosen, plan.asked, kinds)
        return counted_again.read(told, (await self._found(again, plan))["aggregations"]) if again else told

    async def _found(self, aggs: Json, plan: Plan) -> Json:
        query = elastic.query(plan.asked, plan.common, plan.applied, carded=self._cards.are_there)
        return await self._index.search(**elastic.counting(aggs, query))

"""What a search would answer under rules that nobody has set yet, beside what it answers today."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from read_side.access import requires
from read_side.documents import parse_position
from read_side.parameters import PositionToken
from read_side.search.explaining import Why
from read_side.search.parameters import FAMILIES, SearchRequest
from read_side.search.queries import search_of
from read_side.search.results import Page
from read_side.search.routes import REFUSALS
from read_side.search.rules import UNKNOWN_RULE, Rules
from shared.documents.search_rules import RuleInput, rule_of
from shared.events.merchandising import Rule
from shared.http.described import refuses
from shared.http.parameters import PREFIXES


class Proposed(Struct, frozen=True, forbid_unknown_fields=True):
    """Rules as they would be set. They come beside those in force, or in their place (`alone`). Those in force that
    `without` names by id are left out: with a rule in its place that is a PUT, with none a DELETE."""

    rules: Annotated[list[RuleInput], Meta(max_length=50)] = []
    without: Annotated[list[UUID], Meta(max_length=1000)] = []
    alone: bool = False


class Preview(Struct, frozen=True):
    """The first page as it is, and as it would be; `why` tells of each item of `after` what its score is made of."""

    before: Page
    after: Page
    why: list[Why]


@post("/v1/staff/search-preview", status_code=200, guards=[requires("catalog:write")], opt={PREFIXES: FAMILIES})
@refuses(UNKNOWN_RULE, *REFUSALS)
async def post_search_preview(
    request: Request[Any, Any, Any], asked: NamedDependency[SearchRequest], data: JSONBody[Proposed],
    position: PositionToken = None,
) -> Preview:
    """Search as /v1/search does, with rules that are not set: nothing is changed, and no shopper sees it."""
    proposed = [rule_of(rule) for rule in data.rules]

    def changed(in_force: Rules) -> list[Rule]:
        others = in_force.without(data.without)
        return proposed if data.alone else [*others, *proposed]

    return Preview(*await search_of(request).preview(asked, changed, parse_position(position)))


routes = [post_search_preview]

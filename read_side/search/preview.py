"""What a search would answer under rules that nobody has set yet, beside what it answers today."""

from typing import Annotated, Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from read_side.access import requires
from read_side.search.parameters import FILTER_PREFIX, SearchRequest
from read_side.search.queries import search_of
from read_side.search.results import Page
from read_side.search.routes import REFUSALS
from shared.documents.search_rules import RuleInput, rule_of
from shared.http.described import refuses
from shared.http.parameters import PREFIXES


class Proposed(Struct, frozen=True, forbid_unknown_fields=True):
    """Rules as they would be set. They come beside those in force, or in their place (`alone`)."""

    rules: Annotated[list[RuleInput], Meta(max_length=50)]
    alone: bool = False


class Preview(Struct, frozen=True):
    """The first page as it is, and as it would be."""

    before: Page
    after: Page


@post("/v1/staff/search-preview", status_code=200, guards=[requires("catalog:write")], opt={PREFIXES: (FILTER_PREFIX,)})
@refuses(*REFUSALS)
async def post_search_preview(
    request: Request[Any, Any, Any], asked: NamedDependency[SearchRequest], data: JSONBody[Proposed]
) -> Preview:
    """Search as /v1/search does, with rules that are not set: nothing is changed, and no shopper sees it."""
    rules = [rule_of(rule) for rule in data.rules]
    before, after = await search_of(request).preview(asked, rules, alone=data.alone)
    return Preview(before, after)


routes = [post_search_preview]

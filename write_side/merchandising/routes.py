"""Rules of searches over HTTP (scope catalog:write). What one would do is shown by the query API before it is set."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from shared.documents.search_rules import RuleInput
from shared.http.described import Link, leads_to, refuses
from write_side.http import After, Answered, OptionalKey, Shown, answered, cause, repeatable, requires, shown
from write_side.if_match import IfMatch, Tagged, expected_version, tagged
from write_side.merchandising import handlers
from write_side.merchandising.domain import BrokenRule, SearchRule, TooManyRules, UnknownRule
from write_side.merchandising.handlers import SearchRuleList
from write_side.resources import Own

STAFF = [requires("catalog:write")]
Call = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Rules per page.")]

_TO_ONE = tuple(Link(name, {"rule_id": "/id"}) for name in ("get_search_rule", "put_search_rule", "delete_search_rule"))


@post("/v1/search-rules", guards=STAFF)
@refuses(TooManyRules, BrokenRule)
@leads_to(*_TO_ONE)
async def post_search_rule(
    request: Call, data: JSONBody[RuleInput], own: Own, key: OptionalKey = None
) -> Answered[SearchRule]:
    """Set a rule: words that mean the same, products that stand further up or down, or first. Searches follow it
    within a second or two."""
    answer = await handlers.add_rule(own.pool, data, cause(request), repeatable(request, key, data))
    return answered(request, answer, 201)


@get("/v1/search-rules", guards=STAFF)
@leads_to(Link("get_search_rule", {"rule_id": "/rules/0/id"}))
async def get_search_rules(own: Own, after: After = None, limit: Limit = 20) -> Shown[SearchRuleList]:
    """All rules in force, the newest first."""
    return shown(await handlers.list_rules(own.pool, after, limit))


@get("/v1/search-rules/{rule_id:uuid}", guards=STAFF)
@refuses(UnknownRule)
@leads_to(Link("put_search_rule", {"rule_id": "/id", "If-Match": "$response.header.ETag"}))
async def get_search_rule(rule_id: FromPath[UUID], own: Own) -> Tagged[SearchRule]:
    """A rule, with the ETag that If-Match asks for."""
    found = await handlers.show_rule(own.pool, rule_id)
    return tagged(found, found.version)


@put("/v1/search-rules/{rule_id:uuid}", guards=STAFF)
@refuses(UnknownRule, BrokenRule)
async def put_search_rule(
    request: Call, rule_id: FromPath[UUID], data: JSONBody[RuleInput], own: Own, if_match: IfMatch = None
) -> Answered[SearchRule]:
    """Set another rule in its place."""
    expected = expected_version(if_match, required=True)
    return answered(request, await handlers.replace_rule(own.pool, rule_id, data, expected, cause(request)))


@delete("/v1/search-rules/{rule_id:uuid}", status_code=200, guards=STAFF)
@refuses(UnknownRule)
async def delete_search_rule(request: Call, rule_id: FromPath[UUID], own: Own) -> Answered[SearchRule]:
    """Remove a rule."""
    return answered(request, await handlers.remove_rule(own.pool, rule_id, cause(request)))


routes = [post_search_rule, get_search_rules, get_search_rule, put_search_rule, delete_search_rule]

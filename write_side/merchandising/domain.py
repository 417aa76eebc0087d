"""Rules of searches, pure: which may be set, and what each event makes of one."""

from typing import Literal
from uuid import UUID

from msgspec import Struct, structs

from shared.documents.search_rules import RuleInput, rule_of
from shared.events.merchandising import (
    Boost,
    MerchandisingEvent,
    Pins,
    Rule,
    SearchRuleRemoved,
    SearchRuleSet,
    Synonyms,
)
from write_side.errors import Invalid, NotFound, Refusal

MOST_RULES = 1000


class UnknownRule(NotFound):
    """No such rule, or it was removed."""

    code = "unknown_search_rule"


class TooManyRules(Refusal):
    """Each search looks through all of them."""

    code = "too_many_search_rules"


class BrokenRule(Invalid):
    """It says nothing: one word has no synonym, no strength lifts nothing, a product is pinned twice."""

    code = "broken_search_rule"


class SearchRule(Struct, frozen=True):
    """A rule; a removed one is kept for its history."""

    id: UUID
    rule: Rule
    state: Literal["in_force", "removed"]
    version: int


def add(rule_id: UUID, given: RuleInput, in_force: int) -> SearchRuleSet:
    """The event of a new rule; raises `TooManyRules`, `BrokenRule`."""
    if in_force >= MOST_RULES:
        raise TooManyRules(f"there are {in_force} rules, {MOST_RULES} at most", limit=MOST_RULES)
    return SearchRuleSet(rule_id, _checked(given))


def replace(rule: SearchRule, given: RuleInput) -> SearchRuleSet | None:
    """The event of another rule in its place, None if it says the same; raises `BrokenRule`."""
    wanted = _checked(given)
    return None if wanted == rule.rule else SearchRuleSet(rule.id, wanted)


def remove(rule: SearchRule) -> SearchRuleRemoved:
    """The event of its end."""
    return SearchRuleRemoved(rule.id)


def evolve(rule: SearchRule | None, event: MerchandisingEvent, version: int) -> SearchRule:
    """A rule after an event."""
    if isinstance(event, SearchRuleSet):
        return SearchRule(event.rule_id, event.rule, "in_force", version)
    assert rule is not None, "a rule's history begins with SearchRuleSet"
    return structs.replace(rule, state="removed", version=version)


def _checked(given: RuleInput) -> Rule:
    rule = rule_of(given)
    match rule:
        case Synonyms() if len(rule.words) < 2 or not all(rule.words):
            raise BrokenRule("two different words at least, none of them empty", pointer="/words")
        case Boost() if rule.strength == 0:
            raise BrokenRule("a strength of 0 moves nothing", pointer="/strength")
        case Pins() if not rule.when:
            raise BrokenRule("pins are for some words", pointer="/when")
        case Pins() if len(set(rule.products)) < len(rule.products):
            raise BrokenRule("a product is pinned twice", pointer="/products")
    return rule

"""What merchants said of searches, in one document in Redis: `doc:rules` is a SearchRules. And how a rule is given."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from shared.events.merchandising import Rule

MODEL = "search_rules"
THE_ONE = "rules"

Phrase = Annotated[str, Meta(min_length=1, max_length=100)]
Strength = Annotated[int, Meta(ge=-10, le=10, description="1 to 10 lift, −1 to −10 lower.")]
Field = Annotated[str, Meta(pattern=r"^(brand|product_type|attribute:.{1,200})(?!\n)$", examples=["brand"])]


class SynonymsInput(Struct, frozen=True, forbid_unknown_fields=True, tag="synonyms", tag_field="kind"):
    """`{"kind": "synonyms", "words": ["laptop", "notebook"]}`; one way: only who says the first means the others."""

    words: Annotated[list[Phrase], Meta(min_length=2, max_length=10)]
    one_way: bool = False


class BoostInput(Struct, frozen=True, forbid_unknown_fields=True, tag="boost", tag_field="kind"):
    """`{"kind": "boost", "when": "lamp", "field": "brand", "value": "Nox", "strength": 3}`; no `when`: always."""

    field: Field
    value: Phrase
    strength: Strength
    when: Annotated[str, Meta(max_length=100)] = ""


class PinsInput(Struct, frozen=True, forbid_unknown_fields=True, tag="pins", tag_field="kind"):
    """`{"kind": "pins", "when": "lamp", "products": ["0198f0c0-0000-7000-8000-000000000001"]}`: first, in order."""

    when: Phrase
    products: Annotated[list[UUID], Meta(min_length=1, max_length=20)]


RuleInput = SynonymsInput | BoostInput | PinsInput


class SearchRules(Struct, frozen=True):
    """All rules in force, the oldest first, and the id of each; there were none before the second version."""

    rules: list[Rule]
    ids: list[UUID] = []


def plain(words: str) -> str:
    """Words as rules compare them: in lower case, one space between."""
    return " ".join(words.casefold().split())


def rule_of(given: RuleInput) -> Rule:
    """A rule as it is kept: its words are plain ones."""
    told = msgspec.to_builtins(given)
    if "when" in told:
        told["when"] = plain(told["when"])
    if "words" in told:
        told["words"] = list(dict.fromkeys(map(plain, told["words"])))
    rule: Rule = msgspec.convert(told, Rule)
    return rule

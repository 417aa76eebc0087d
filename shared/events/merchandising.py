"""What merchants said of searches. Aggregate: `search_rule`; all are of one key, since each search asks them all."""

from uuid import UUID

from msgspec import Struct


class Synonyms(Struct, frozen=True, tag="synonyms", tag_field="kind"):
    """Whoever says one of these words means the others, too; one way: only who says the first one."""

    words: list[str]
    one_way: bool


class Boost(Struct, frozen=True, tag="boost", tag_field="kind"):
    """Products of a brand, a product type or an attribute's value (`attribute:<name>`) stand further up, or down.

    `when`: for these words only; "": in each search.
    """

    when: str
    field: str
    value: str
    strength: int


class Pins(Struct, frozen=True, tag="pins", tag_field="kind"):
    """These products stand first, in this order, for these words."""

    when: str
    products: list[UUID]


Rule = Synonyms | Boost | Pins


class SearchRuleSet(Struct, frozen=True, tag="merchandising.search_rule_set.v1"):
    """A new rule, or another one in its place."""

    rule_id: UUID
    rule: Rule


class SearchRuleRemoved(Struct, frozen=True, tag="merchandising.search_rule_removed.v1"):
    rule_id: UUID


MerchandisingEvent = SearchRuleSet | SearchRuleRemoved

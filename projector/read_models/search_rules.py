"""What merchants said of searches, in one Redis document: each search asks all of it."""

from collections.abc import Sequence
from uuid import UUID

from projector.model import REDIS, Folded, Keys, ReadModel, Rendered, encode
from shared.codec import Event
from shared.documents.search_rules import MODEL as NAME
from shared.documents.search_rules import THE_ONE, SearchRules
from shared.envelope import Recorded
from shared.events.merchandising import MerchandisingEvent, Rule, SearchRuleRemoved, SearchRuleSet


class Rules(Folded, frozen=True):
    by_id: dict[UUID, Rule]


def touches(_recorded: Recorded, event: Event) -> Sequence[str]:
    """The document."""
    return (THE_ONE,) if isinstance(event, SearchRuleSet | SearchRuleRemoved) else ()


def evolve(state: Rules | None, recorded: Recorded, event: MerchandisingEvent) -> Rules:
    """A rule is set or removed."""
    by_id = {} if state is None else state.by_id
    if isinstance(event, SearchRuleSet):
        return Rules(recorded.position, {**by_id, event.rule_id: event.rule})
    return Rules(recorded.position, {id_: rule for id_, rule in by_id.items() if id_ != event.rule_id})


def render(id_: str, state: Rules, _keys: Keys) -> Rendered:
    """The rules, the oldest first: their ids sort by time."""
    ids = sorted(state.by_id)
    return Rendered({id_: encode(SearchRules([state.by_id[each] for each in ids], ids))})


MODEL = ReadModel(
    name=NAME,
    version="v2",
    sink=REDIS,
    contexts=frozenset({"merchandising"}),
    state=Rules,
    touches=touches,
    evolve=evolve,
    render=render,
)

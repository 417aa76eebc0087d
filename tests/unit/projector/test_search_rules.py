"""The document of all search rules."""

import msgspec

from projector.read_models.search_rules import Rules, render
from shared.documents.search_rules import THE_ONE, SearchRules
from shared.events.merchandising import Boost, Synonyms
from shared.ids import uuid7


def test_rules_stand_there_the_oldest_first_each_beside_its_id() -> None:
    older, newer = sorted((uuid7(), uuid7()))
    state = Rules(9, {newer: Boost("", "brand", "Nox", 3), older: Synonyms(["laptop", "notebook"], one_way=False)})
    told = msgspec.json.decode(render(THE_ONE, state, {}).documents[THE_ONE] or b"", type=SearchRules)
    assert told.ids == [older, newer]
    assert told.rules == [state.by_id[older], state.by_id[newer]]

"""Rules of searches: what may be set, and what they make of a search."""

from uuid import UUID

import pytest

from read_side.search.rules import MOST_READINGS, Rules
from shared.documents.search_rules import BoostInput, PinsInput, RuleInput, SynonymsInput, rule_of
from write_side.merchandising import domain
from write_side.merchandising.domain import MOST_RULES, BrokenRule, SearchRule, TooManyRules

ID, LAMP = UUID(int=1), UUID(int=2)
LAPTOP = SynonymsInput(["Laptop", "notebook "])


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        (SynonymsInput(["lamp", " LAMP"]), "/words"),
        (SynonymsInput(["lamp", " "]), "/words"),
        (BoostInput("brand", "Nox", 0), "/strength"),
        (PinsInput(" ", [LAMP]), "/when"),
        (PinsInput("lamp", [LAMP, LAMP]), "/products"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(given: RuleInput, pointer: str) -> None:
    with pytest.raises(BrokenRule) as refused:
        domain.add(ID, given, 0)
    assert refused.value.facts["pointer"] == pointer


def test_there_are_only_so_many_rules() -> None:
    domain.add(ID, LAPTOP, MOST_RULES - 1)
    with pytest.raises(TooManyRules):
        domain.add(ID, LAPTOP, MOST_RULES)


def test_a_rule_that_says_the_same_again_is_no_event() -> None:
    rule = domain.evolve(None, domain.add(ID, LAPTOP, 0), 1)
    assert rule == SearchRule(ID, rule_of(LAPTOP), "in_force", 1)
    assert domain.replace(rule, SynonymsInput(["laptop", "NOTEBOOK"])) is None
    assert domain.replace(rule, PinsInput("lamp", [LAMP])) is not None
    assert domain.evolve(rule, domain.remove(rule), 2).state == "removed"


def rules(*given: RuleInput) -> Rules:
    return Rules([rule_of(rule) for rule in given])


def test_a_synonym_stands_for_whole_words_and_in_both_directions_unless_told() -> None:
    both = rules(LAPTOP)
    assert both.applied("red LAPTOP bag").readings == ["red notebook bag"]
    assert both.applied("notebook").readings == ["laptop"]
    assert both.applied("laptops").readings == []
    one_way = rules(SynonymsInput(["tv", "television"], one_way=True))
    assert (one_way.applied("tv").readings, one_way.applied("television").readings) == (["television"], [])


def test_the_longer_of_two_synonyms_is_meant_and_there_are_only_so_many_readings() -> None:
    found = rules(SynonymsInput(["head set", "headphone"]), SynonymsInput(["head", "skull"])).applied("head set")
    assert found.readings == ["headphone"]
    many = rules(SynonymsInput([f"word{n}" for n in range(10)])).applied("word0")
    assert len(many.readings) == MOST_READINGS - 1


def test_boosts_and_pins_are_for_the_words_they_name() -> None:
    always, lamps = BoostInput("brand", "Nox", 2), BoostInput("attribute:colour", "red", -2, when=" Desk  LAMP")
    found = rules(always, lamps, PinsInput("desk lamp", [LAMP])).applied("desk lamp")
    assert list(found.boosts) == [rule_of(always), rule_of(lamps)]
    assert list(found.pins) == [str(LAMP)]
    other = rules(always, lamps, PinsInput("desk lamp", [LAMP])).applied("lamp")
    assert (list(other.boosts), list(other.pins)) == ([rule_of(always)], [])

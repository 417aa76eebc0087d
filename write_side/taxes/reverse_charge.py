"""When the buyer owes the tax instead of the seller, pure: a business of one member state of the European Union buys
from another one (Articles 138 and 196 of Directive 2006/112/EC)."""

from msgspec import structs

from shared.events.taxes import Tax, TaxRules
from write_side.taxes.computing import STANDARD, Question

# By ISO 3166-1; Greece's VAT ids alone begin with other letters.
MEMBERS = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
_OTHERWISE = {"EL": "GR"}


def is_reverse_charged(home: str, question: Question) -> bool:
    """Whether it is: the shop owes its VAT in `home`, the buyer has a VAT id of another member state, and the goods go
    to another one. A `home` that is no member, or none, never does. That goods leave from `home` is taken for granted:
    which warehouse they leave is not known yet (docs/taxes.md)."""
    registered = _OTHERWISE.get(question.vat_id[:2], question.vat_id[:2])
    abroad = home not in (registered, question.country)
    return abroad and MEMBERS.issuperset((home, registered, question.country))


def reverse_charged(rules: TaxRules) -> TaxRules:
    """The rules of a place with nothing to pay to the seller. Where no tax is, as on the Canary Islands, there is none
    to owe either."""
    return structs.replace(rules, taxes=[Tax(tax.name, {STANDARD: 0}) for tax in rules.taxes])

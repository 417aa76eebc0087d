"""What taxes an order pays by where it goes: what other contexts may ask of it."""

from shared.events.catalog import GIFT_CARD
from write_side.taxes.computing import STANDARD, Question, Taxable, Taxed, Taxes, summed
from write_side.taxes.domain import Destination, rules_at
from write_side.taxes.handlers import flat_rates, seed
from write_side.taxes.providers import TableTaxes, TaxesUnavailable, TaxRates, ask
from write_side.taxes.service import open_taxes
from write_side.taxes.store import find_destination

__all__ = [
    "GIFT_CARD", "STANDARD", "Destination", "Question", "TableTaxes", "TaxRates", "Taxable", "Taxed", "Taxes",
    "TaxesUnavailable", "ask", "find_destination", "flat_rates", "open_taxes", "rules_at", "seed", "summed",
]  # fmt: skip

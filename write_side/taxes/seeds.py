"""The taxes a new shop begins with: rates as of this writing, for one that sends from within the European Union.

It sets its own by PUT /v1/destinations/{country}.
"""

from write_side.taxes.domain import AreaInput, TaxesInput, TaxInput

_UNTAXED = AreaInput([], postcodes=["35", "38", "51", "52"], duties_due=True)  # the Canary Islands, Ceuta and Melilla


def _vat(standard: int, reduced: int) -> list[TaxInput]:
    return [TaxInput("VAT", {"standard": standard * 100, "reduced": reduced * 100})]


SEED = {
    "AT": TaxesInput(_vat(2000, 1000)),
    "BE": TaxesInput(_vat(2100, 600)),
    "CH": TaxesInput(_vat(810, 260), duties_due=True),
    "CZ": TaxesInput(_vat(2100, 1200)),
    "DE": TaxesInput(_vat(1900, 700), shipping="goods"),
    "DK": TaxesInput(_vat(2500, 2500)),
    "ES": TaxesInput(_vat(2100, 1000), [_UNTAXED]),
    "FR": TaxesInput(_vat(2000, 550)),
    "GB": TaxesInput(_vat(2000, 500), duties_due=True),
    "IE": TaxesInput(_vat(2300, 1350)),
    "IT": TaxesInput(_vat(2200, 1000)),
    "NL": TaxesInput(_vat(2100, 900)),
    "PL": TaxesInput(_vat(2300, 800)),
    "SE": TaxesInput(_vat(2500, 1200)),
    "US": TaxesInput([], duties_due=True),
}

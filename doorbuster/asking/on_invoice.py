"""What bookkeepers ask: what is to come, what was taken off, and which taxes are owed where."""

from collections.abc import Iterator, Sequence
from operator import itemgetter

from doorbuster.asking.bodies import Span
from doorbuster.asking.question import CURRENCY, Answers, Column, File, Question, added_up, count, counted, money, text
from doorbuster.asking.rows import Row
from shared.documents import invoices, order_records

AGES = ("not due", "1-30 days", "31-60 days", "over 60 days")
NOT_TOLD = -1  # what a query file puts where no rate is told, since groups need a value
_RATE = Column("rate", "number", "in percent; none: not told")
_TAX = text("tax", "what it is called; empty: by which rates is not told")
_NOTE = text("note", invoices.OWED_BY)


def _receivables(answers: Answers, _span: Span) -> list[Row]:
    """By currency, what is due last first; ages at which nothing is open have no row."""
    rows = [row for row in counted(answers[0], "invoices") if row["invoices"]]
    return sorted(rows, key=lambda row: (row["currency"], AGES.index(row["age"])))


_RECEIVABLES = Question(
    name="receivables",
    about="what is open on invoice now, by how long ago it was due; a span changes nothing about it",
    files=(File(invoices.RECORDS, "receivables"),),
    columns=(
        CURRENCY,
        text("age", "since it was due"),
        count("invoices", "how many have something open"),
        count("accounts", "of so many accounts, about"),
        money("open_minor", "what is to come of them"),
        money("amount_minor", "what they were issued over"),
        money("credited_minor", "what credit notes took off them since"),
    ),
    answer=_receivables,
)


_NOTE_KEYS = ("month", "currency", "reason", "tax", "rate_ppm")


def _credit_notes(answers: Answers, _span: Span) -> list[Row]:
    return [_rated(row) for row in sorted(counted(answers[0], "notes"), key=itemgetter(*_NOTE_KEYS))]


_CREDIT_NOTES = Question(
    name="credit_notes",
    about="what credit notes of these months took off invoices, by reason and rate",
    files=(File(invoices.RECORDS, "credit_notes", "credit_notes.issued_at"),),
    columns=(
        text("month", "its beginning (UTC), by when they were issued"),
        CURRENCY,
        text("reason", "why, in staff's word"),
        _TAX,
        _RATE,
        count("notes", "so many credit notes have something at this rate"),
        money("base_minor", "what of them is taxed so, without the tax; where no rate is told, what is no tax"),
        money("tax_minor", "the tax in that"),
    ),
    answer=_credit_notes,
)

_VAT_KEYS = ("month", "country", "currency", "tax", "rate_ppm", "note")
_TAXED = ("base_minor", "tax_minor")
_VAT_SUMS = (*_TAXED, "credited_base_minor", "credited_tax_minor", "back_minor")


def _vat(answers: Answers, _span: Span) -> list[Row]:
    """Taxes of what was captured, less those of credit notes and of refunds without one, in one row for each rate; what
    came back and whose tax nothing tells stands in a row without a rate."""
    taxed, noted, refunded, back = answers
    figures: list[tuple[Row, Row]] = [
        *((row, {name: row[name] for name in _TAXED}) for row in taxed),
        *((row, {f"credited_{name}": row[name] for name in _TAXED}) for row in (*noted, *refunded)),
        *((row | {"tax": "", "rate_ppm": NOT_TOLD, "note": ""}, {"back_minor": gone})
          for row, gone in _untold(noted, back)),
    ]  # fmt: skip
    rows = added_up(figures, _VAT_KEYS, _VAT_SUMS)
    return [_rated(row | {"net_tax_minor": row["tax_minor"] - row["credited_tax_minor"]}) for row in rows]


def _untold(noted: Sequence[Row], back: Sequence[Row]) -> Iterator[tuple[Row, int]]:
    """What went back, less what refunds and credit notes tell of it: by place and month, since the note about a refund
    may stand in another order, the one whose invoice it is taken off."""
    place = itemgetter("month", "country", "currency")
    places = {place(row): row for row in (*noted, *back)}
    notes = {place(row): row["noted_minor"] for row in noted}
    gone = {place(row): row["back_minor"] - row["told_minor"] for row in back}
    for key, row in places.items():
        if untold := gone.get(key, 0) - notes.get(key, 0):
            yield row, untold


def _rated(row: Row) -> Row:
    return {**row, "rate": None if row["rate_ppm"] == NOT_TOLD else row["rate_ppm"] / 10_000}


_VAT = Question(
    name="vat",
    about="taxes by country and rate, by the month in which the money was taken or the invoice issued, less those of "
    "the refunds and credit notes of that month",
    files=(
        File(order_records.RECORDS, "taxes", "captured_at"),
        File(order_records.RECORDS, "credited_taxes", "credit_notes.issued_at"),
        File(order_records.RECORDS, "refunded_taxes", "refunds.requested_at"),
        File(order_records.RECORDS, "untold_taxes", "refunds.requested_at"),
    ),
    columns=(
        text("month", "its beginning (UTC)"),
        text("country", "where the goods go"),
        CURRENCY,
        _TAX,
        _RATE,
        _NOTE,
        money("base_minor", "what it is on, without any tax"),
        money("tax_minor", "what it comes to, in prices and on top"),
        money("credited_base_minor", "of that, what refunds and credit notes of the month took off"),
        money("credited_tax_minor", "and the tax in it"),
        money("net_tax_minor", "tax − credited tax"),
        money("back_minor", "gone back or released, tax included, with nothing that tells its tax"),
    ),
    answer=_vat,
)

QUESTIONS = (_RECEIVABLES, _CREDIT_NOTES, _VAT)

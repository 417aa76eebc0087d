"""How questions are put and answers are read, without Elasticsearch."""

import argparse
import csv
import io
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest

from doorbuster.asking.bodies import Span, after, during, limited, saved
from doorbuster.asking.printing import as_csv, as_table
from doorbuster.asking.question import Question
from doorbuster.asking.questions import QUESTIONS
from doorbuster.asking.rows import CutOff, after_key, rows_of
from doorbuster.commands.ask import moment
from shared.documents.indices import INDICES, OBSERVED

SPAN = Span(datetime(2026, 11, 27, tzinfo=UTC), datetime(2026, 11, 28, tzinfo=UTC))
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def ranges(value: Any, field: str) -> list[Any]:
    """Everything that is said of a field's range."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    here = [value["range"][field]] if isinstance(value, dict) and field in value.get("range", {}) else []
    return here + [found for part in parts for found in ranges(part, field)]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.name)
def test_a_span_is_put_wherever_a_query_file_says_when(question: Question) -> None:
    for file in question.files:
        body = saved(file.index, file.name)
        if file.time is None:
            assert "'range'" not in str(body)
            continue
        said = ranges(during(body, file.time, SPAN), file.time)
        assert said
        assert all(each == {"gte": "2026-11-27T00:00:00+00:00", "lt": "2026-11-28T00:00:00+00:00"} for each in said)


def test_every_query_file_is_some_question_s_and_asks_an_index_there_is() -> None:
    folder = files("doorbuster.asking") / "queries"
    saved_ = {(index.name, file.name) for index in folder.iterdir() for file in index.iterdir()}
    assert saved_ == {(file.index, f"{file.name}.json") for each in QUESTIONS.values() for file in each.files}
    assert {index for index, _ in saved_} <= {*INDICES, *OBSERVED}


def test_rows_hold_the_groups_above_them_and_figures_below_filters() -> None:
    answer = {
        "currency": {"buckets": [
            {"key": "EUR", "doc_count": 3, "lines": {"doc_count": 7, "sku": {"buckets": [
                {"key": "lamp", "doc_count": 5, "n": {"value": 9.0}, "paid": {"doc_count": 2, "sum": {"value": 0.5}}},
                {"key": "bulb", "doc_count": 2, "n": {"value": None}, "paid": {"doc_count": 0}},
            ]}}},
            {"key": "CHF", "doc_count": 1, "lines": {"doc_count": 0, "sku": {"buckets": []}}},
        ]},
    }  # fmt: skip
    assert rows_of(answer) == [
        {"currency": "EUR", "lines": 7, "sku": "lamp", "documents": 5, "n": 9, "paid": 2, "sum": 0.5},
        {"currency": "EUR", "lines": 7, "sku": "bulb", "documents": 2, "n": 0, "paid": 0},
    ]


def test_groups_that_were_cut_off_are_told_where_only_the_first_are_asked_for() -> None:
    codes = {"sum_other_doc_count": 4, "buckets": [{"key": "A", "doc_count": 2}]}
    answer = {"currency": {"sum_other_doc_count": 0, "buckets": [{"key": "EUR", "doc_count": 6, "code": codes}]}}
    with pytest.raises(CutOff, match="more groups of code than fit: 4 documents"):
        rows_of(answer)
    assert rows_of(answer, firsts=("code", None)) == [{"currency": "EUR", "documents": 2, "code": "A"}]


def test_the_next_page_begins_behind_the_last_group_wherever_it_stands() -> None:
    by = {"after_key": {"sku": "b"}, "buckets": [{"key": {"sku": "b"}, "doc_count": 1}]}
    page = {"lines": {"doc_count": 2, "by": by}}
    assert rows_of(page) == [{"lines": 2, "sku": "b", "documents": 1}]
    key = after_key(page)
    assert key == {"sku": "b"}
    body = after(saved("orders", "units_sold"), key)
    assert body["aggs"]["lines"]["aggs"]["by"]["composite"]["after"] == key
    assert after_key({"lines": {"doc_count": 0, "by": {"buckets": []}}}) is None


def test_a_limit_is_how_many_of_the_greatest_come() -> None:
    body = limited(saved("orders", "top_products"), "product_id", 3)
    assert '"size": 3' in str(body).replace("'", '"')


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("36h", datetime(2026, 11, 27, 0, tzinfo=UTC)),
        ("7d", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("2026-11-27", datetime(2026, 11, 27, tzinfo=UTC)),
        ("2026-11-27T08:00", datetime(2026, 11, 27, 8, tzinfo=UTC)),
        ("2026-11-27T08:00+02:00", datetime(2026, 11, 27, 6, tzinfo=UTC)),
    ],
)
def test_times_are_told_by_date_clock_or_how_long_ago(typed: str, meant: datetime) -> None:
    assert moment(typed, NOW) == meant


@pytest.mark.parametrize("typed", ["yesterday", "7w", "2026-13-01", "", "-1d"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no date"):
        moment(typed, NOW)


def test_a_funnel_s_shares_are_of_the_step_before_where_that_counts_the_same() -> None:
    sessions = {"all": 200, "viewed": 100, "clicked": 50, "added": 10}
    rows = QUESTIONS["funnel"].answer([[sessions], [{"placed": 8, "paid": 6, "unpaid": 3}]], SPAN)
    assert [(row["step"], row["count"], row["share"]) for row in rows] == [
        ("all", 200, None), ("viewed", 100, 0.5), ("clicked", 50, 0.5), ("added", 10, 0.2), ("placed", 8, None),
        ("paid", 6, 0.75), ("unpaid", 3, 0.5),
    ]  # fmt: skip
    nobody = QUESTIONS["funnel"].answer([[{}], [{}]], SPAN)
    assert [row["share"] for row in nobody] == [None] * 7


def test_of_what_went_back_vat_tells_without_a_rate_what_no_refund_or_credit_note_of_the_month_tells() -> None:
    here = {"month": "2026-11", "country": "CH", "currency": "CHF"}
    rate = {"rate_ppm": 81_000, "note": "", "base_minor": 1000, "tax_minor": 81}
    noted = [here | rate | {"tax": tax, "noted_minor": 2162} for tax in ("VAT", "Extra")]
    abroad = here | {"country": "LI"}
    refunded = [abroad | rate | {"tax": "VAT", "base_minor": 500, "tax_minor": 40}]
    back = [here | {"back_minor": 2262, "told_minor": 0}, abroad | {"back_minor": 590, "told_minor": 540}]
    rows = QUESTIONS["vat"].answer([[], noted, refunded, back], SPAN)
    assert [(row["country"], row["tax"], row["credited_tax_minor"], row["back_minor"]) for row in rows] == [
        ("CH", "", 0, 100), ("CH", "Extra", 81, 0), ("CH", "VAT", 81, 0), ("LI", "", 0, 50),
        ("LI", "VAT", 40, 0),
    ]  # fmt: skip


def test_amounts_have_their_point_for_the_eye_and_words_of_strangers_are_no_formula() -> None:
    question = QUESTIONS["refunds"]
    row = {"currency": "EUR", "reason": "=HYPERLINK(1)", "state": "succeeded", "refunds": 2, "amount_minor": -1999}
    assert "-19.99" in as_table(question, [row])
    assert "1200" in as_table(question, [{**row, "currency": "JPY", "amount_minor": 1200}])
    [line] = csv.DictReader(io.StringIO(as_csv(question, [row])))
    assert (line["reason"], line["amount_minor"]) == ("'=HYPERLINK(1)", "-1999")


def test_a_terminal_obeys_no_word_of_a_stranger() -> None:
    row = {"currency": "EUR", "reason": "\x1b]0;mine\x07\x9b2J\u202e", "state": "é", "refunds": 2, "amount_minor": 1}
    told = as_table(QUESTIONS["refunds"], [row])
    assert "�]0;mine��2J�" in told
    assert all(sign.isprintable() or sign == "\n" for sign in told)

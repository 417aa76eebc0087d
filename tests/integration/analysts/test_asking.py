"""What `ask` answers is what Postgres and the log say, to the cent."""

import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from operator import itemgetter
from typing import Any

import msgspec
import pytest
from elasticsearch import Elasticsearch
from msgspec import structs

from doorbuster.asking.asking import ask
from doorbuster.asking.bodies import Span
from doorbuster.asking.on_invoice import AGES
from doorbuster.asking.question import File
from doorbuster.asking.questions import QUESTIONS
from doorbuster.asking.rows import rows_of
from shared.documents.mappings import fields_of, nested
from shared.documents.observations import (
    BEHAVIOUR,
    BODY,
    SEARCHES,
    BehaviourRecord,
    SearchRecord,
    What,
    stream_key,
)
from shared.documents.order_records import OrderRecord
from shared.ids import uuid7
from shared.money import display
from tests.faults.processes import Lab
from tests.integration.accounts.conftest import Customers
from tests.integration.analysts import books
from tests.integration.analysts.claiming import claimed
from tests.integration.analysts.invoicing import sold_on_invoice
from tests.integration.analysts.selling import busy_day
from tests.integration.checkout.shop import MAIL, Shop
from tests.integration.invariants.test_read_models import differences
from tests.integration.projector.test_documents import until

Row = dict[str, Any]


def searched(text: str, results: int, weight: float, corrected: str | None = None) -> SearchRecord:
    return SearchRecord(datetime.now(UTC), text, results, 12, corrected, [], [], "relevance", False, weight)


SEARCHED = [
    searched("flux capacitor", 0, 2.75),
    searched("lamp", 7, 1),
    searched("lapm", 7, 4, "lamp"),
    searched("lamp", 9, 10),
    structs.replace(searched("lamp", 0, 2), filters=["brand"]),  # not in what was ticked
    structs.replace(searched("rug", 0, 2), listing=True),  # not on that shelf
]


DONE: list[tuple[What, str]] = [("view", "a"), ("view", "b"), ("view", "c"), ("view", "c"), ("add", "a"), ("add", "b")]
DONE += [("click", "b"), ("add", "b")]


class Analyst:
    """Asks Elasticsearch."""

    def __init__(self, lab: Lab) -> None:
        self.environment = lab.environment
        now = datetime.now(UTC)
        self.span = Span(now - timedelta(days=2), now + timedelta(hours=1))

    def rows(self, name: str, span: Span | None = None, limit: int | None = None) -> list[Row]:
        url, prefix = self.environment["ELASTICSEARCH_URL"], self.environment["INDEX_PREFIX"]
        return ask(url, prefix, QUESTIONS[name], span or self.span, limit)

    def elasticsearch(self) -> Elasticsearch:
        return Elasticsearch(self.environment["ELASTICSEARCH_URL"], request_timeout=30)

    def index(self, name: str) -> str:
        return self.environment["INDEX_PREFIX"] + name

    def sees(self, name: str) -> bool:
        """Whether there is such an alias."""
        with self.elasticsearch() as client:
            return bool(client.indices.exists_alias(name=self.index(name)))

    def pasted(self, file: File) -> list[Row]:
        """A query file as it stands, as if into Kibana."""
        body = (files("doorbuster.asking") / "queries" / file.index / f"{file.name}.json").read_bytes()
        with self.elasticsearch() as client:
            return rows_of(client.search(index=self.index(file.index), body=json.loads(body))["aggregations"])

    def typed(self, *words: str) -> str:
        """What `doorbuster ask` prints."""
        command = [sys.executable, "-W", "error", "-m", "doorbuster.cli", "ask", *words]
        environment = {**os.environ, **self.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
async def analyst(
    shop: Shop, customers: Customers, search_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> Analyst:
    """After a busy day, all of which stands in Elasticsearch."""
    await sold_on_invoice(shop, customers, monkeypatch)
    await busy_day(shop)
    await claimed(shop)
    search_lab.relay()
    search_lab.projector()
    analyst = Analyst(search_lab)
    refunds, shelves = await books.refunds(shop.pool), await books.stock(shop.pool)
    for search in SEARCHED:
        search_lab.redis.xadd(stream_key(SEARCHES), {BODY: msgspec.json.encode(search)})
    for what, session in DONE:
        record = BehaviourRecord(datetime.now(UTC), what, uuid7(), session, None, None)
        search_lab.redis.xadd(stream_key(BEHAVIOUR), {BODY: msgspec.json.encode(record)})
    asked = ("orders", "stock", "transfers", "invoices", "gift_cards", SEARCHES, BEHAVIOUR)
    await until(lambda: all(analyst.sees(alias) for alias in asked), 120)
    await until(lambda: by_key(analyst.rows("refunds")) == refunds and _shelves(analyst) == shelves, 60)
    return analyst


async def test_answers_are_what_postgres_and_the_log_say_to_the_cent(
    shop: Shop, analyst: Analyst, search_lab: Lab
) -> None:
    revenue = await books.revenue_by_hour(shop.pool)
    assert sum(row["orders"] for row in revenue) == 7 + 7 + 3 + 2
    await until(lambda: analyst.rows("revenue_by_hour") == revenue, 60)
    sums = _sums(revenue)
    assert _sums(analyst.rows("revenue_by_day")) == sums
    paid_in_money = sums["net_minor"] - sums["gift_minor"] - sums["unpaid_minor"]
    assert (paid_in_money, sums["gift_minor"] > 0) == (await books.money(shop.pool), True)
    products = await books.top_products(shop.pool)
    await until(lambda: analyst.rows("top_products") == products, 60)
    assert [row["name"] for row in analyst.rows("top_products", limit=1)] == ["Desk"]
    recovery = await books.payment_recovery(shop.pool)
    await until(lambda: _without(analyst.rows("payment_recovery"), "by_retry", "share") == recovery, 60)
    assert [(row["share"], row["by_retry"]) for row in analyst.rows("payment_recovery")] == [(0.5, 0)]
    _covers(analyst)
    await until(lambda: len(analyst.rows("top_searches")) == 4 and analyst.rows("funnel")[0]["count"] == 3, 60)
    _searches(analyst)
    await _lost_on_the_way(shop, analyst)
    await _in_the_books(shop, analyst)
    await _claimed(shop, analyst)
    before = Span(analyst.span.since, analyst.span.since + timedelta(days=1))
    # The funnel has all its steps, with nobody there; what is open or owed now is so whatever the span.
    others = [name for name in QUESTIONS if name not in ("funnel", "receivables", "gift_cards")]
    assert [analyst.rows(name, before) for name in others] == [[] for _ in others]
    assert [row["count"] for row in analyst.rows("funnel", before)] == [0] * 7
    for question in QUESTIONS.values():
        assert all(analyst.pasted(file) for file in question.files)
    assert _sums(analyst.rows("revenue_by_day"))["revenue_minor"] == sum(
        row["revenue_minor"] for row in analyst.pasted(QUESTIONS["revenue_by_day"].files[0])
    )
    _printed(analyst, revenue)
    assert await differences(search_lab) == [], "`doorbuster verify` compares invoices like all else"


async def test_in_an_index_of_before_nothing_is_found_which_is_no_error(search_lab: Lab) -> None:
    analyst = Analyst(search_lab)
    url, prefix = analyst.environment["ELASTICSEARCH_URL"], analyst.index("older_")
    orders = fields_of(OrderRecord)
    of_before = {name: field for name, field in orders.items() if name not in ("taxes", "credit_notes", "disputes")}
    for path, new in (("refunds", ("told_minor", "taxes")), ("discounts", ("currency",))):
        fields = of_before[path]["properties"]
        of_before[path] = nested(**{name: fields[name] for name in fields if name not in new})
    with analyst.elasticsearch() as client:
        client.indices.create(index=f"{prefix}orders", mappings={"dynamic": "strict", "properties": of_before})
        found = [ask(url, prefix, QUESTIONS[name], analyst.span, None) for name in ("vat", "disputes", "coupon_use")]
        client.indices.delete(index=f"{prefix}orders")
    assert found == [[], [], []]


async def _lost_on_the_way(shop: Shop, analyst: Analyst) -> None:
    abandoned = await books.abandoned_orders(shop.pool)
    assert by_state(analyst.rows("abandoned_orders")) == abandoned
    [placed, paid, unpaid] = [row for row in analyst.rows("funnel") if row["of"] == "orders"]
    lost = sum(row["orders"] for row in abandoned)
    assert placed["count"] == await shop.pool.fetchval("SELECT count(*) FROM customer_order")
    assert paid["count"] == placed["count"] - lost - 1, "one was cancelled after it was paid"
    assert unpaid["count"] == sum(row["invoices"] for row in await books.receivables(shop.pool)) == 4
    sessions = [row["count"] for row in analyst.rows("funnel") if row["of"] == "sessions"]
    assert sessions == [3, 3, 1, 2]


async def _in_the_books(shop: Shop, analyst: Analyst) -> None:
    """What bookkeepers ask is what the rows of invoices, credit notes, orders and refunds say."""
    open_, notes, vat = [await ask(shop.pool) for ask in (books.receivables, books.credit_notes, books.vat)]
    await until(lambda: analyst.rows("credit_notes") == notes, 60)
    await until(lambda: analyst.rows("receivables") == open_, 60)
    await until(lambda: analyst.rows("vat") == vat, 60)
    assert [(row["age"], row["invoices"]) for row in open_] == [(age, 1) for age in AGES]
    assert {row["rate"] for row in notes} == {None, 7.0, 19.0}
    at_home = [row for row in vat if row["country"] == "DE"]
    assert {row["rate"]: row["back_minor"] > 0 for row in at_home} == {None: True, 7.0: False, 19.0: False}
    assert all(row["credited_tax_minor"] > 0 for row in at_home)
    told = sum(row["tax_minor"] for row in notes) + await books.tax_in_refunds(shop.pool)
    assert sum(row["credited_tax_minor"] for row in vat) == told, "of what was sent in exchange, too"
    assert [(row["rate"], row["note"]) for row in vat if row["country"] == "AT"] == [(0.0, "reverse_charge")]


async def _claimed(shop: Shop, analyst: Analyst) -> None:
    async def all_are_issued() -> bool:  # what was sold is by the worker
        return bool(await shop.pool.fetchval("SELECT count(*) = 7 FROM gift_card"))

    await until(all_are_issued, 60)
    owed, wanted = await books.gift_cards(shop.pool), await books.disputes(shop.pool)
    await until(lambda: analyst.rows("gift_cards") == owed, 60)
    in_order = itemgetter("currency", "status")
    await until(lambda: sorted(analyst.rows("disputes"), key=in_order) == wanted, 60)
    assert [(row["standing"], row["cards"]) for row in owed] == [("blocked", 1), ("expired", 1), ("valid", 5)]
    assert (owed[2]["spent_minor"] > 450, owed[2]["returned_minor"]) == (True, 300 + 150)
    assert [(row["currency"], row["status"], row["disputes"]) for row in wanted] == [
        ("CHF", "needs_response", 1), ("EUR", "lost", 1), ("EUR", "needs_response", 1),
    ]  # fmt: skip


def by_state(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["state"])


def _searches(analyst: Analyst) -> None:
    """Each row stands for its weight."""
    names = ("text", "searches", "without_results", "results")
    top = [tuple(row[name] for name in names) for row in analyst.rows("top_searches")]
    assert top == [("lamp", 13, 0, 7), ("lapm", 4, 0, 7), ("flux capacitor", 3, 3, 0), ("rug", 2, 0, 0)]
    [nothing] = analyst.rows("zero_result_searches")
    last_at = SEARCHED[0].at.isoformat(timespec="seconds")
    assert nothing == {"text": "flux capacitor", "searches": 3, "last_at": last_at}


def _sums(rows: list[Row]) -> Row:
    names = [name for name in rows[0] if name not in ("hour", "day", "currency")]
    return {name: sum(row[name] for row in rows) for name in names}


def _without(rows: list[Row], *names: str) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def by_key(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["reason"], row["state"]))


def _shelves(analyst: Analyst) -> dict[str, Row]:
    names = ("sku", "on_hand", "reserved", "available", "in_transit")
    return {row["sku"]: {name: row[name] for name in names} for row in analyst.rows("stock_cover")}


def _covers(analyst: Analyst) -> None:
    cover = analyst.rows("stock_cover")
    units = {"lamp": 2 + 1 + 3 - 2 + 1 + 2, "bulb": 3 + 7, "rug": 1, "desk": 5 - 1, "book": 1, "stool": 2 - 1, "mug": 3}
    assert {row["sku"]: row["units"] for row in cover} == units
    for row in cover:
        pace = row["units"] / analyst.span.days
        assert row["days"] == round(row["available"] / pace, 1)
        assert row["days_with_road"] == round((row["available"] + row["in_transit"]) / pace, 1)
    assert {row["sku"]: row["in_transit"] for row in cover} == dict.fromkeys(units, 0) | {"lamp": 4}
    assert [row["days"] for row in cover] == sorted(row["days"] for row in cover)


def _printed(analyst: Analyst, revenue: list[Row]) -> None:
    """Every way of printing tells the same; amounts have their point only for the eye."""
    assert json.loads(analyst.typed("revenue_by_hour", "--since", "2d", "--format", "json")) == revenue
    lines = list(csv.DictReader(io.StringIO(analyst.typed("revenue_by_hour", "--format", "csv"))))
    assert [int(line["net_minor"]) for line in lines] == [row["net_minor"] for row in revenue]
    table = analyst.typed("revenue_by_hour")
    assert display(revenue[0]["net_minor"], "EUR").split()[0] in table
    [coupon] = analyst.rows("coupon_use")
    off = round((2 * 1000 + 3 * 400) * 0.15)
    assert (coupon["code"], coupon["orders"], coupon["off_minor"]) == ("SUMMER-15", 1, off)
    assert MAIL not in table

"""Questions whose groups are more than Elasticsearch gives at once: all of them are told, or the question fails."""

from datetime import UTC, datetime
from typing import Any

import pytest
from elasticsearch.helpers import bulk

from doorbuster.asking.asking import ask
from doorbuster.asking.questions import QUESTIONS
from doorbuster.asking.rows import CutOff
from shared.documents.mappings import fields_of
from shared.documents.order_records import OrderRecord
from tests.faults.processes import Lab
from tests.integration.analysts.test_asking import Analyst

MANY = 1100


def order(n: int) -> dict[str, Any]:
    """By a coupon that nobody else used, after a decline for a reason that no other had."""
    currency, off = "EUR" if n % 50 else "CHF", 100 + n
    discount = {"name": "Welcome", "code": f"WELCOME-{n:04}", "amount_minor": off, "currency": currency}
    return {
        "payment_state": "captured", "placed_at": datetime.now(UTC).isoformat(), "currency": currency,
        "total_minor": 5000 - off, "discount_minor": off, "discounts": [discount], "declines": 1,
        "first_decline_reason": f"reason {n}",
    }  # fmt: skip


async def test_each_code_that_was_used_has_a_row_and_what_would_be_cut_off_is_not_told_at_all(search_lab: Lab) -> None:
    analyst = Analyst(search_lab)
    url, prefix, orders = analyst.environment["ELASTICSEARCH_URL"], analyst.index("many_"), [*map(order, range(MANY))]
    orders.append(order(7))  # the same code once more
    with analyst.elasticsearch() as client:
        mappings = {"dynamic": "strict", "properties": fields_of(OrderRecord)}
        client.indices.create(index=f"{prefix}orders", mappings=mappings)
        bulk(client, ({"_index": f"{prefix}orders", "_source": each} for each in orders), refresh=True)
        rows = ask(url, prefix, QUESTIONS["coupon_use"], analyst.span)
        with pytest.raises(CutOff, match="more groups of reason"):
            ask(url, prefix, QUESTIONS["payment_recovery"], analyst.span)
        client.indices.delete(index=f"{prefix}orders")
    assert len(rows) == MANY
    for currency in ("CHF", "EUR"):
        of_it = [each for each in orders if each["currency"] == currency]
        for name, summed in (("off_minor", "discount_minor"), ("revenue_minor", "total_minor")):
            told = sum(row[name] for row in rows if row["currency"] == currency)
            assert told == sum(each[summed] for each in of_it)
    first = next(row for row in rows if row["currency"] == "EUR")
    assert (first["code"], first["orders"], first["off_minor"]) == ("WELCOME-0007", 2, 214), "what is used most"

"""Whatever the OpenAPI documents allow, and much that they don't, is asked of the running APIs by Schemathesis: no 5xx,
no answer outside of the document, nothing valid refused, nothing invalid taken. How it asks: schemathesis.toml.

The tests build on one another: guests first, while there is a lamp at a price; afterwards nothing is sure.
"""


import asyncpg
import pytest

from doorbuster import verify
from tests.fuzz.conftest import EXAMPLES, Fuzzed

pytestmark = pytest.mark.slow

OCCURRED = "SELECT count(*) FROM event_log WHERE type = $1"


def test_guests_find_the_way_from_cart_to_payment_by_links_alone(fuzzed: Fuzzed) -> None:
    tags = ("--include-tag", "carts", "--include-tag", "orders", "--include-tag", "payments")
    fuzzed.ask(fuzzed.write, "--phases", "stateful", "--mode", "positive", *tags, examples=5 * EXAMPLES)
    for event in ("carts.cart_line_changed.v1", "orders.quote_issued.v1", "orders.order_placed.v1"):
        assert fuzzed.log(OCCURRED, event), f"no {event}: they got stuck on the way"
    assert fuzzed.log(OCCURRED, "payments.payment_intent_created.v1")


def test_the_command_api_answers_as_its_document_says(fuzzed: Fuzzed) -> None:
    fuzzed.ask(fuzzed.write)


def test_the_query_api_answers_as_its_document_says(fuzzed: Fuzzed) -> None:
    fuzzed.ask(fuzzed.read)


@pytest.mark.parametrize("api", ["write", "read"])
def test_texts_with_nul_are_refused_and_break_nothing(fuzzed: Fuzzed, api: str) -> None:
    rough = ("--phases", "fuzzing", "--mode", "positive", "--exclude-checks", "positive_data_acceptance")
    fuzzed.ask(getattr(fuzzed, api), *rough, FUZZ_WITH_NUL="1")


@pytest.mark.parametrize("api", ["write", "read"])
def test_who_holds_no_token_of_ours_is_let_in_nowhere(fuzzed: Fuzzed, api: str) -> None:
    fuzzed.ask(getattr(fuzzed, api), "--phases", "examples,fuzzing", TOKEN="db_nobody")


async def test_after_all_that_rows_are_the_fold_of_the_log_and_nothing_is_parked(fuzzed: Fuzzed) -> None:
    conn = await asyncpg.connect(fuzzed.database_url)
    try:
        assert await verify.differences(conn) == []
        assert await conn.fetch("SELECT * FROM parked_key") == []
    finally:
        await conn.close()

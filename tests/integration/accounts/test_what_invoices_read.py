"""Numbers of invoices and credit notes are found by their indices, however many there are: one is issued after the
other, and all wait for whoever looks for the last."""

import pytest

from write_side.database import Pool
from write_side.invoices import store
from write_side.invoices.credit_notes import store as credit_notes

YEAR = "('2026')"


@pytest.mark.parametrize(
    ("query", "index"),
    [(store.LAST_NUMBER, "invoice_number_order"), (credit_notes.LAST_NUMBER, "credit_note_number_order")],
)
async def test_the_last_number_is_found_by_its_index(pool: Pool, query: str, index: str) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL enable_seqscan = off")  # for the tables are empty
        await conn.execute(f"PREPARE numbers AS {query}")
        plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN EXECUTE numbers {YEAR}"))
        await conn.execute("DEALLOCATE numbers")
    assert f"{index} " in plan
    assert "number" in next(line for line in plan.splitlines() if "Index Cond" in line)
    assert "Sort" not in plan, "the last one is the index's first"

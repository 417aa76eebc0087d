"""Numbers of invoices and credit notes are found by their indices, however many there are: one is issued after the
other, and all wait for whoever looks for the last."""

import pytest

from write_side.database import Pool
from write_side.invoices import store
from write_side.invoices.credit_notes import store as credit_notes

YEAR = "('2026', '2027-')"


@pytest.mark.parametrize(
    ("query", "indices"),
    [
        (store.LAST_NUMBER, ["invoice_long_number", "invoice_number"]),
        (credit_notes.LAST_NUMBER, ["credit_note_long_number", "credit_note_number_key"]),
    ],
)
async def test_the_last_number_is_found_by_its_index(pool: Pool, query: str, indices: list[str]) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SET LOCAL enable_seqscan = off")  # for the tables are empty
        await conn.execute(f"PREPARE numbers AS {query}")
        plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN EXECUTE numbers {YEAR}"))
        await conn.execute("DEALLOCATE numbers")
    assert all(f"{index} " in plan for index in indices)
    assert len([line for line in plan.splitlines() if "Index Cond" in line and "number" in line]) == 2
    assert "Sort" not in plan, "the last one is the index's first"

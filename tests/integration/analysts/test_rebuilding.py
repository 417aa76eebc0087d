"""What analysts ask is filled anew while customers shop, and answers under the same name."""

import asyncio

import pytest

from tests.faults.processes import Lab
from tests.faults.test_rebuild import rebuilt, versions
from tests.integration.accounts.conftest import Customers
from tests.integration.analysts import books
from tests.integration.analysts.invoicing import sold_on_invoice
from tests.integration.analysts.test_asking import Analyst
from tests.integration.checkout.shop import Shop
from tests.integration.invariants.test_read_models import differences
from tests.integration.projector.test_documents import until

pytestmark = pytest.mark.slow


async def test_invoices_are_rebuilt_while_they_are_issued_credited_and_paid(
    shop: Shop, customers: Customers, search_lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    search_lab.relay()
    search_lab.projector()
    analyst = Analyst(search_lab)
    await until(lambda: analyst.sees("invoices"), 120)
    rebuilding = asyncio.create_task(rebuilt(search_lab, "invoices"))
    await sold_on_invoice(shop, customers, monkeypatch)
    code, said = await rebuilding
    assert code == 0, said
    assert (await versions(search_lab, "live"))["invoices"] != "v1"
    open_, notes = await books.receivables(shop.pool), await books.credit_notes(shop.pool)
    await until(lambda: analyst.rows("receivables") == open_ and analyst.rows("credit_notes") == notes, 60)
    assert await differences(search_lab) == []

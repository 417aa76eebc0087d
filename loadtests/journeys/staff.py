"""The back office, which TPC-W has 19 times in 10,000: somebody looks at stock, and puts more on the shelf."""

import random
from urllib.parse import quote

from loadtests.answers import Json
from loadtests.journeys.browsing import Browsing
from loadtests.journeys.client import Client


class Staff:
    """With a token of the scopes stock:read and stock:write; without one, False: nothing can be done."""

    def __init__(self, client: Client, browsing: Browsing, token: str) -> None:
        self._client, self._browsing = client, browsing
        self._authorization = f"Bearer {token}" if token else ""
        self._stock: Json | None = None

    def look_at_stock(self) -> bool:
        """Numbers of a SKU of the page looked at."""
        page = self._browsing.page
        if not (self._authorization and page and page["variants"]):
            return False
        sku = quote(page["variants"][0]["sku"], safe="")
        shown = self._client.query("staff: stock", f"/v1/staff/stock/{sku}", Authorization=self._authorization)
        self._stock = shown.body if shown.fine else None
        return True

    def restock(self) -> bool:
        """A delivery."""
        if self._stock is None or not self._stock["warehouses"]:
            return False
        warehouse = random.choice(self._stock["warehouses"])["warehouse"]
        receipt = {"sku": self._stock["sku"], "warehouse": warehouse, "quantity": 10, "reason": "load: a delivery"}
        self._client.command("staff: delivery", "/v1/stock/receipts", receipt, Authorization=self._authorization)
        return True

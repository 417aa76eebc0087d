"""Looking around: everything a shopper asks for was in an answer before. No id and no word is known beforehand."""

import random
import re
from urllib.parse import quote, urlencode

from loadtests.answers import Json
from loadtests.journeys.client import Client

SEEN = 60  # products a shopper remembers
_WORD = re.compile(r"[^\W\d_]{4,}")


class Browsing:
    """Each method is one interaction; False says that there was nothing to do it with."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.seen: list[str] = []  # ids of products in the lists looked at
        self.page: Json | None = None  # the product looked at
        self._words: list[str] = []
        self._categories: list[str] = []
        self._filters: list[tuple[str, str]] = []
        self._more: str = ""  # the way to the next page of the last search

    def home(self) -> bool:
        """The first page: categories, and some products on offer."""
        tree = self._client.query("home: categories", "/v1/categories")
        if tree.fine:
            self._categories = [node["slug"] for top in tree.body["categories"] for node in _branch(top)]
        return self._list("home: offers", "/v1/search?available=true&limit=12&facets=")

    def new_products(self) -> bool:
        """What came in last."""
        return self._list("new products", "/v1/search?sort=newest&limit=24&facets=")

    def category(self) -> bool:
        """A category's products. Stands for TPC-W's best sellers by subject: there is no such list to ask for."""
        if not self._categories:
            return False
        slug = quote(random.choice(self._categories))
        return self._list("category", f"/v1/categories/{slug}/products?available=true&limit=24")

    def filters(self) -> bool:
        """The search page before anything is typed: what may be chosen."""
        answer = self._client.query("search: filters", "/v1/search?limit=0")
        if answer.fine:
            facets = answer.body["facets"]
            self._filters = [(facet["parameter"], each["value"]) for facet in facets for each in facet["values"][:5]]
        return True

    def search(self) -> bool:
        """Words out of names seen; sometimes a filter, a sort, or the next page of what was found."""
        if self._more and random.random() < 0.2:
            return self._list("search: next page", self._more)
        if not self._words:
            return False
        asked = [("q", random.choice(self._words)), ("limit", "24")]
        if self._filters and random.random() < 0.3:
            asked.append(random.choice(self._filters))
        if random.random() < 0.2:
            asked.append(("sort", random.choice(["price_asc", "price_desc", "newest"])))
        return self._list("search", f"/v1/search?{urlencode(asked)}", goes_on=True)

    def product(self) -> bool:
        """A product's page, with a fresh look at whether it is there."""
        if not self.seen:
            return False
        wanted = random.choice(self.seen)
        answer = self._client.query("product", f"/v1/products/{wanted}")
        self.page = answer.body if answer.fine else None
        if answer.fine and answer.body["id"] != wanted:
            self._client.wrong("product", "another product's page")
        if self.page and self.page["variants"]:
            self._client.query("stock", f"/v1/stock/{quote(self.page['variants'][0]['sku'], safe='')}")
        return True

    def offer(self, sku: str) -> bool:
        """The page of the one thing that everybody wants."""
        answer = self._client.query("the offer", f"/v1/products/by-sku/{quote(sku, safe='')}")
        self.page = answer.body if answer.fine else None
        return answer.fine

    def _list(self, step: str, path: str, *, goes_on: bool = False) -> bool:
        answer = self._client.query(step, path)
        if answer.fine:
            items = answer.body["items"]
            self.seen = ([item["id"] for item in items] + self.seen)[:SEEN]
            self._words = ([word for item in items for word in _words(item)] + self._words)[:SEEN]
            cursor = answer.body["next_cursor"]
            if goes_on or self._more == path:
                base = path.partition("&cursor=")[0]
                self._more = f"{base}&cursor={quote(cursor, safe='')}" if cursor else ""
        return True


def _branch(node: Json) -> list[Json]:
    return [node, *(below for child in node["children"] for below in _branch(child))]


def _words(item: Json) -> list[str]:
    """One word of the name, and now and then the type or brand as a whole."""
    found = _WORD.findall(item["name"])
    return [random.choice(found or [item["name"]]), *([item["product_type"]] if item["product_type"] else [])]

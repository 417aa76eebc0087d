"""What is asked at each size: five kinds of questions, of things drawn at random out of the whole catalog."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from doorbuster.bench import ground, placing, product_page, search_facets, suggestions, wrk
from doorbuster.bench.ground import Ground
from doorbuster.bench.growth.filling import PATIENCE
from doorbuster.bench.http_client import request

PAGES = 20_000  # of them asked for, where there are as many
TEXTS = 1_000  # searches and typed beginnings
ORDERS = 200
SORTS = ("newest", "price_asc", "price_desc", "name")
_SAMPLE = "SELECT id, name FROM product ORDER BY hashtext(id::text) LIMIT $1"

Targets = tuple[wrk.Target, wrk.Target | None]  # ours, and the limit where there is one


class Question(NamedTuple):
    """A kind of question: the requests, and what makes the targets for wrk (which starts what the limit needs)."""

    requests: list[bytes]
    targets: Callable[[list[bytes]], Targets]


class Asking:
    """The questions for a shop as it is now."""

    def __init__(self, ground_: Ground) -> None:
        self._ground, self._url = ground_, ground_.environment["READ_API_URL"]
        self._choice = random.Random(5)
        sample = ground_.fetch(_SAMPLE, PAGES)
        self._ids = [row["id"] for row in sample]
        self._names: list[str] = [row["name"] for row in sample]

    def _placed(self) -> list[placing.Order]:
        self._ground.only("write-api")
        orders = placing.place(self._ground, placing.prepare(self._ground, ORDERS))
        self._ground.filled(PATIENCE)
        return orders

    def questions(self) -> Iterator[Callable[[], Question]]:
        """Each makes its requests when it is called: what they need may have to be asked for."""
        yield from (self.product_page, self.order_status, self.listing, self.search, self.suggestions)

    def product_page(self) -> Question:
        """Pages by id."""
        asked = [self._get(f"/v1/products/{id_}") for id_ in self._ids]
        return Question(asked, self._beside_bare("product_page"))

    def order_status(self) -> Question:
        """Orders by their token, placed over HTTP."""
        asked = [self._get(f"/v1/orders/{o.id}", {"Order-Token": o.token}) for o in self._placed()]
        return Question(asked, self._beside_bare("order_status"))

    def listing(self) -> Question:
        """First pages of each category in each order, with the facets that the API chooses: two questions to
        Elasticsearch, so no single one stands beside it."""
        slugs = [quote(row["slug"]) for row in self._ground.fetch("SELECT slug FROM category ORDER BY slug")]
        paths = [f"/v1/categories/{s}/products?limit={search_facets.HITS}&sort={sort}" for s in slugs for sort in SORTS]
        return Question([self._get(path) for path in paths], self._alone("listing", b'"facets":'))

    def search(self) -> Question:
        """One or two words of a name, four facets; those that are one request to Elasticsearch, which stands beside."""
        paths = dict.fromkeys(search_facets.search(self._choice.choice(self._names)) for _ in range(TEXTS))
        told = search_facets.recorded(self._ground, list(paths))
        return Question([self._get(path) for path in told], lambda asked: self._searching(asked, told))

    def _searching(self, asked: list[bytes], told: Mapping[str, bytes]) -> Targets:
        folder = ground.own_folder(self._ground, "growth")
        ours = wrk.Target(folder, "search", self._url, asked)
        own = wrk.Target(folder, "search-own", self._ground.environment["ELASTICSEARCH_URL"], list(told.values()))
        ours.check(search_facets.has_facets)
        own.check(search_facets.is_counted)
        return ours, own

    def suggestions(self) -> Question:
        """Beginnings of names."""
        typed = dict.fromkeys(suggestions.typed(self._choice.choice(self._names)) for _ in range(TEXTS))
        asked = [self._get(f"/v1/suggestions?q={quote(text)}") for text in typed]
        return Question(asked, self._alone("suggestions", b'"products":'))

    def _get(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        return request("GET", self._url + path, headers)

    def _beside_bare(self, name: str) -> Callable[[list[bytes]], Targets]:
        return lambda asked: product_page.beside_bare(self._ground, name, self._url, asked)

    def _alone(self, name: str, holds: bytes) -> Callable[[list[bytes]], Targets]:
        def targets(asked: list[bytes]) -> Targets:
            ours = wrk.Target(ground.own_folder(self._ground, "growth"), name, self._url, asked)
            ours.check(lambda answer: holds in answer.body)
            return ours, None

        return targets

"""Products suggested in the shopper's language: by its names and the shop's own, slips forgiven, and from an index that
was made before there were any."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from elasticsearch import Elasticsearch

from read_side.app import create_app
from read_side.search.index import Index
from shared.documents.products import LOCALE, Completion, SearchedProduct, called_in, words_of
from shared.documents.stock import Availability
from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import FAR, Shop, searchable
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import VERSION, Shelves

LOCALES = "en,de,de-AT,fr"
# Slug, name, names in other languages, availability.
PRODUCTS: list[tuple[str, str, dict[str, str], Availability]] = [
    ("fridge", "Nox Arctic fridge", {"de": "Nox Kühlschrank Arktis", "fr": "Réfrigérateur Nox"}, "in"),
    ("cooler", "Wine cooler", {"de": "Kühlschrank für Wein", "de-AT": "Kühlkastl für Wein"}, "low"),
    ("magnet", "Kühl-look magnet", {}, "in"),
    ("poster", "Poster", {"fr": "Kühlaffiche"}, "in"),
    ("washer", "Washer", {"de": "Große Waschmaschine, weiß"}, "in"),
    ("coming", "Coming", {"de": "Kühlbox"}, "in"),
]
WEIGHTS: dict[Availability, int] = {"in": 3, "low": 2, "out": 1}


def searched(place: int) -> SearchedProduct:
    slug, name, names, availability = PRODUCTS[place]
    return SearchedProduct(
        product_id=uuid7(), slug=slug, name=name, brand="Nox", description="", product_type="", kinds=[],
        category_id=None, attributes_text="", facets={}, numbers={}, steps={}, image=None,
        completion=begun(name, WEIGHTS[availability]), skus=[slug], eans=[], prices={},
        availability=availability, listed=True, deleted=False, position=place + 1,
        names=names, publish_at=FAR if slug == "coming" else None,
        completions=[begun(called, WEIGHTS[availability], locale) for locale, called in names.items()],
        called=[called_in(locale, word) for locale, called in names.items() for word in words_of(called)],
    )  # fmt: skip


def begun(name: str, weight: int, locale: str = "") -> Completion:
    words = name.split()
    starts = [" ".join(words[place:]) for place in range(len(words))]
    return Completion(starts, weight, {LOCALE: [locale]} if locale else {})


class Named(Shop):
    """A shop with names in several languages."""

    def __init__(self) -> None:
        super().__init__()
        self.products = [searched(place) for place in range(len(PRODUCTS))]


@pytest.fixture(scope="module")
def prefix(elasticsearch_url: str) -> Iterator[str]:
    with searchable(Named(), "suggested", elasticsearch_url) as prefix:
        yield prefix


@pytest.fixture
async def api(
    shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, prefix: str
) -> AsyncIterator[httpx.AsyncClient]:
    await Named().tell(shelves)
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, prefix, LOCALES))) as client:
        yield client


async def suggested(api: httpx.AsyncClient, typed: str, locale: str) -> dict[str, str]:
    """slug → name, in their order; the same whether the language is named or the browser's."""
    named = await api.get("/v1/suggestions", params={"q": typed, "locale": locale})
    assert named.status_code == 200, named.text
    by_header = await api.get("/v1/suggestions", params={"q": typed}, headers={"Accept-Language": locale})
    assert (by_header.json(), by_header.headers["etag"]) == (named.json(), named.headers["etag"])
    assert named.headers["vary"].startswith("Accept-Language")
    return {product["slug"]: product["name"] for product in named.json()["products"]}


ARCTIC = {"fridge": "Nox Kühlschrank Arktis"}


@pytest.mark.parametrize(
    ("typed", "locale", "found"),
    [
        ("kühlsch", "de", ARCTIC | {"cooler": "Kühlschrank für Wein"}),
        ("kühlsch", "de-AT", ARCTIC | {"cooler": "Kühlkastl für Wein"}),
        ("kuhlkast", "de-AT", {"cooler": "Kühlkastl für Wein"}),
        ("kühlkast", "de", {}),  # told apart: nobody says so there, and slips come too many
        ("kühlshrank ark", "de", ARCTIC),  # a slip
        ("nox ark", "de", ARCTIC),  # a word in between is left out
        ("arktis kühl", "de-CH", ARCTIC),  # in another order
        ("arktsi nox kühl", "de", ARCTIC),  # in another order, with a slip
        ("waschmaschine gross", "de", {"washer": "Große Waschmaschine, weiß"}),
        ("fridg", "de", ARCTIC),
        ("wine", "de-AT", {"cooler": "Kühlkastl für Wein"}),
        ("kühl", "fr", {"poster": "Kühlaffiche", "magnet": "Kühl-look magnet"}),
        ("réf", "fr", {"fridge": "Réfrigérateur Nox"}),
        ("wine", "fr", {"cooler": "Wine cooler"}),
        ("réfrig", "de", {}),
        ("kühlsch", "en", {}),
        ("arktis nox", "en", {}),
        ("kühl", "en", {"magnet": "Kühl-look magnet"}),
    ],
)
async def test_products_are_completed_in_the_language_asked_for_and_in_the_shops_own(
    api: httpx.AsyncClient, typed: str, locale: str, found: dict[str, str]
) -> None:
    assert await suggested(api, typed, locale) == found


async def test_what_can_be_had_stands_first_in_whatever_language_it_begins_so(api: httpx.AsyncClient) -> None:
    names = await suggested(api, "kühl", "de")
    assert list(names) == ["fridge", "magnet", "cooler"], "as good ones by the language, and nothing that comes later"


async def test_elasticsearch_is_asked_one_question_and_in_the_shops_own_language_the_one_of_before(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    search = Index.search

    async def noted(index: Index, **body: Any) -> Any:
        nonlocal asked
        asked += [body] if "aggs" not in body else []  # counts of brands are kept for a while
        return await search(index, **body)

    monkeypatch.setattr(Index, "search", noted)
    monkeypatch.setattr("read_side.search.suggesting.MOST", 1)  # enough is known
    await suggested(api, "kühlsch", "de")
    assert [list(body["suggest"]) for body in asked] == [["products", "translated"]] * 2
    asked = []
    await suggested(api, "wine", "en")
    assert [(list(body["suggest"]), "names" in body["source"]) for body in asked] == [(["products"], False)] * 2


async def test_an_index_of_before_completes_the_shops_own_names_and_shows_them_in_the_language(
    shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str
) -> None:
    shop, old = Named(), f"old-{uuid7().hex}-"
    await shop.tell(shelves)
    with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
        shop.index(client, old, carded=False)
        async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, old, LOCALES))) as api:
            for _ in range(2):
                assert await suggested(api, "nox arc", "de") == ARCTIC
                assert await suggested(api, "kühlsch", "de") == {}
                assert await suggested(api, "frdige", "de") == ARCTIC
        client.indices.delete(index=f"{old}products-{VERSION}")

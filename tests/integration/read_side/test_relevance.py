"""Which products stand first: a real Elasticsearch, and names as merchants write them."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from elasticsearch import Elasticsearch

from projector.kinds import kind_words
from read_side.app import create_app
from read_side.search.wire import Reply, Wire
from shared.documents import search_rules
from shared.documents.indices import OBSERVED
from shared.documents.layout import alias_name
from shared.documents.observations import BEHAVIOUR
from shared.documents.products import Completion, SearchedProduct
from shared.documents.recommendations import EVERYWHERE
from shared.documents.search_rules import BoostInput, PinsInput, RuleInput, SearchRules, SynonymsInput, rule_of
from shared.events.catalog import AttributeValue, ProductFacts
from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.projector.test_documents import until
from tests.integration.read_side.catalog import Shop, searchable
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves, eventually
from tests.integration.read_side.test_recommendations import Counted

# Name, description, price in euros, attributes.
PRODUCTS: list[tuple[str, str, int, dict[str, AttributeValue]]] = [
    ("Nox notebook case Gray", "A notebook case for each notebook. notebook notebook", 30, {"colour": "Gray"}),
    ("Nox Notebook lock", "Locks a notebook.", 20, {}),
    ("Nox Elite 8440 Notebook 14 in", "Core i5, 4 GB", 900, {}),
    ("Nox 270 Notebook Silver", "Core i3, 4 GB", 400, {"colour": "Silver"}),
    ("Nox Stereo headset", "With a microphone.", 40, {}),
    ("Nox Styling Head Set pink", "A doll's head, and a set of combs.", 25, {"colour": "pink"}),
    ("Nox Doll set", "head set head set", 12, {}),
    ("Nox garden hose", "Long.", 15, {}),
    ("Nox red garden hose", "Longer.", 18, {}),
    ("Nox red red red paint", "red red red", 9, {"colour": "red"}),
    ("Nox tripod", "For cameras of all makes.", 50, {}),
    ("Nox tripod", "For cameras of all makes.", 90, {}),
    ("Nox stand", "For cameras of all makes.", 50, {}),
    ("Nox WH-1000XM4 laser printer 500GB", "Prints. With a waterproof cover.", 200, {}),
    ("Nox disk", "Holds 750 GB.", 90, {}),
    ("Nox easel", "Holds a canvas.", 90, {}),
    ("Nox easel", "Holds a canvas.", 95, {}),
]
SOLD_OUT = 10


def searched(place: int) -> SearchedProduct:
    name, description, euros, attributes = PRODUCTS[place]
    facts = ProductFacts(
        slug=f"p-{place}", name=name, brand="Nox", description=description, product_type="", status="active",
        category_id=None, attributes=attributes, images=[], variants=[],
    )  # fmt: skip
    return SearchedProduct(
        product_id=uuid7(), slug=facts.slug, name=name, brand="Nox", description=description, product_type="",
        kinds=kind_words(facts), category_id=None, attributes_text=" ".join(f"{k} {v}" for k, v in attributes.items()),
        facets={name: [str(value)] for name, value in attributes.items()}, numbers={}, steps={},
        completion=Completion([name, name.partition(" ")[2]], 1), image=None,
        skus=[f"S{place}"], eans=[], prices={"EUR": euros * 100},
        availability="out" if place == SOLD_OUT else "in", listed=True, deleted=False, position=place + 1,
    )  # fmt: skip


class Names(Shop):
    """A shop of products with telling names."""

    def __init__(self) -> None:
        super().__init__()
        self.products = [searched(place) for place in range(len(PRODUCTS))]


@pytest.fixture(scope="module")
def names_prefix(elasticsearch_url: str) -> Iterator[str]:
    with searchable(Names(), "names", elasticsearch_url) as prefix:
        yield prefix


@pytest.fixture
async def api(
    shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, names_prefix: str
) -> AsyncIterator[httpx.AsyncClient]:
    await Names().tell(shelves)
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, names_prefix))) as client:
        yield client


async def first(api: httpx.AsyncClient, words: str, count: int) -> list[str]:
    answer = await api.get("/v1/search", params={"q": words, "limit": count, "facets": ""})
    assert answer.status_code == 200, answer.text
    return [item["slug"] for item in answer.json()["items"]]


async def test_whoever_wants_a_notebook_is_shown_notebooks_and_no_cases(
    api: httpx.AsyncClient,
) -> None:
    assert set(await first(api, "notebook", 2)) == {"p-2", "p-3"}
    assert set(await first(api, "notebooks", 2)) == {"p-2", "p-3"}
    assert await first(api, "notebook case", 1) == ["p-0"]


async def test_two_words_that_are_one_here_find_it(api: httpx.AsyncClient) -> None:
    assert await first(api, "head set", 1) == ["p-4"]
    assert await first(api, "stereo head set", 1) == ["p-4"]


async def test_a_product_with_all_words_stands_before_those_that_have_one_of_them_often(api: httpx.AsyncClient) -> None:
    assert await first(api, "red garden hose", 1) == ["p-8"]
    assert await first(api, "garden hose red", 2) == ["p-8", "p-7"]


async def test_some_words_are_better_than_no_result(api: httpx.AsyncClient) -> None:
    assert "p-7" in await first(api, "hydraulic garden unicorn", 5)
    assert await first(api, "unicorn", 5) == []


async def test_of_those_that_fit_alike_what_is_sold_out_comes_last(api: httpx.AsyncClient) -> None:
    assert (await first(api, "cameras", 3))[-1] == f"p-{SOLD_OUT}"


async def test_a_pasted_text_of_many_words_is_searched_for(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/search", params={"q": ("notebook case " * 20)[:200]})
    assert answer.status_code == 200
    answer = await api.get("/v1/search", params={"q": " ".join(["ab"] * 66)})
    assert answer.status_code == 200


async def wording(api: httpx.AsyncClient, words: str) -> Any:
    return (await api.get("/v1/search", params={"q": words, "limit": 1, "facets": ""})).json()["wording"]


async def test_misspelt_words_are_corrected_and_that_is_said(api: httpx.AsyncClient) -> None:
    assert await first(api, "waterprof printr", 1) == ["p-13"]
    assert await wording(api, "waterprof printr") == {
        "text": "waterproof printer",
        "changes": [
            {"asked": "waterprof", "taken": "waterproof", "why": "misspelt"},
            {"asked": "printr", "taken": "printer", "why": "misspelt"},
        ],
        "ignored": [],
        "offered": [],
    }
    assert await wording(api, "printers") == {"text": "printers", "changes": [], "ignored": [], "offered": []}


async def test_a_word_that_is_two_here_finds_both(api: httpx.AsyncClient) -> None:
    assert await first(api, "laserprinter", 1) == ["p-13"]
    [change] = (await wording(api, "laserprinter"))["changes"]
    assert change == {"asked": "laserprinter", "taken": "laser printer", "why": "run_together"}


async def test_what_no_product_says_is_said_to_be_ignored(api: httpx.AsyncClient) -> None:
    assert (await wording(api, "hydraulic garden hose"))["ignored"] == ["hydraulic"]
    assert (await wording(api, "unicorn"))["ignored"] == ["unicorn"]


async def test_a_corrected_search_goes_on_in_the_same_words(api: httpx.AsyncClient) -> None:
    params = {"q": "notebok", "limit": "1", "facets": ""}
    page = (await api.get("/v1/search", params=params)).json()
    rest = (await api.get("/v1/search", params={**params, "limit": "50", "cursor": page["next_cursor"]})).json()
    assert page["total"] == rest["total"]
    assert page["total"]["value"] == 1 + len(rest["items"]) == 4
    assert rest["wording"]["text"] == "notebook"


@pytest.mark.parametrize("words", ["wh1000xm4", "WH1000-XM4", "wh-1000xm4"])
async def test_a_model_is_found_however_its_number_is_written(api: httpx.AsyncClient, words: str) -> None:
    assert await first(api, words, 1) == ["p-13"]


@pytest.mark.parametrize(("words", "found"), [("500 gb", "p-13"), ("500GB", "p-13"), ("750gb", "p-14")])
async def test_a_unit_may_stand_apart_from_its_number(api: httpx.AsyncClient, words: str, found: str) -> None:
    assert await first(api, words, 1) == [found]


async def ruled(shelves: Shelves, *rules: RuleInput) -> None:
    await shelves.put(search_rules.MODEL, search_rules.THE_ONE, SearchRules([rule_of(rule) for rule in rules]))


async def id_of(api: httpx.AsyncClient, words: str) -> UUID:
    answer = await api.get("/v1/search", params={"q": words, "limit": 1, "facets": "", "sort": "name"})
    return UUID(answer.json()["items"][0]["id"])


async def test_what_merchants_call_the_same_is_the_same(api: httpx.AsyncClient, shelves: Shelves) -> None:
    await ruled(shelves, SynonymsInput(["laptop", "notebook"]), SynonymsInput(["water pipe", "garden hose"]))
    assert set(await first(api, "laptop", 2)) == {"p-2", "p-3"}
    assert set(await first(api, "nox laptop", 2)) == {"p-2", "p-3"}
    assert await first(api, "red water pipe", 1) == ["p-8"]


async def test_merchants_lift_and_lower_what_has_a_value(api: httpx.AsyncClient, shelves: Shelves) -> None:
    await ruled(shelves, BoostInput("attribute:colour", "Gray", 10, when="notebook"))
    assert (await first(api, "notebook", 1)) == ["p-0"]
    assert (await first(api, "notebooks", 1)) != ["p-0"], "only for these words"
    await ruled(shelves, BoostInput("attribute:colour", "Silver", -8, when="notebook"))
    lowered = "/v1/search?q=notebook&limit=2&facets="
    await eventually(
        api, lowered, lambda answer: {item["slug"] for item in answer.json()["items"]}.isdisjoint({"p-3"})
    )


async def test_what_is_pinned_stands_first_and_only_by_relevance(api: httpx.AsyncClient, shelves: Shelves) -> None:
    tripod, hose = await id_of(api, "tripod"), await id_of(api, "garden hose")
    await ruled(shelves, PinsInput("notebook", [tripod, hose]))
    pinned = [str(tripod), str(hose)]
    await eventually(
        api, "/v1/search?q=notebook", lambda answer: [item["id"] for item in answer.json()["items"][:2]] == pinned
    )
    by_name = (await api.get("/v1/search", params={"q": "notebook", "sort": "name"})).json()
    assert str(tripod) not in {item["id"] for item in by_name["items"]}


async def test_a_preview_shows_what_rules_would_do_and_changes_nothing(
    api: httpx.AsyncClient, shelves: Shelves
) -> None:
    staff = await shelves.put_token(["catalog:write"])
    body = {"rules": [{"kind": "synonyms", "words": ["laptop", "notebook"]}]}
    shown = await api.post("/v1/staff/search-preview", params={"q": "laptop", "limit": 2}, json=body, headers=staff)
    assert shown.json()["before"]["items"] == []
    assert {item["slug"] for item in shown.json()["after"]["items"]} == {"p-2", "p-3"}
    assert await first(api, "laptop", 2) == []


async def test_a_preview_tells_why_a_product_stands_where_it_does(api: httpx.AsyncClient, shelves: Shelves) -> None:
    staff, tripod = await shelves.put_token(["catalog:write"]), await id_of(api, "tripod")
    rules = [
        {"kind": "pins", "when": "notebook", "products": [str(tripod)]},
        {"kind": "boost", "field": "attribute:colour", "value": "Silver", "strength": 7},
        {"kind": "boost", "field": "attribute:colour", "value": "Gray", "strength": -3},
    ]
    asked = {"q": "notebok", "limit": "5", "facets": ""}
    shown = await api.post("/v1/staff/search-preview", params=asked, json={"rules": rules}, headers=staff)
    items, why = shown.json()["after"]["items"], shown.json()["why"]
    assert [each["product_id"] for each in why] == [item["id"] for item in items]
    parts = {
        item["slug"]: {part["part"]: part["score"] for part in each["parts"]}
        for item, each in zip(items, why, strict=True)
    }
    assert why[0]["parts"][0]["part"] == "pinned", "and it is told first"
    assert "text" not in parts[items[0]["slug"]]
    assert (parts["p-3"]["lifted"], parts["p-3"]["at_hand"], parts["p-0"]["lowered"]) == (7.0, 0.5, 4.0)
    assert parts["p-2"].keys() == {"text", "at_hand"}
    assert parts["p-3"]["text"] > 12
    by_name = await api.post("/v1/staff/search-preview", params=asked | {"sort": "name"}, json={}, headers=staff)
    assert by_name.json()["why"] == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [("nox ster", "p-4"), ("stereo h", "p-4"), ("sterio hea", "p-4"), ("headset ster", "p-4"), ("printer las", "p-13")],
)
async def test_what_is_typed_is_completed(api: httpx.AsyncClient, typed: str, found: str) -> None:
    answer = await api.get("/v1/suggestions", params={"q": typed})
    assert found in [product["slug"] for product in answer.json()["products"]], answer.text


async def test_what_begins_as_typed_is_not_mixed_with_what_is_a_slip_apart(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/suggestions", params={"q": "nox t"})
    assert {product["slug"] for product in answer.json()["products"]} == {"p-10", "p-11"}, "no easel, no stand"


async def test_nothing_typed_is_nothing_suggested(api: httpx.AsyncClient) -> None:
    nothing = (await api.get("/v1/suggestions", params={"q": " "})).json()
    assert nothing == {"searches": [], "categories": [], "brands": [], "products": []}
    [light] = (await api.get("/v1/suggestions", params={"q": "ligth"})).json()["categories"]
    assert light["slug"] == "light"
    assert (await api.get("/v1/suggestions", params={"q": "no"})).json()["brands"] == [{"slug": "nox", "name": "Nox"}]


async def test_what_is_bought_most_stands_first_among_those_that_fit_alike(
    shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, names_prefix: str, api: httpx.AsyncClient
) -> None:
    assert await first(api, "tripod", 2) == ["p-11", "p-10"], "the other one is sold out"
    easels = await first(api, "easel", 2)
    found = {item["slug"]: UUID(item["id"]) for item in (await api.get("/v1/search?limit=50")).json()["items"]}
    await Counted(shelves).popular(EVERYWHERE, found[easels[1]], found["p-10"])
    settings = settings_of(valkey.url, elasticsearch_url, names_prefix)
    async with client_of(create_app(settings)) as fresh:  # one that has not looked at the list yet
        assert await first(fresh, "easel", 2) == easels[::-1]
        assert await first(fresh, "tripod", 2) == ["p-11", "p-10"], "being sold out counts more"
        assert not {"p-10", *easels} & set(await first(fresh, "notebook", 2)), "and fitting most"


async def test_what_several_searched_for_is_suggested_if_a_product_says_all_its_words(
    shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, names_prefix: str
) -> None:
    now, alias = datetime.now(UTC).isoformat(), alias_name(names_prefix, BEHAVIOUR)
    asked = {"stereo headset": 3, "headset for john": 3, "headset stereo": 2}
    records = [
        {"at": now, "what": "click", "product_id": str(uuid4()), "session": f"{visitor}", "rank": 1, "text": text}
        for text, visitors in asked.items()
        for visitor in range(visitors)
    ]
    with Elasticsearch(elasticsearch_url, request_timeout=30) as client:
        client.indices.create(index=alias, **OBSERVED[BEHAVIOUR])
        try:
            lines: list[dict[str, Any]] = []
            for record in records:
                lines += [{"create": {}}, record]
            client.bulk(index=alias, operations=lines, refresh=True)
            async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, names_prefix))) as fresh:

                async def suggested() -> list[str]:
                    answer = await fresh.get("/v1/suggestions", params={"q": "haedset"})
                    return list(answer.json()["searches"])

                assert await until(suggested) == ["stereo headset"]
        finally:
            client.indices.delete(index=alias)


async def test_words_that_a_hit_says_all_of_are_not_looked_up_again(
    shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, names_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    post = Wire.post

    async def counted(self: Wire, path: str, body: bytes) -> Reply:
        asked.append(path)
        return await post(self, path, body)

    monkeypatch.setattr(Wire, "post", counted)
    times = {"nox printer": 1, "camera": 1, "wh1000xm4": 1, "s13": 1, "head set": 1, "nox printr": 4, "nox unicorn": 2}
    await Names().tell(shelves)
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, names_prefix))) as api:
        for words, count in times.items():
            asked.clear()
            await first(api, words, 1)
            assert len(asked) == count, words

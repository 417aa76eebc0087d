"""What misspelt words are taken for, of a shop that has goods nobody may know of yet."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from read_side.app import create_app
from shared.documents.products import Completion, SearchedProduct
from shared.ids import uuid7
from tests.fixtures.asgi import client_of
from tests.fixtures.private_server import PrivateServer
from tests.integration.read_side.catalog import FAR, Shop, searchable
from tests.integration.read_side.conftest import settings_of
from tests.integration.read_side.shelves import Shelves

LISTED = [
    "Canon camera", "Küchenmaschine Pro", "CF410A toner", "Heater 1600 W", "Waterproof lamp", "Printers for offices",
]  # fmt: skip
DRAFTS = ["Waterprob lamp", "Waterprob lamp, red", "Waterprob lamp, blue", "Gadgetron"]
COMING = ["Zephyrion console", "Waterprof torch"]


def searched(name: str, position: int) -> SearchedProduct:
    return SearchedProduct(
        product_id=uuid7(), slug=f"p-{position}", name=name, brand="Nox", description="", product_type="", kinds=[],
        category_id=None, attributes_text="", facets={}, numbers={}, steps={}, completion=Completion([name], 1),
        image=None, skus=[f"S{position}"], eans=[], prices={"EUR": 100}, availability="in", listed=True, deleted=False,
        position=position,
    )  # fmt: skip


class Secrets(Shop):
    """A shop with drafts, and with what is on sale some day."""

    def __init__(self) -> None:
        super().__init__()
        products = [searched(name, place) for place, name in enumerate([*LISTED, *DRAFTS, *COMING], 1)]
        drafts, coming = len(LISTED), len(LISTED) + len(DRAFTS)
        hidden = [replace(product, listed=False) for product in products[drafts:coming]]
        self.products = [*products[:drafts], *hidden, *(replace(each, publish_at=FAR) for each in products[coming:])]


@pytest.fixture(scope="module")
def secrets_prefix(elasticsearch_url: str) -> Iterator[str]:
    with searchable(Secrets(), "secrets", elasticsearch_url) as prefix:
        yield prefix


@pytest.fixture
async def api(
    shelves: Shelves, valkey: PrivateServer, elasticsearch_url: str, secrets_prefix: str
) -> AsyncIterator[httpx.AsyncClient]:
    await Secrets().tell(shelves)
    async with client_of(create_app(settings_of(valkey.url, elasticsearch_url, secrets_prefix))) as client:
        yield client


async def understood(api: httpx.AsyncClient, words: str) -> Any:
    answer = await api.get("/v1/search", params={"q": words, "facets": ""})
    assert answer.status_code == 200, answer.text
    return answer.json()["wording"]


async def taken(api: httpx.AsyncClient, words: str) -> dict[str, str]:
    return {change["asked"]: change["taken"] for change in (await understood(api, words))["changes"]}


async def test_no_word_is_taken_for_one_that_only_drafts_say(api: httpx.AsyncClient) -> None:
    assert await taken(api, "waterprof") == {"waterprof": "waterproof"}, "though more drafts say something as near"
    assert await taken(api, "gadgetrom") == {}
    assert (await understood(api, "gadgetrom"))["ignored"] == ["gadgetrom"]


async def test_no_word_is_taken_for_a_name_that_is_to_be_heard_of_later(api: httpx.AsyncClient) -> None:
    told = await understood(api, "zephirion")
    assert told == {"text": "zephirion", "changes": [], "ignored": ["zephirion"], "offered": []}


async def test_words_with_digits_are_never_changed_but_offered(api: httpx.AsyncClient) -> None:
    told = await understood(api, "heater 1500 w")
    assert (told["text"], told["changes"], told["ignored"]) == ("heater 1500 w", [], ["1500"])
    assert [(offer["asked"], offer["taken"]) for offer in told["offered"]] == [("1500", "1600")]
    told = await understood(api, "CF410X")
    assert (told["text"], told["changes"]) == ("CF410X", [])
    assert [offer["taken"] for offer in told["offered"]] == ["cf410a"]


async def test_a_word_behind_an_emoji_is_changed_where_it_stands(api: httpx.AsyncClient) -> None:
    assert (await understood(api, "🎁🎁 waterprof lamp"))["text"] == "🎁🎁 waterproof lamp"


@pytest.mark.parametrize("apostrophe", ["'", "\u2019"])
async def test_a_word_with_an_apostrophe_is_one_word(api: httpx.AsyncClient, apostrophe: str) -> None:
    told = await understood(api, f"canonn{apostrophe}s camera")
    assert (told["text"], told["ignored"]) == ("canon camera", [])


async def test_what_was_ignored_is_told_beside_what_was_changed(api: httpx.AsyncClient) -> None:
    told = await understood(api, "waterprof unicorn waterprooflamp")
    assert {change["asked"]: change["taken"] for change in told["changes"]} == {
        "waterprof": "waterproof",
        "waterprooflamp": "waterproof lamp",
    }
    assert told["ignored"] == ["unicorn"]


async def test_a_word_is_shown_as_products_spell_it(api: httpx.AsyncClient) -> None:
    assert await taken(api, "küchenmaschiene") == {"küchenmaschiene": "küchenmaschine"}
    assert await taken(api, "officse") == {"officse": "offices"}, "not by its stem"

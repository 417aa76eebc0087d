"""The native node takes the same index definitions as the official image."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch, BadRequestError, ConflictError

from shared.documents.indices import INDICES


@pytest.fixture
async def client(elasticsearch_url: str) -> AsyncIterator[AsyncElasticsearch]:
    async with AsyncElasticsearch(elasticsearch_url) as made:
        yield made


async def _tokens(client: AsyncElasticsearch, text: str, *filters: str | dict[str, Any]) -> list[str]:
    found = await client.indices.analyze(tokenizer="whitespace", filter=list(filters), text=text)
    return [token["token"] for token in found["tokens"]]


async def test_the_official_client_knows_it_as_elasticsearch(client: AsyncElasticsearch) -> None:
    info = await client.info()
    assert info["version"]["number"].startswith("9.")
    assert info["tagline"] == "You Know, for Search"


@pytest.mark.parametrize("model", INDICES)
async def test_each_index_of_ours_can_be_created(client: AsyncElasticsearch, index_prefix: str, model: str) -> None:
    created = await client.indices.create(index=f"{index_prefix}{model.replace('_', '-')}", **INDICES[model])
    assert created["acknowledged"]


@pytest.mark.parametrize(
    ("filters", "text", "tokens"),
    [
        (["asciifolding"], "Käse Ångström", ["Kase", "Angstrom"]),
        ([{"type": "asciifolding", "preserve_original": True}], "Käse", ["Kase", "Käse"]),
        (["kstem"], "monitors cables walked", ["monitor", "cable", "walk"]),
        ([{"type": "stemmer", "language": "light_german"}], "Häuser", ["Haus"]),
        ([{"type": "stemmer", "language": "possessive_english"}], "Dell's", ["Dell"]),
        ([{"type": "edge_ngram", "min_gram": 2, "max_gram": 4}], "lamp", ["la", "lam", "lamp"]),
        (["unique"], "red blue red", ["red", "blue"]),
        (["word_delimiter_graph"], "WiFi-6 Dell's", ["Wi", "Fi", "6", "Dell"]),
        ([{"type": "word_delimiter_graph", "catenate_all": True}], "wi-fi", ["wifi", "wi", "fi"]),
        ([{"type": "synonym_graph", "synonyms": ["tv, television"]}], "tv", ["television", "tv"]),
        (["lowercase", {"type": "synonym_graph", "synonyms": ["TV => television"]}], "Tv", ["television"]),
    ],
)
async def test_filters_do_what_the_official_ones_do(
    client: AsyncElasticsearch, filters: list[str | dict[str, Any]], text: str, tokens: list[str]
) -> None:
    assert await _tokens(client, text, *filters) == tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [("500GB", ["500", "gb"]), ("1.5mm cable", ["1.5", "mm", "cable"]), ("5G x4gb 4gbx", ["5g", "x4gb", "4gbx"])],
)
async def test_units_stand_apart(client: AsyncElasticsearch, index_prefix: str, text: str, words: list[str]) -> None:
    await client.indices.create(index=f"{index_prefix}units", **INDICES["products"])
    found = await client.indices.analyze(index=f"{index_prefix}units", analyzer="catalog_text", text=text)
    assert [token["token"] for token in found["tokens"]] == words


async def test_an_unknown_language_is_refused(client: AsyncElasticsearch) -> None:
    with pytest.raises(BadRequestError, match="illegal_argument") as refused:
        await _tokens(client, "text", {"type": "stemmer", "language": "klingon"})
    assert "klingon" in str(refused.value.body)


async def test_an_older_version_of_a_document_is_a_conflict(client: AsyncElasticsearch, index_prefix: str) -> None:
    index = f"{index_prefix}versions"
    await client.indices.create(index=index)
    await client.index(index=index, id="1", document={"n": 2}, version=2, version_type="external")
    with pytest.raises(ConflictError):
        await client.index(index=index, id="1", document={"n": 1}, version=1, version_type="external")


async def test_searches_facets_and_bulk_work_together(client: AsyncElasticsearch, index_prefix: str) -> None:
    index = f"{index_prefix}goods"
    await client.indices.create(
        index=index, mappings={"properties": {"name": {"type": "text"}, "facets": {"type": "flattened"}}}
    )
    rows = [{"name": f"lamp {n}", "facets": {"color": "red" if n % 2 else "blue"}} for n in range(20)]
    lines = [line for n, row in enumerate(rows) for line in ({"index": {"_id": str(n)}}, row)]
    await asyncio.gather(client.bulk(index=index, operations=lines, refresh=True))
    found = await client.search(
        index=index, query={"match": {"name": "lamp"}}, aggs={"color": {"terms": {"field": "facets.color"}}}
    )
    assert found["hits"]["total"]["value"] == 20
    assert {b["key"]: b["doc_count"] for b in found["aggregations"]["color"]["buckets"]} == {"red": 10, "blue": 10}

"""A search that is read ahead of Litestar is the one that the route would read, or it is left to the route."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
import msgspec
import pytest
from litestar import Litestar, get
from litestar.di import NamedDependency, Provide

from read_side.search.front import asked_by
from read_side.search.parameters import FAMILIES, SearchRequest, search_request
from shared.http.parameters import PREFIXES
from shared.http.problems import Problem
from shared.http.requests import StrictRequest, before
from shared.locales import Languages

READ = [
    "",
    "q=",
    "q=lamp",
    f"q={quote('Lämpchen für 5 €')}&limit=0",
    f"q={quote_plus('two words')}&facets=",
    "q=%20%20lamp+&facets=brand,,category,brand,weight%20(g)&limit=100",
    "q=a%26b%3Dc%2Bd&sort=price_desc&currency=JPY",
    "category=lamps&category=desks&brand=Nox&brand=Nox&brand=",
    f"filter.{quote('weight (g)')}=100..%3C200&filter.colour=red&filter.colour=blue",
    "price_min=0&price_max=1000000000000",
    "cursor=abc_-&q=lamp",
    "channel=app",
    "channel=web",
    f"q=lamp&channel={'x' * 40}&sort=price_asc&price=..999",
    "channel=0_-",
]
LEFT = [
    "q",
    "q=lamp&",
    "q=lamp&&limit=1",
    "q=null",
    "q=" + "x" * 201,
    "q=lamp&q=desk",
    "q=%ff",
    "limit=101",
    "limit=-1",
    "limit=1.0",
    "limit=",
    "limit=007",
    f"limit={quote('١')}",  # a digit, in another script
    "price_min=1000000000001",
    "sort=best",
    "currency=XYZ",
    "available=true",
    "locale=de",
    "channel=",
    "channel=App",
    "channel=-app",
    "channel=app%0A",
    "channel=null",
    "channel=app&channel=app",
    "channel=" + "x" * 41,
    "colour=red",
    "facets=" + "x" * 1001,
    "cursor=" + "x" * 2001,
    "brand=NULL",
]


@pytest.fixture
async def route() -> AsyncIterator[httpx.AsyncClient]:
    """The route's own reading."""

    @get("/v1/search", opt={PREFIXES: FAMILIES})
    async def read(asked: NamedDependency[SearchRequest]) -> bytes:
        return msgspec.json.encode(asked)

    app: Any = Litestar(
        [read], dependencies={"asked": Provide(search_request)}, before_request=before, request_class=StrictRequest
    )
    app.state.languages = Languages(["en"])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("query", READ)
async def test_what_is_usual_is_read_as_the_route_reads_it(route: httpx.AsyncClient, query: str) -> None:
    asked = asked_by(query.encode(), None)
    answer = await route.get(f"/v1/search?{query}")
    assert answer.status_code == 200
    assert msgspec.json.encode(asked) == answer.content


@pytest.mark.parametrize("query", LEFT)
def test_what_is_rare_or_wrong_is_left_to_the_route(query: str) -> None:
    assert asked_by(query.encode(), None) is None


def test_too_many_values_are_refused_here_as_there() -> None:
    for query in ("&".join(f"brand={n}" for n in range(51)), "&".join(f"filter.{n}=1" for n in range(21))):
        with pytest.raises(Problem) as refused:
            asked_by(query.encode(), None)
        assert refused.value.status == 400

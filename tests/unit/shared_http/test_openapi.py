"""The OpenAPI document is made of what routes are, and the page shows it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

import httpx
import pytest
from litestar import Response, get, post
from litestar.exceptions import ImproperlyConfiguredException
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from msgspec import DecodeError, Meta, Struct

from shared.http.app import build_app
from shared.http.described import Asked, Encoded, Header, Link, also, leads_to, refuses, takes
from shared.http.files import Csv
from shared.http.parameters import PREFIXES
from shared.http.problems import Told, unavailability
from tests.fixtures.conformance import Conformance, read

Json = dict[str, Any]
T = TypeVar("T")
BASKET_FULL = Told(409, "basket_full", "It takes no more.")
WRONG_KEY = Told(403, "wrong_key", "The key does not fit.")
Key = Annotated[str | None, HeaderParameter(name="Basket-Key"), Asked((WRONG_KEY,), required=True, credential="key")]
Size = Annotated[int | None, QueryParameter(ge=0, le=9, description="How many.")]


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"sku": "lamp", "quantity": 2}`: so many of it."""

    sku: Annotated[str, Meta(min_length=1)]
    quantity: Annotated[int, Meta(gt=0)] = 1


class Basket(Struct, frozen=True):
    """A basket, of lines."""

    id: UUID
    lines: list[Line]
    note: str | None = None


class Woven(Encoded[T]):
    """With the header that baskets have."""

    told: ClassVar[Sequence[Header]] = (Header("Weight", "In grams.", {"type": "integer"}, always=True),)
    bodiless: ClassVar[Mapping[int, str]] = {304: "You have it."}


@post("/v1/baskets")
@refuses(BASKET_FULL)
@also(202, "It is being woven.")
@leads_to(Link("get_basket", {"basket_id": "/id", "Basket-Key": "$request.header.Basket-Key"}))
async def post_basket(data: JSONBody[Line], key: Key = None) -> Woven[Basket]:
    """Take a basket. Or two."""
    body = b'{"id":"0198f0c0-0000-7000-8000-000000000001","lines":[],"note":null}'
    return Woven(body, headers={"Weight": "12"}, media_type="application/json")


@get("/v1/baskets/{basket_id:uuid}", opt={PREFIXES: ("filter.",)})
async def get_basket(basket_id: FromPath[UUID], key: Key = None, size: Size = None) -> Woven[Basket]:
    """A basket."""
    return Woven(b'{"id":7,"lines":[],"surprise":1}', headers={"Weight": "heavy"}, media_type="application/json")


async def document_of(*routes: Any) -> Json:
    asgi = build_app(
        routes, title="Baskets", description="", refusals=(unavailability("redis"),), credentials={"key": {"type": "x"}}
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://test") as client:  # type: ignore[arg-type]
        return dict((await client.get("/schema/openapi.json")).json())


@pytest.fixture
async def document() -> Json:
    return await document_of(post_basket, get_basket)


def problem_codes(operation: Json) -> dict[str, list[str]]:
    return {
        status: answer["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
        for status, answer in operation["responses"].items()
        if "application/problem+json" in answer.get("content", {})
    }


async def test_an_answer_is_told_by_the_type_that_its_route_returns(document: Json) -> None:
    answers = document["paths"]["/v1/baskets"]["post"]["responses"]
    for status, description in (("201", "Created"), ("202", "It is being woven.")):
        assert answers[status]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Basket"}
        assert answers[status]["description"] == description
        assert answers[status]["headers"]["Weight"]["required"]
        assert "X-Correlation-Id" in answers[status]["headers"]
    assert "content" not in answers["304"]


async def test_each_status_tells_its_codes_wherever_they_come_from(document: Json) -> None:
    assert problem_codes(document["paths"]["/v1/baskets"]["post"]) == {
        "400": ["unknown_parameter", "broken_json", "invalid_input"],
        "403": ["wrong_key"],
        "408": ["body_too_slow"],
        "409": ["basket_full"],
        "413": ["body_too_large"],
        "500": ["internal_error"],
        "503": ["redis_unavailable"],
    }
    assert problem_codes(document["paths"]["/v1/baskets/{basket_id}"]["get"])["404"] == ["unknown_route"]
    described = document["paths"]["/v1/baskets"]["post"]["responses"]["409"]["description"]
    assert described == "`basket_full`: It takes no more."


async def test_files_that_are_taken_and_answered_are_told_as_texts_of_their_types() -> None:
    @post("/v1/files", status_code=200)
    @takes("text/csv", "application/octet-stream")
    async def post_file() -> Csv[str]:
        """Give a file back."""
        raise NotImplementedError

    told = (await document_of(post_file))["paths"]["/v1/files"]["post"]
    text = {"schema": {"type": "string"}}
    assert told["requestBody"] == {"required": True, "content": {"text/csv": text, "application/octet-stream": text}}
    assert told["responses"]["200"]["content"] == {"text/csv": text}
    assert problem_codes(told)["413"] == ["body_too_large"] and problem_codes(told)["408"] == ["body_too_slow"]


async def test_a_body_is_told_as_strictly_as_it_is_decoded(document: Json) -> None:
    line = document["components"]["schemas"]["Line"]
    assert (line["additionalProperties"], line["required"]) == (False, ["sku"])
    assert line["properties"]["quantity"] == {"type": "integer", "exclusiveMinimum": 0, "default": 1}
    assert (line["description"], line["examples"]) == ("so many of it.", [{"sku": "lamp", "quantity": 2}])


async def test_what_is_only_answered_always_has_all_its_members(document: Json) -> None:
    assert document["components"]["schemas"]["Basket"]["required"] == ["id", "lines", "note"]
    assert "errors" not in document["components"]["schemas"]["ProblemDetails"]["required"]


async def test_parameters_are_told_where_they_stand(document: Json) -> None:
    told = {one["name"]: one for one in document["paths"]["/v1/baskets/{basket_id}"]["get"]["parameters"]}
    assert (told["basket_id"]["in"], told["basket_id"]["schema"]) == ("path", {"type": "string", "format": "uuid"})
    assert (told["Basket-Key"]["in"], told["Basket-Key"]["required"]) == ("header", True)
    assert told["size"]["schema"] == {"type": "integer", "minimum": 0, "maximum": 9}
    assert not told["size"]["required"]
    assert told["filter.*"]["schema"]["propertyNames"] == {"pattern": "^filter\\.."}
    assert document["paths"]["/v1/baskets"]["post"]["security"] == [{"key": []}]


async def test_a_link_says_where_each_value_goes(document: Json) -> None:
    links = document["paths"]["/v1/baskets"]["post"]["responses"]["201"]["links"]
    assert links["get_basket"]["parameters"] == {
        "path.basket_id": "$response.body#/id",
        "header.Basket-Key": "$request.header.Basket-Key",
    }


@pytest.mark.parametrize(
    ("link", "message"),
    [(Link("get_box"), "which is no operation"), (Link("get_basket", {"box": "/id"}), "what it doesn't take")],
)
async def test_a_link_that_leads_nowhere_is_found_when_building(link: Link, message: str) -> None:
    @post("/v1/boxes")
    @leads_to(link)
    async def post_box() -> Woven[Basket]:
        """Take a box."""
        raise AssertionError

    with pytest.raises(ImproperlyConfiguredException, match=message):
        await document_of(get_basket, post_box)


async def test_a_route_that_does_not_say_what_it_answers_is_found_when_building() -> None:
    @get("/v1/box")
    async def get_box() -> Response[bytes]:
        """A box."""
        raise AssertionError

    with pytest.raises(ImproperlyConfiguredException, match="get_box"):
        await document_of(get_box)


async def test_an_example_that_does_not_fit_is_found_when_building() -> None:
    class Misfit(Struct, forbid_unknown_fields=True):
        """`{"sku": 5}`."""

        sku: str

    @post("/v1/misfits")
    async def post_misfit(data: JSONBody[Misfit]) -> Woven[Basket]:
        """Take it."""
        raise AssertionError

    with pytest.raises(DecodeError):
        await document_of(post_misfit)


async def test_the_tests_see_an_answer_that_is_otherwise_than_declared() -> None:
    asgi = build_app([post_basket, get_basket], title="Baskets", description="", credentials={"key": {"type": "x"}})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://test") as client:  # type: ignore[arg-type]
        conformance = Conformance(read((await client.get("/schema/openapi.json")).content))
        good = await client.post("/v1/baskets", json={"sku": "lamp"})
        assert conformance.differences(good) == []
        bad = await client.get("/v1/baskets/0198f0c0-0000-7000-8000-000000000001")
    said = "\n".join(conformance.differences(bad))
    for difference in ("Weight", "id: 7 is not", "surprise", '"note" is a required property'):
        assert difference in said
    bad.status_code = 418
    assert "never answers 418" in conformance.differences(bad)[0]


async def test_the_page_shows_what_the_document_says_and_needs_no_internet(document: Json) -> None:
    asgi = build_app([post_basket, get_basket], title="Baskets", description="", credentials={"key": {"type": "x"}})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://test") as client:  # type: ignore[arg-type]
        page = await client.get("/schema")
    assert page.headers["content-type"].startswith("text/html")
    shown = ("/v1/baskets/{basket_id}", "basket_full", "It is being woven.", 'href="#Basket"', "Weight", "Basket-Key",
             'href="#get_basket"', "&quot;lamp&quot;")  # fmt: skip
    assert [what for what in shown if what not in page.text] == []
    assert "<script" not in page.text

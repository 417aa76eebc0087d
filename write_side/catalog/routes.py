"""The catalog over HTTP (scope catalog:write). An Idempotency-Key is welcome, not asked for: no money moves."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from shared.envelope import as_json
from shared.events.catalog import Status
from shared.http.problems import FieldError, Problem
from write_side.catalog import handlers
from write_side.catalog.domain import CategoryInput, ProductInput
from write_side.catalog.handlers import CategoryState, ProductState
from write_side.commands import Call
from write_side.database import Pool
from write_side.http import answered, cause, idempotent, requires

STAFF = [requires("catalog:write")]
Asked = Request[Any, Any, Any]


class NewStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"status": "archived"}`."""

    status: Status


@post("/v1/products", guards=STAFF)
async def post_product(request: Asked, data: JSONBody[ProductInput], pool: NamedDependency[Pool]) -> Response[bytes]:
    """Create a product with its variants. 409 `slug_taken`, `sku_taken`, `external_ref_taken`; 422 with a pointer."""
    answer = await handlers.create_product(pool, data, cause(request), repeatable(request, data))
    return answered(request, answer, 201)


@put("/v1/products/{product_id:uuid}", guards=STAFF)
async def put_product(
    request: Asked, product_id: FromPath[UUID], data: JSONBody[ProductInput], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """Replace all facts of a product; If-Match names the version that was read. 428 without it, 412 if it changed."""
    expected = expected_version(request, required=True)
    call = repeatable(request, data)
    return answered(request, await handlers.replace_product(pool, product_id, data, expected, cause(request), call))


@patch("/v1/products/{product_id:uuid}", guards=STAFF)
async def patch_product(
    request: Asked, product_id: FromPath[UUID], data: JSONBody[NewStatus], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """Change a product's status; If-Match is honoured if it is there. 404 `unknown_product`, 412 `version_conflict`."""
    expected = expected_version(request, required=False)
    call = repeatable(request, data)
    answer = await handlers.set_status(pool, product_id, data.status, expected, cause(request), call)
    return answered(request, answer)


@get("/v1/products/{product_id:uuid}", guards=STAFF)
async def get_product(product_id: FromPath[UUID], pool: NamedDependency[Pool]) -> Response[bytes]:
    """A product as the write side has it, with the ETag that If-Match asks for. 404 `unknown_product`."""
    return _tagged(await handlers.get_product(pool, product_id))


@post("/v1/categories", guards=STAFF)
async def post_category(request: Asked, data: JSONBody[CategoryInput], pool: NamedDependency[Pool]) -> Response[bytes]:
    """Create a category. 409 `slug_taken`; 422 `no_such_category`, `category_too_deep`."""
    answer = await handlers.create_category(pool, data, cause(request), repeatable(request, data))
    return answered(request, answer, 201)


@put("/v1/categories/{category_id:uuid}", guards=STAFF)
async def put_category(
    request: Asked, category_id: FromPath[UUID], data: JSONBody[CategoryInput], pool: NamedDependency[Pool]
) -> Response[bytes]:
    """Rename or move a category; If-Match as for products. 409 `category_cycle`, `slug_taken`."""
    expected = expected_version(request, required=True)
    call = repeatable(request, data)
    return answered(request, await handlers.replace_category(pool, category_id, data, expected, cause(request), call))


@get("/v1/categories/{category_id:uuid}", guards=STAFF)
async def get_category(category_id: FromPath[UUID], pool: NamedDependency[Pool]) -> Response[bytes]:
    """A category as the write side has it, with its ETag. 404 `unknown_category`."""
    return _tagged(await handlers.get_category(pool, category_id))


def repeatable(request: Asked, body: Struct) -> Call | None:
    """The idempotent call that this request is, None without an Idempotency-Key."""
    return idempotent(request, body) if "idempotency-key" in request.headers else None


def expected_version(request: Asked, *, required: bool) -> int | None:
    """The version in If-Match, None for `*` or a missing one; 428 `if_match_required`, 400 `broken_if_match`."""
    header = request.headers.get("if-match", "").strip()
    if header == "*" or (not header and not required):
        return None
    if not header:
        said = "Say which version was read: If-Match with its ETag."
        raise Problem(428, "if_match_required", said, errors=[FieldError("If-Match", "required", "missing")])
    digits = header.removeprefix('"').removesuffix('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        said = 'If-Match takes one ETag as it was given: "3", or *.'
        raise Problem(400, "broken_if_match", said, errors=[FieldError("If-Match", "malformed", said)])
    return int(digits)


def _tagged(state: ProductState | CategoryState) -> Response[bytes]:
    headers = {"ETag": f'"{state.version}"', "Cache-Control": "no-store"}
    return Response(as_json(state), headers=headers, media_type="application/json")


routes = [post_product, put_product, patch_product, get_product, post_category, put_category, get_category]

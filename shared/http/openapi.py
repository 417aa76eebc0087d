"""The OpenAPI 3.1 document: every refusal in it is a problem, and bearer tokens are named."""

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    PathItem,
    Reference,
    Schema,
    SecurityScheme,
)
from litestar.openapi.spec.enums import OpenAPIType

from shared.http.openapi_page import PageRenderPlugin
from shared.http.problems import MEDIA_TYPE

BEARER = "bearer"


def configuration(title: str, description: str) -> OpenAPIConfig:
    """`/schema/openapi.json` is the document; `/schema` shows it."""
    schemes: dict[str, SecurityScheme | Reference] = {
        BEARER: SecurityScheme(type="http", scheme="bearer", description="Made by `doorbuster token`.")
    }
    return OpenAPIConfig(
        title=title,
        version="1",
        description=description,
        path="/schema",
        render_plugins=[PageRenderPlugin(), JsonRenderPlugin()],
        components=Components(security_schemes=schemes),
        use_handler_docstrings=True,
    )


def describe_problems(app: Litestar) -> None:
    """Put the real error format in place of the framework's own."""
    document = app.openapi_schema
    assert document.components is not None
    document.components.schemas["Problem"] = _PROBLEM
    for path in (document.paths or {}).values():
        for operation in _operations(path):
            responses = operation.responses if operation.responses is not None else {}
            for status in [status for status in responses if status.startswith(("4", "5"))]:
                responses[status] = _response()
            responses["default"] = _response()


def _operations(path: PathItem) -> list[Operation]:
    found = (path.get, path.put, path.post, path.delete, path.patch)
    return [operation for operation in found if operation is not None]


def _response() -> OpenAPIResponse:
    schema = Reference(ref="#/components/schemas/Problem")
    return OpenAPIResponse(description="Refused or failed", content={MEDIA_TYPE: OpenAPIMediaType(schema=schema)})


def _text(description: str) -> Schema:
    return Schema(type=OpenAPIType.STRING, description=description)


_PROBLEM = Schema(
    type=OpenAPIType.OBJECT,
    description="RFC 9457 problem details; further members depend on the code.",
    required=["type", "title", "status", "code", "detail", "correlation_id"],
    properties={
        "type": _text("urn:doorbuster:problem:<code>"),
        "title": _text("The status in words"),
        "status": Schema(type=OpenAPIType.INTEGER),
        "code": _text("For programs; stable"),
        "detail": _text("For people"),
        "correlation_id": _text("Names this request in the logs"),
        "errors": Schema(
            type=OpenAPIType.ARRAY,
            items=Schema(
                type=OpenAPIType.OBJECT,
                required=["pointer", "code", "detail"],
                properties={
                    "pointer": _text("JSON pointer into the body, or `?name` for a query parameter"),
                    "code": _text("What is wrong there"),
                    "detail": _text("In words"),
                },
            ),
        ),
    },
)

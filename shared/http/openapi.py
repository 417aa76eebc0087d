"""The OpenAPI 3.1 document of an API, out of what its routes are: signatures, guards, types and what they say.

Written here and not by the framework: that one knows neither what bytes are the JSON of nor what a route refuses, and
describes types otherwise than they are decoded.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.exceptions import ImproperlyConfiguredException
from litestar.types import Empty

from shared.http.described import Header, Json, Link
from shared.http.operations import BEARER, Operation, asked_of
from shared.http.parameters import PREFIXES, Parameter
from shared.http.problems import MEDIA_TYPE, Kind, ProblemDetails
from shared.http.shapes import Shapes

JSON = "application/json"

_TEXT: Json = {"type": "string"}
CORRELATION = Header("X-Correlation-Id", "Names this request in the logs; your own if you sent one.", _TEXT, True)
RETRY_AFTER = Header("Retry-After", "Seconds after which to try again.", {"type": "integer", "minimum": 0})
AUTHENTICATE = Header("WWW-Authenticate", "How to authenticate.", _TEXT)
# What goes with problems of a status, and whether always.
_OF_PROBLEMS = {401: (AUTHENTICATE,), 409: (RETRY_AFTER,), 503: (RETRY_AFTER._replace(always=True),)}


def document(title: str, description: str, operations: Sequence[Operation], credentials: Mapping[str, Json]) -> Json:
    """The whole document; raises for a route that doesn't say what it answers, and for a link that leads nowhere."""
    if silent := [operation.name for operation in operations if operation.told in (None, bytes)]:
        raise ImproperlyConfiguredException(f"routes that don't say what they answer: {', '.join(silent)}")
    shapes = _shapes(operations)
    by_name = {operation.name: operation for operation in operations}
    paths: dict[str, Json] = defaultdict(dict)
    for operation in operations:
        paths[operation.path][operation.method] = _operation(operation, shapes, by_name)
    bearer = {"type": "http", "scheme": "bearer", "description": "Made by `doorbuster token`, or POST /v1/tokens."}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": description},
        "servers": [{"url": "/"}],
        "paths": dict(paths),
        "components": {"schemas": shapes.components, "securitySchemes": {BEARER: bearer, **credentials}},
    }


def _shapes(operations: Iterable[Operation]) -> Shapes:
    taken = [operation.taken for operation in operations if operation.taken]
    taken += [one.field.annotation for operation in operations for one in operation.parameters]
    return Shapes(taken, [ProblemDetails, *(operation.told for operation in operations)])


def _operation(operation: Operation, shapes: Shapes, by_name: Mapping[str, Operation]) -> Json:
    said = operation.words
    told: Json = {
        "operationId": operation.name,
        "tags": [operation.path.removeprefix("/v1").split("/")[1]],
        "summary": said.partition("\n")[0].partition(". ")[0].rstrip("."),
        "description": said,
        "parameters": [
            *(_parameter(taken, shapes) for taken in operation.parameters),
            *(_family(prefix) for prefix in operation.handler.opt.get(PREFIXES, ())),
            *(_header(header) | {"name": header.name, "in": "header"} for header in operation.answer.heard),
        ],
        "responses": _answers(operation, shapes, by_name) | _problems(operation.refusals(), shapes),
        "security": operation.security(),
    }
    if operation.said.takes:
        told["requestBody"] = {"required": True, "content": {kind: {"schema": _TEXT} for kind in operation.said.takes}}
    if operation.taken:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": shapes.of(operation.taken)}}}
    return told


# --- what it takes -------------------------------------------------------------------------------------------------

_BOUNDS = {
    "ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum", "pattern": "pattern",
    "min_length": "minLength", "max_length": "maxLength", "min_items": "minItems", "max_items": "maxItems",
}  # fmt: skip


def _parameter(taken: Parameter, shapes: Shapes) -> Json:
    declared, default = taken.declared, taken.field.default
    schema = _present(shapes.of(taken.field.annotation))
    schema |= {word: getattr(declared, name) for name, word in _BOUNDS.items() if getattr(declared, name) is not None}
    if default not in (None, Empty):
        schema["default"] = msgspec.to_builtins(default)
    schema |= declared.schema_extra or {}
    needed = taken.place == "path" or asked_of(taken).required or taken.field.is_required
    told: Json = {"name": taken.name, "in": taken.place, "required": needed, "schema": schema}
    return told | ({"description": declared.description} if declared.description else {})


def _family(prefix: str) -> Json:
    """All query parameters that begin alike: an object whose members are parameters of their own."""
    names = {"pattern": f"^{re.escape(prefix)}."}
    schema: Json = {"type": "object", "additionalProperties": _TEXT, "propertyNames": names}
    return {"name": f"{prefix}*", "in": "query", "style": "form", "explode": True, "schema": schema}


def _present(schema: Json) -> Json:
    """A parameter is there or left out; null can't be said in a URL or a header."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    return dict(choices[0]) if len(choices) == 1 else dict(schema)


# --- what it answers -----------------------------------------------------------------------------------------------


def _answers(operation: Operation, shapes: Shapes, by_name: Mapping[str, Operation]) -> Json:
    headers = _headers([*operation.answer.told, CORRELATION])
    content = {operation.answer.media: {"schema": shapes.of(operation.told)}}
    links = {link.operation: _link(link, operation, by_name) for link in operation.said.links}
    answers: Json = {}
    for status, when in operation.statuses.items():
        phrase = when or HTTPStatus(status).phrase
        answers[str(status)] = {"description": phrase, "headers": headers, "content": content, "links": links}
    for status, when in operation.answer.bodiless.items():
        answers[str(status)] = {"description": when, "headers": headers}
    return answers


def _headers(told: Iterable[Header]) -> Json:
    return {header.name: _header(header) for header in told}


def _header(header: Header) -> Json:
    return {"description": header.description, "required": header.always, "schema": header.schema}


def _link(link: Link, source: Operation, by_name: Mapping[str, Operation]) -> Json:
    target = by_name.get(link.operation)
    if target is None:
        raise ImproperlyConfiguredException(f"{source.name} leads to {link.operation}, which is no operation")
    places = {taken.name: taken.place for taken in target.parameters}
    if unknown := link.parameters.keys() - places.keys():
        raise ImproperlyConfiguredException(f"{source.name} gives {link.operation} what it doesn't take: {unknown}")
    told: Json = {"operationId": link.operation}
    told["parameters"] = {f"{places[name]}.{name}": _expression(value) for name, value in link.parameters.items()}
    if link.body is not None:
        told["requestBody"] = {name: _expression(value) for name, value in link.body.items()}
    return told


def _expression(value: str) -> str:
    return value if value.startswith("$") else f"$response.body#{value}"


def _problems(refusals: Iterable[Kind], shapes: Shapes) -> Json:
    by_status: dict[int, list[Kind]] = defaultdict(list)
    for kind in refusals:
        by_status[kind.status].append(kind)
    return {str(status): _problem(status, kinds, shapes) for status, kinds in sorted(by_status.items())}


def _problem(status: int, kinds: Sequence[Kind], shapes: Shapes) -> Json:
    codes = {"code": {"enum": list(dict.fromkeys(kind.code for kind in kinds))}, "status": {"const": status}}
    schema = {"allOf": [shapes.of(ProblemDetails), {"properties": codes}]}
    return {
        "description": "\n".join(dict.fromkeys(f"`{kind.code}`: {_meaning(kind)}" for kind in kinds)),
        "headers": _headers([*_OF_PROBLEMS.get(status, ()), CORRELATION]),
        "content": {MEDIA_TYPE: {"schema": schema}},
    }


def _meaning(kind: Any) -> str:
    return str(getattr(kind, "meaning", None) or (kind.__doc__ or "").partition("\n")[0])

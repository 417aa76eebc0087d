"""Strict input: bodies decoded straight into their type, query parameters only those a route knows."""

from collections.abc import Iterator
from typing import Any, NamedTuple, get_origin
from weakref import WeakKeyDictionary

import msgspec
from litestar import Litestar, Request
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition
from litestar.utils.signature import ParsedSignature
from msgspec import Struct
from msgspec import inspect as shapes

from shared.http.problems import UNKNOWN_PARAMETER, FieldError
from shared.http.refusals import of_decoding

MOST_TOLD = 20  # parameters named in one refusal: an answer must not outgrow its question
PREFIXES = "query_prefixes"  # a route's `opt`: parameters that start like this are its own business


class StrictRequest(Request[Any, Any, Any]):
    """Decodes a JSON body into the route's own type at once.

    Litestar would first decode it into dicts and then convert these leniently, so that `"3"` passed for 3.
    """

    async def json(self) -> Any:
        """The body as the type of the handler's `data`; answers 400 with a JSON pointer when it doesn't fit."""
        if self._json is self._connection_state.json:  # both still empty
            field = self.route_handler.parsed_data_field
            body = await self.body()
            try:
                self._json = msgspec.json.decode(body, type=field.annotation if field else Any)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise of_decoding(error) from error
            self._connection_state.json = self._json
        return self._json


async def refuse_unknown_parameters(request: Request[Any, Any, Any]) -> None:  # sync: Litestar would take a thread
    """A misspelt filter that is silently ignored shows the wrong things: 400 `unknown_parameter` instead."""
    if not request.scope["query_string"]:
        return
    handler = request.route_handler
    known, prefixes = query_of(handler), tuple(handler.opt.get(PREFIXES, ()))
    unknown = [name for name in request.query_params if name not in known and not name.startswith(prefixes)]
    if unknown:
        told = unknown[:MOST_TOLD]
        errors = [FieldError(f"?{name[:80]}", "unknown_parameter", "there is no such parameter") for name in told]
        raise UNKNOWN_PARAMETER.problem(errors=errors)


_queries: WeakKeyDictionary[BaseRouteHandler, frozenset[str]] = WeakKeyDictionary()


def query_of(handler: BaseRouteHandler) -> frozenset[str]:
    """The names of a route's query parameters."""
    known = _queries.get(handler)
    if known is None:
        named = parameters_of(handler)
        known = _queries[handler] = frozenset(taken.name for taken in named if taken.place == "query")
    return known


class Parameter(NamedTuple):
    """A parameter that a route takes: its name on the wire, where it stands, and how the function declares it."""

    name: str
    place: str  # path, query, header
    field: FieldDefinition
    declared: ParameterKwarg


def parameters_of(handler: BaseRouteHandler) -> list[Parameter]:
    """All parameters of a route, those of the dependencies it takes included."""
    return list(_named(handler.parsed_fn_signature, handler))


def _named(signature: ParsedSignature, handler: BaseRouteHandler) -> Iterator[Parameter]:
    provided = handler.resolve_dependencies()
    for name, field in signature.parameters.items():
        kwarg = field.kwarg_definition
        if name in provided:
            yield from _named(provided[name].parsed_fn_signature, handler)
        elif isinstance(kwarg, ParameterKwarg):
            yield Parameter(kwarg.name or name, kwarg.param_type.value, field, kwarg)


def lenient_bodies(app: Litestar) -> list[str]:
    """The body types that would swallow unknown fields; checked when the app is built, so none goes live."""
    found = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if isinstance(handler, HTTPRouteHandler) and (field := handler.parsed_data_field):
                found += [f"{handler}: {kind.__name__}" for kind in structs_in(field.annotation) if _is_lenient(kind)]
    return found


def _is_lenient(kind: type[Struct]) -> bool:
    return not kind.__struct_config__.forbid_unknown_fields


def structs_in(annotation: Any) -> set[type[Struct]]:
    """All Structs within a type."""
    found: set[type[Struct]] = set()
    waiting: list[Any] = [shapes.type_info(annotation)] if annotation is not bytes else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, shapes.StructType):
            kind = get_origin(node.cls) or node.cls
            if kind in found:
                continue
            found.add(kind)
            waiting += [field.type for field in node.fields]
        elif isinstance(node, shapes.Type):
            for name in node.__struct_fields__:
                value = getattr(node, name)
                waiting += [v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, shapes.Type)]
    return found

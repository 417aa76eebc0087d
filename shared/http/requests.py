"""Strict input: bodies decoded straight into their type, query parameters only those a route knows."""

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from litestar import Litestar, Request
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.params import ParameterKwarg
from litestar.utils.signature import ParsedSignature
from msgspec import Struct
from msgspec import inspect as shapes

from shared.http.problems import FieldError, Problem
from shared.http.refusals import of_decoding

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
    known, prefixes = parameters_of(handler), tuple(handler.opt.get(PREFIXES, ()))
    unknown = [name for name in request.query_params if name not in known and not name.startswith(prefixes)]
    if unknown:
        errors = [FieldError(f"?{name[:80]}", "unknown_parameter", "there is no such parameter") for name in unknown]
        raise Problem(400, "unknown_parameter", "The query names parameters this route does not know.", errors=errors)


_parameters: WeakKeyDictionary[BaseRouteHandler, frozenset[str]] = WeakKeyDictionary()


def parameters_of(handler: BaseRouteHandler) -> frozenset[str]:
    """The query parameters of a route."""
    known = _parameters.get(handler)
    if known is None:
        known = _parameters[handler] = frozenset(_named(handler.parsed_fn_signature, handler))
    return known


def _named(signature: ParsedSignature, handler: BaseRouteHandler) -> Iterator[str]:
    """The query parameters of a function and of the dependencies it takes."""
    provided = handler.resolve_dependencies()
    for name, field in signature.parameters.items():
        kwarg = field.kwarg_definition
        if name in provided:
            yield from _named(provided[name].parsed_fn_signature, handler)
        elif isinstance(kwarg, ParameterKwarg) and kwarg.param_type == "query":
            yield kwarg.name or name


def lenient_bodies(app: Litestar) -> list[str]:
    """The body types that would swallow unknown fields; checked when the app is built, so none goes live."""
    found = []
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if isinstance(handler, HTTPRouteHandler) and (field := handler.parsed_data_field):
                found += [f"{handler}: {kind.__name__}" for kind in _structs(field.annotation) if _is_lenient(kind)]
    return found


def _is_lenient(kind: type[Struct]) -> bool:
    return not kind.__struct_config__.forbid_unknown_fields


def _structs(annotation: Any) -> set[type[Struct]]:
    """All Structs within a type."""
    found: set[type[Struct]] = set()
    waiting: list[Any] = [shapes.type_info(annotation)] if annotation is not bytes else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, shapes.StructType):
            if node.cls in found:
                continue
            found.add(node.cls)
            waiting += [field.type for field in node.fields]
        elif isinstance(node, shapes.Type):
            for name in node.__struct_fields__:
                value = getattr(node, name)
                waiting += [v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, shapes.Type)]
    return found

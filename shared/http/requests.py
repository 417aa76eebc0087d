"""Strict input: bodies decoded straight into their type, query parameters only those a route knows."""

from typing import Any, get_origin

import msgspec
from litestar import Litestar, Request, Response
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct
from msgspec import inspect as shapes

from shared.http.parameters import refuse_misread
from shared.http.refusals import of_decoding
from shared.http.slashes import SLASH, named


class StrictRequest(Request[Any, Any, Any]):
    """Decodes a JSON body into the route's own type at once.

    Litestar would first decode it into dicts and then convert these leniently, so that `"3"` passed for 3.
    """

    @property
    def path_params(self) -> dict[str, Any]:
        """The names in the path, as typed by the route."""
        found: dict[str, Any] = self.scope["path_params"]
        if SLASH not in self.scope["path"]:
            return found
        return {name: named(value) if isinstance(value, str) else value for name, value in found.items()}

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


async def before(request: Request[Any, Any, Any]) -> Response[None] | None:  # sync: Litestar would take a thread
    """Ahead of every route: OPTIONS is answered, and a query that would be misread is refused."""
    if request.scope["method"] == "OPTIONS":
        return Response(None, status_code=204, headers={"Allow": ", ".join(sorted(_methods(request)))})
    if request.scope["query_string"]:
        refuse_misread(request)
    return None


def _methods(request: Request[Any, Any, Any]) -> set[str]:
    """All methods of an address. Litestar's own answer leaves out those of routes that were added later."""
    [path] = request.route_handler.paths
    methods = {str(method) for method in request.app.route_handler_method_map[path]}
    return methods | ({"HEAD"} if "GET" in methods else set())


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

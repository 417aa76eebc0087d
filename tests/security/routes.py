"""The routes of both APIs, read from the running apps: a new one is in every test without being named."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from shared.http.frame import Frame
from shared.ids import uuid7


class Route(NamedTuple):
    """One method of one path, its scope if it is for staff, and the type of its body."""

    method: str
    template: str
    scope: str | None
    body: Any

    @property
    def name(self) -> str:
        """`GET /v1/carts/{cart_id}`."""
        return f"{self.method} {self.template}"

    @property
    def path(self) -> str:
        """With an id, or a word, in each place."""
        return re.sub(r"{(\w+)}", lambda found: str(uuid7()) if found[1].endswith("_id") else "DE", self.template)

    @property
    def takes_json(self) -> bool:
        """Whether its body is a JSON object of ours."""
        return isinstance(self.body, type) and issubclass(self.body, Struct)


def litestar_of(app: object) -> Litestar:
    """The framework's app inside the frame, and inside the front that stands before it."""
    inner: object = app._inner.app if isinstance(app, Frame) else app
    while not isinstance(inner, Litestar):
        inner = inner._app  # type: ignore[attr-defined]
    return inner


def routes_of(app: object) -> Iterator[Route]:
    """All routes, the documents' own and OPTIONS left out."""
    for route in litestar_of(app).routes:
        # The framework keeps the methods of an address in a set: xdist's workers must see one order.
        for handler in sorted(getattr(route, "route_handlers", []), key=lambda one: sorted(one.http_methods)):
            if not isinstance(handler, HTTPRouteHandler) or route.path.startswith("/schema"):
                continue
            scopes = [guard.required_scope for guard in handler.guards or () if hasattr(guard, "required_scope")]
            field = handler.parsed_data_field
            for method in sorted(set(handler.http_methods) - {"OPTIONS"}):
                template = re.sub(r":\w+}", "}", route.path)
                yield Route(method, template, scopes[0] if scopes else None, field.annotation if field else None)

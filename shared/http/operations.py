"""A route as the OpenAPI document tells it: what it takes, what it answers, what it refuses, and who may ask it."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler

from shared.http.described import Asked, Described, Encoded, Json, described
from shared.http.parameters import PREFIXES, Parameter, parameters_of
from shared.http.problems import (
    BODY_TOO_LARGE,
    BODY_TOO_SLOW,
    BROKEN_JSON,
    INTERNAL_ERROR,
    INVALID_INPUT,
    MISSING_SCOPE,
    UNAUTHORIZED,
    UNKNOWN_PARAMETER,
    UNKNOWN_ROUTE,
    Kind,
)

BEARER, SESSION = "bearer", "session"


class Operation(NamedTuple):
    """One method of one path."""

    path: str  # /v1/carts/{cart_id}
    method: str
    handler: HTTPRouteHandler
    said: Described
    parameters: list[Parameter]
    common: tuple[Kind, ...]  # what all routes of this API refuse

    @property
    def name(self) -> str:
        """The name of its function: unique, and the operationId."""
        return str(getattr(self.handler.fn, "__name__", ""))

    @property
    def words(self) -> str:
        """Its docstring."""
        return inspect.getdoc(self.handler.fn) or ""

    @property
    def scope(self) -> str | None:
        """The scope that its guard asks for."""
        scopes = (getattr(guard, "required_scope", None) for guard in self.handler.guards or ())
        return next(filter(None, scopes), None)

    @property
    def session(self) -> bool:
        """Whether its guard asks for the session of an account."""
        return any(getattr(guard, "required_session", False) for guard in self.handler.guards or ())

    @property
    def taken(self) -> Any:
        """The type of its JSON body, None if it takes none."""
        field = self.handler.parsed_data_field
        return self.said.reads if field is None else field.annotation

    @property
    def answer(self) -> type[Encoded[Any]]:
        """The class of its response."""
        kind = self.handler.parsed_fn_signature.return_type
        return kind.origin if kind.is_subclass_of(Encoded) else Encoded

    @property
    def told(self) -> Any:
        """The type whose JSON it answers."""
        kind = self.handler.parsed_fn_signature.return_type
        if not kind.is_subclass_of(Response):
            return kind.annotation
        return kind.inner_types[0].raw if kind.inner_types else None

    @property
    def statuses(self) -> dict[int, str]:
        """The statuses of success, and when each is answered if there is more to say than the status does."""
        return {self.handler.status_code: "", **dict(self.said.also)}

    def refusals(self) -> list[Kind]:
        """Everything it says no to, its own refusals first."""
        asked = [kind for taken in self.parameters for kind in asked_of(taken).refusals]
        return list(dict.fromkeys([*self.said.refusals, *asked, *self._by_kind(), *self.common, INTERNAL_ERROR]))

    def _by_kind(self) -> Iterator[Kind]:
        """What follows from what it takes."""
        yield UNKNOWN_PARAMETER
        if self.scope:
            yield from (UNAUTHORIZED, MISSING_SCOPE)
        if self.session:
            yield UNAUTHORIZED
        if self.taken:
            yield from (BROKEN_JSON, INVALID_INPUT, BODY_TOO_LARGE, BODY_TOO_SLOW)
        if self.said.takes:
            yield from (BODY_TOO_LARGE, BODY_TOO_SLOW)
        if any(taken.place == "query" for taken in self.parameters) or PREFIXES in self.handler.opt:
            yield INVALID_INPUT
        if any(taken.place == "path" for taken in self.parameters):
            yield UNKNOWN_ROUTE  # a UUID that is none leads nowhere

    def security(self) -> list[Json]:
        """Who may ask: any of these; nobody in particular if there are none."""
        if self.scope:
            return [{BEARER: [self.scope]}]
        if self.session:
            return [{SESSION: []}]
        credentials: list[Json] = [{name: []} for taken in self.parameters if (name := asked_of(taken).credential)]
        return credentials + [dict(one) for one in self.handler.resolve_security() or ()]


def asked_of(taken: Parameter) -> Asked:
    """What our own code asks of a parameter."""
    return next((one for one in taken.field.metadata if isinstance(one, Asked)), Asked())


def operations_of(app: Litestar, common: Mapping[Callable[..., Any], tuple[Kind, ...]]) -> list[Operation]:
    """All operations of an app that are to be told of; `common` is what a route's function refuses like others do."""
    found = []
    for route in app.routes:
        # The framework keeps the methods of an address in a set.
        for handler in sorted(getattr(route, "route_handlers", ()), key=lambda one: sorted(one.http_methods)):
            if isinstance(handler, HTTPRouteHandler) and handler.resolve_include_in_schema():
                said, taken = described(handler.fn), parameters_of(handler)
                for method in handler.http_methods:
                    shared = common.get(handler.fn, ())
                    found.append(Operation(route.path_format, method.lower(), handler, said, taken, shared))
    return found

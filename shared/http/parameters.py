"""The parameters of a route, and query strings that it would misread: refused, where the framework would guess."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from litestar import Request
from litestar.handlers import BaseRouteHandler
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition
from litestar.utils.signature import ParsedSignature

from shared.http.problems import INVALID_INPUT, UNKNOWN_PARAMETER, FieldError

MOST_TOLD = 20  # parameters named in one refusal: an answer must not outgrow its question
PREFIXES = "query_prefixes"  # a route's `opt`: parameters that start like this are its own business


class Parameter(NamedTuple):
    """A parameter that a route takes: its name on the wire, where it stands, and how the function declares it."""

    name: str
    place: str  # path, query, header
    field: FieldDefinition
    declared: ParameterKwarg

    @property
    def is_list(self) -> bool:
        """Whether it may be repeated."""
        return any(kind.is_non_string_sequence for kind in (self.field, *self.field.inner_types))

    @property
    def is_text(self) -> bool:
        """Whether any text is a value of it."""
        return any(kind.annotation is str for kind in (self.field, *self.field.inner_types))


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


def refuse_misread(request: Request[Any, Any, Any]) -> None:
    """A misspelt filter that is silently ignored, or the first of two prices, shows the wrong things.

    400 `unknown_parameter`, or `invalid_input` for one that is repeated and takes one value, and for `null`, which the
    framework takes for a parameter that is left out.
    """
    handler = request.route_handler
    known, prefixes = _query_of(handler), tuple(handler.opt.get(PREFIXES, ()))
    given = list(request.query_params.multi_items())
    unknown = [name for name, _ in given if name not in known and not name.startswith(prefixes)]
    if unknown:
        told = unknown[:MOST_TOLD]
        errors = [FieldError(f"?{name[:80]}", "unknown_parameter", "there is no such parameter") for name in told]
        raise UNKNOWN_PARAMETER.problem(errors=errors)
    own = [(known[name], value) for name, value in given if name in known]
    if errors := [*_repeated(own), *_nulls(own)]:
        raise INVALID_INPUT.problem(errors=errors[:MOST_TOLD])


def _repeated(given: list[tuple[Parameter, str]]) -> Iterator[FieldError]:
    for name, times in Counter(taken.name for taken, _ in given if not taken.is_list).items():
        if times > 1:
            yield FieldError(f"?{name}", "repeated", "this parameter takes one value")


def _nulls(given: list[tuple[Parameter, str]]) -> Iterator[FieldError]:
    for taken, value in given:
        if value.lower() == "null" and not taken.is_text and not taken.is_list:
            yield FieldError(f"?{taken.name}", "wrong_type", "null is no value; leave it out")


_queries: WeakKeyDictionary[BaseRouteHandler, dict[str, Parameter]] = WeakKeyDictionary()


def _query_of(handler: BaseRouteHandler) -> dict[str, Parameter]:
    known = _queries.get(handler)
    if known is None:
        named = parameters_of(handler)
        known = _queries[handler] = {taken.name: taken for taken in named if taken.place == "query"}
    return known

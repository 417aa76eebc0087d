"""Exceptions to problems: Litestar's own, validation with JSON pointers, and everything nobody expected."""

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from shared.http.problems import (
    BODY_TOO_LARGE,
    BROKEN_JSON,
    INTERNAL_ERROR,
    INVALID_INPUT,
    METHOD_NOT_ALLOWED,
    UNKNOWN_ROUTE,
    FieldError,
    Problem,
)
from shared.pointers import escaped

log = logging.getLogger(__name__)

LONGEST_TEXT = 300
_WHERE = re.compile(r" - at `(?:key in )?\$?(.*)`$")
_UNKNOWN = re.compile(r"unknown field `(.*?)`")
_MISSING = re.compile(r"missing required field `(.*?)`")
_RANGE = re.compile(r"^Expected `\w+` (?:[<>]=?|matching|of length|that)")


Mapped = Mapping[type[Exception], Callable[[Any], Problem]]


def problem_of(error: Exception, known: Mapped | None = None) -> Problem:
    """The problem that an exception is answered with; what nobody expected is logged and told to nobody.

    `known` are the application's own exceptions; the nearest class counts.
    """
    for kind in type(error).__mro__ if known else ():
        if known and kind in known:
            return known[kind](error)
    match error:
        case Problem():
            return error
        case ValidationException():
            return _of_parameters(error)
        case NotFoundException():
            return UNKNOWN_ROUTE.problem()
        case MethodNotAllowedException():
            return METHOD_NOT_ALLOWED.problem(headers=_with_head(error.headers or {}))
        case HTTPException(status_code=413):
            return BODY_TOO_LARGE.problem()
        case HTTPException() if error.status_code < 500:
            return Problem(error.status_code, _code_of(error), _detail_of(error), headers=error.headers)
    log.error("unexpected failure", exc_info=error)
    return INTERNAL_ERROR.problem()


def _with_head(headers: Mapping[str, str]) -> dict[str, str]:
    """HEAD is answered wherever GET is, ahead of the framework (`frame`), which doesn't name it."""
    told = {name.lower(): value for name, value in headers.items()}
    allowed = set(told.get("allow", "").split(", "))
    return told | {"allow": ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))}


def of_decoding(error: Exception) -> Problem:
    """A body that msgspec refused, with the place as a JSON pointer."""
    if isinstance(error, UnicodeDecodeError):
        return BROKEN_JSON.problem("The body is not JSON: it is not UTF-8.")
    message = str(error)
    where = _WHERE.search(message)
    text = message[: where.start()] if where else message
    if text.startswith(("JSON is malformed", "Input data was truncated", "Invalid")) and where is None:
        return BROKEN_JSON.problem(f"The body is not JSON: {text}.")
    return _invalid([field_error(_pointer(where[1] if where else ""), text)])


def field_error(pointer: str, text: str) -> FieldError:
    """What msgspec says about one place, with a code of ours."""
    if unknown := _UNKNOWN.search(text):
        return FieldError(f"{pointer}/{escaped(unknown[1])}", "unknown_field", "there is no such field")
    if missing := _MISSING.search(text):
        return FieldError(f"{pointer}/{escaped(missing[1])}", "missing_field", "this field is required")
    if _RANGE.match(text):
        return FieldError(pointer, "out_of_range", text)
    return FieldError(pointer, "wrong_type" if text.startswith("Expected") else "invalid_value", text)


def _invalid(errors: list[FieldError]) -> Problem:
    return INVALID_INPUT.problem(errors=errors)


def _of_parameters(error: ValidationException) -> Problem:
    """Parameters that don't fit. Litestar's own detail quotes the whole query, tokens included: never used."""
    extra: Any = error.extra or []
    return _invalid([_parameter(item) for item in (extra if isinstance(extra, list) else [])])


def _parameter(item: Mapping[str, Any]) -> FieldError:
    key, source = str(item.get("key", "")), str(getattr(item.get("source"), "value", item.get("source", "")))
    prefix = {"query": "?", "header": "header ", "path": "path "}.get(source)
    text = str(item.get("message", "invalid"))[:LONGEST_TEXT]  # some quote the value
    if key == "data" and not text.startswith("Expected"):  # the body itself was never decoded
        return FieldError("", "missing_body", "this route needs a JSON body")
    return field_error(f"{prefix}{key}" if prefix else _pointer("." + key.removeprefix("data").lstrip(".")), text)


def _pointer(path: str) -> str:
    """`.lines[0].quantity` → `/lines/0/quantity`."""
    steps = re.findall(r"\.([^.\[]+)|\[([^\]]*)\]", path)
    return "".join("/" + escaped(name or index) for name, index in steps)


def _code_of(error: HTTPException) -> str:
    return {401: "unauthorized", 403: "forbidden", 415: "unsupported_media_type", 429: "too_many_requests"}.get(
        error.status_code, "bad_request"
    )


def _detail_of(error: HTTPException) -> str:
    # Only exceptions that quote nothing of the request tell their own detail.
    if isinstance(error, ClientException) and error.status_code == 400 and "required" in error.detail:
        return "A required header, parameter or body is missing."
    return "The request can't be understood."

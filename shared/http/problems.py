"""Refusals and failures as RFC 9457 problem details: `application/problem+json` with a stable `code`."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple, Protocol

import msgspec
from msgspec import Meta, Struct, structs

MEDIA_TYPE = "application/problem+json"


class Kind(Protocol):
    """A kind of refusal: its status, and its code, which never changes. A `Told` is one, a class of refusals too."""

    @property
    def status(self) -> int: ...
    @property
    def code(self) -> str: ...


class FieldError(Struct, frozen=True):
    """One thing wrong with the input: where, which, and in words."""

    pointer: Annotated[str, Meta(description="JSON pointer into the body, `?name` for a query parameter")]
    code: Annotated[str, Meta(description="what is wrong there")]
    detail: Annotated[str, Meta(description="in words")]


class Problem(Exception):
    """Raised to answer with a problem. `code` is for programs and never changes, `detail` is for people.

    Further members (what is left, the current version …) go in by keyword and stand beside `code` in the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.members = members

    def body(self, correlation_id: str) -> bytes:
        """The answer's JSON."""
        told = ProblemDetails(
            type=f"urn:doorbuster:problem:{self.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            code=self.code,
            detail=self.detail,
            errors=list(self.errors),
            correlation_id=correlation_id,
        )
        document = {name: value for name, value in structs.asdict(told).items() if value != []}
        return msgspec.json.encode(document | self.members)


class ProblemDetails(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details; further members depend on the code."""

    type: Annotated[str, Meta(description="urn:doorbuster:problem:<code>")]
    title: Annotated[str, Meta(description="the status in words")]
    status: int
    code: Annotated[str, Meta(description="for programs; never changes")]
    detail: Annotated[str, Meta(description="for people")]
    errors: list[FieldError] = []
    correlation_id: Annotated[str, Meta(description="names this request in the logs")]


class Told(NamedTuple):
    """A kind of problem that is raised as such."""

    status: int
    code: str
    meaning: str

    def problem(
        self, detail: str = "", *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> Problem:  # fmt: skip
        """To be raised; without a detail its meaning is told."""
        return Problem(self.status, self.code, detail or self.meaning, errors=errors, headers=headers, **members)


UNAUTHORIZED = Told(401, "unauthorized", "This needs a valid bearer token.")
MISSING_SCOPE = Told(403, "missing_scope", "The token lacks the scope that this needs.")
NOT_FOUND = Told(404, "not_found", "There is no such thing.")
UNKNOWN_ROUTE = Told(404, "unknown_route", "There is nothing at this address.")
METHOD_NOT_ALLOWED = Told(405, "method_not_allowed", "This address has no such method.")
BODY_TOO_SLOW = Told(408, "body_too_slow", "The body did not arrive in time.")
BODY_CUT_OFF = Told(400, "body_cut_off", "The connection ended in the middle of the body.")  # for the log
BODY_TOO_LARGE = Told(413, "body_too_large", "The body is larger than this API takes.")
BROKEN_JSON = Told(400, "broken_json", "The body is not JSON.")
INVALID_INPUT = Told(400, "invalid_input", "The request does not fit what this route takes.")
UNKNOWN_PARAMETER = Told(400, "unknown_parameter", "The query names parameters this route does not know.")
TOO_MANY_REQUESTS = Told(429, "too_many_requests", "This client asks faster than it may; nothing was done.")
BUSY = Told(503, "busy", "More requests are here than can be served in time; nothing was done.")
INTERNAL_ERROR = Told(500, "internal_error", "Something went wrong on our side; it has been logged.")
SHED = (BUSY, TOO_MANY_REQUESTS)  # told to come again, before anything was done for them


def unavailability(what: str) -> Told:
    """The kind of problem that a store which is down makes. `what` is its public name."""
    return Told(503, f"{what}_unavailable", f"This needs {what}, which does not answer at the moment.")


def unavailable(what: str, retry_after: int = 1) -> Problem:
    """503: a store this answer needs is down. `what` is its public name: redis, elasticsearch, postgres."""
    return unavailability(what).problem(headers={"Retry-After": str(retry_after)}, retryable=True)


def unauthorized(detail: str = "") -> Problem:
    """401: nobody we know."""
    return UNAUTHORIZED.problem(detail, headers={"WWW-Authenticate": "Bearer"})


def forbidden(scope: str) -> Problem:
    """403: known, but not allowed to."""
    return MISSING_SCOPE.problem(f"The token lacks the scope {scope}.", required_scope=scope)


def not_found(what: str) -> Problem:
    """404: there is no such thing."""
    return NOT_FOUND.problem(f"There is no such {what}.")

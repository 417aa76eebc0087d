"""Refusals and failures as RFC 9457 problem details: `application/problem+json` with a stable `code`."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct

MEDIA_TYPE = "application/problem+json"


class FieldError(Struct, frozen=True):
    """One thing wrong with the input: where (JSON pointer, or `?name` for a query parameter), which, and in words."""

    pointer: str
    code: str
    detail: str


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
        document: dict[str, Any] = {
            "type": f"urn:doorbuster:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **({"errors": self.errors} if self.errors else {}),
            **self.members,
            "correlation_id": correlation_id,
        }
        return msgspec.json.encode(document)


class ProblemDetails(Struct, frozen=True, kw_only=True):
    """What a problem looks like to clients (for the OpenAPI documents)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] = []
    correlation_id: str


def unavailable(what: str, retry_after: int = 1) -> Problem:
    """503: a store this answer needs is down. `what` is its public name: redis, elasticsearch, postgres."""
    return Problem(
        503,
        f"{what}_unavailable",
        f"This needs {what}, which does not answer at the moment.",
        headers={"Retry-After": str(retry_after)},
        retryable=True,
    )


def unauthorized(detail: str = "This needs a valid bearer token.") -> Problem:
    """401: nobody we know."""
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


def forbidden(scope: str) -> Problem:
    """403: known, but not allowed to."""
    return Problem(403, "missing_scope", f"The token lacks the scope {scope}.", required_scope=scope)


def not_found(what: str) -> Problem:
    """404: there is no such thing."""
    return Problem(404, "not_found", f"There is no such {what}.")

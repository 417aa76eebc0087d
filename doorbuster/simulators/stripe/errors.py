"""Errors in Stripe's shape: an HTTP status and `{"error": {type, code, message, param, …}}`."""

from typing import Any

DOCS = "https://docs.stripe.com/error-codes/"


class StripeError(Exception):
    """What the API refuses.

    `kept` says whether an idempotency key remembers it: Stripe keeps nothing for requests that failed
    validation, were throttled or met another one in flight, since those never began to execute.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        kept: bool = False,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.type, self.code, self.param, self.kept = status, type, code, param, kept
        self.message, self.extra = message, extra

    def details(self) -> dict[str, Any]:
        """The error object, without what is None; `extra` may hold Stripe objects."""
        named = {"code": self.code, "doc_url": self.code and DOCS + self.code.replace("_", "-")}
        fields = {**named, "message": self.message, "param": self.param, "type": self.type, **self.extra}
        return {name: value for name, value in fields.items() if value is not None}


def missing(kind: str, identifier: str, param: str, status: int = 404) -> StripeError:
    """`resource_missing`: 404 for what the URL names, 400 for what a parameter names."""
    message = f"No such {kind}: '{identifier}'"
    return StripeError(message, status=status, code="resource_missing", param=param, kept=True)


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """A parameter that fails validation: never kept under an idempotency key."""
    return StripeError(message, param=param, code=code)

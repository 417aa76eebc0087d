"""Idempotency keys: the first answer stands for 24 hours, whatever it was, for the same key with the same request."""

import hashlib
from typing import Any

import msgspec

from .errors import StripeError
from .ledger import Saved

KEPT_SECONDS = 86_400
LONGEST = 255


def fingerprint(method: str, path: str, params: dict[str, Any]) -> str:
    """What must be the same for a repeat: the route and all parameters, in any order."""
    canonical = msgspec.json.encode([method, path, params], order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:32]


class InFlight:
    """The keys whose first request still runs. Enter it around the execution."""

    def __init__(self) -> None:
        self._scopes: set[str] = set()

    def begin(self, scope: str, key: str) -> None:
        """Claim a key, or refuse with 409."""
        if scope in self._scopes:
            raise StripeError(
                f"There is currently another in-progress request using this Idempotent Key: {key}. Try again later.",
                status=409,
                code="idempotency_key_in_use",
            )
        self._scopes.add(scope)

    def end(self, scope: str) -> None:
        """Free a key, executed or not."""
        self._scopes.discard(scope)


def checked_key(key: str) -> str:
    """A key of acceptable length."""
    if len(key) > LONGEST:
        raise StripeError(f"Idempotency keys hold up to {LONGEST} characters.", type="idempotency_error")
    return key


def replay(saved: Saved | None, key: str, print_: str, now: int) -> Saved | None:
    """The answer to repeat, None to execute; refuses the same key with another request."""
    if saved is None or saved.created + KEPT_SECONDS < now:
        return None
    if saved.fingerprint != print_:
        raise StripeError(
            "Keys for idempotent requests can only be used with the same endpoint and parameters they were first used "
            f"with. Try using a key other than '{key}' if you meant to execute a different request.",
            type="idempotency_error",
        )
    return saved

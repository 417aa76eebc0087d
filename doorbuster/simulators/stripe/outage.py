"""Bad days of the API, on demand. Only `/v1` suffers; control and health stay up."""

import asyncio
from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from .errors import StripeError


class Trouble(Struct, frozen=True, forbid_unknown_fields=True):
    """`error500` and `rate_limit` answer before executing; `hang` never answers; `refuse` drops the connection;
    `lose_answer` executes and then drops the connection, which is what idempotency keys are for; `error500_kept`
    executes and then answers an error, which the key remembers.
    """

    mode: Literal["off", "error500", "error500_kept", "rate_limit", "hang", "refuse", "lose_answer"] = "off"
    latency_ms: Annotated[int, Meta(ge=0, le=600_000)] = 0


class Dropped(Exception):
    """The connection was reset on purpose."""


class Outage:
    """The trouble of the moment."""

    def __init__(self) -> None:
        self.trouble = Trouble()
        self._changed = asyncio.Event()

    def change(self, trouble: Trouble) -> None:
        """Another trouble from now on; what hung is dropped."""
        self.trouble = trouble
        self._changed.set()
        self._changed = asyncio.Event()

    async def before(self, request: web.Request) -> None:
        """Suffer before a request is executed."""
        match self.trouble.mode:
            case "error500":
                raise unknown_error()
            case "rate_limit":
                raise StripeError("Request rate limit exceeded.", status=429, code="rate_limit")
            case "hang":
                await self._changed.wait()
                drop(request)
            case "refuse":
                drop(request)

    async def during(self) -> None:
        """Take time while a request is in flight."""
        if self.trouble.latency_ms:
            await asyncio.sleep(self.trouble.latency_ms / 1000)

    def instead(self) -> StripeError | None:
        """The error that is answered, and kept, instead of what a request came to."""
        return unknown_error(kept=True) if self.trouble.mode == "error500_kept" else None

    def after(self, request: web.Request) -> None:
        """Suffer after a request was executed."""
        if self.trouble.mode == "lose_answer":
            drop(request)


def unknown_error(*, kept: bool = False) -> StripeError:
    """Stripe's own fault."""
    return StripeError("An unknown error occurred", status=500, type="api_error", kept=kept)


def drop(request: web.Request) -> None:
    """Reset the connection: the client sees no answer at all."""
    if request.transport:
        request.transport.abort()
    raise Dropped

"""Asking Stripe: one call, counted and timed, and what each kind of failure means to whoever asked."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from time import perf_counter
from typing import TypeVar

import stripe

from shared.breaker import Withheld
from shared.http import tracing
from write_side import metrics
from write_side.errors import Refusal
from write_side.payments.bounded_client import is_kept_failure

A = TypeVar("A")
T = TypeVar("T")

log = logging.getLogger(__name__)


class ProviderDown(Refusal):
    """Stripe doesn't answer, or asks to be left alone: whatever was asked may or may not have happened."""

    status = 503
    code = "payment_provider_unavailable"


class CircuitOpen(ProviderDown):
    """Too many calls in a row failed: Stripe was not asked, and is left alone for a while."""


class StillUnderWay(ProviderDown):
    """Another call of ours with the same key has not been answered yet: worker and client at once."""


class KeptFailure(ProviderDown):
    """Stripe repeats a failure of its own that it keeps under the key, for a day: only another key is an attempt."""


class Throttled(ProviderDown):
    """We ask more often than Stripe lets us."""


class KeyRejected(ProviderDown):
    """Stripe does not take our key: no fault of the payment, which goes on when the key is right."""


class ProviderRefused(Exception):
    """Stripe says no for good; `code` is its word. Whoever asked reads the intent again.

    `impossible`: it was the request itself, so that an intent which was to be made is not there and never will be.
    """

    def __init__(self, code: str, *, impossible: bool) -> None:
        super().__init__(code)
        self.code = code
        self.impossible = impossible


_OUTCOMES: dict[type[Exception], str] = {
    ProviderDown: "down", StillUnderWay: "under_way", Throttled: "throttled", KeyRejected: "key_rejected",
    ProviderRefused: "refused", CircuitOpen: "withheld", KeptFailure: "kept_failure",
}  # fmt: skip


async def heard(operation: str, call: Awaitable[A], read: Callable[[A], T]) -> T:
    """What is read of the answer to a call, counted and timed by the operation."""
    outcome, began = "failed", perf_counter()
    try:
        with tracing.span(f"stripe {operation}", kind="client"):
            answer = await _answer_of(call, read)
        outcome = "ok"
        return answer
    except (ProviderDown, ProviderRefused) as error:
        outcome = _OUTCOMES[type(error)]
        raise
    finally:
        metrics.STRIPE_CALLS.labels(operation, outcome).inc()
        metrics.STRIPE_SECONDS.labels(operation).observe(perf_counter() - began)


async def every(page: Callable[[str | None], Awaitable[tuple[Sequence[T], str | None]]]) -> AsyncIterator[T]:
    """All of a list that comes in pages; `page` is given after what the next one begins, and answers it with that."""
    after: str | None = None
    while True:
        found, after = await page(after)
        for each in found:
            yield each
        if after is None:
            return


async def _answer_of(call: Awaitable[A], read: Callable[[A], T]) -> T:
    try:
        return read(await call)
    except Withheld as withheld:
        raise down(CircuitOpen, withheld.retry_after) from None
    except (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError) as error:
        impossible = isinstance(error, stripe.InvalidRequestError)
        raise ProviderRefused(error.code or type(error).__name__, impossible=impossible) from error
    except stripe.RateLimitError as error:
        raise down(Throttled) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise down(KeyRejected) from error
    except stripe.StripeError as error:
        if error.http_status == 409:
            raise StillUnderWay("The payment is being prepared.", retry_after=1) from error
        kept = is_kept_failure(error.http_status or 0, error.headers or {})
        raise down(KeptFailure if kept else ProviderDown) from error
    except Exception as error:  # an answer that even its own SDK can't read is no answer
        log.error("the payment provider's answer makes no sense", extra={"fields": {"error": type(error).__name__}})
        raise down(ProviderDown) from error


def down(kind: type[ProviderDown], retry_after: int = 2) -> ProviderDown:
    """The failure to raise; worth another try after so many seconds."""
    return kind("The payment provider does not answer at the moment; the order waits.", retry_after=retry_after)

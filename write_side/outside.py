"""Whoever is asked for a quote and may be somebody outside: what shipping costs, what tax there is.

They are asked while no transaction is open, and never for longer than the shop can wait; what they said is frozen into
the quote, so that placing an order asks nobody. No answer refuses the quote: nothing is made up for them.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


class NoAnswer(Exception):
    """A provider has no answer, or none that can be used."""


async def within(seconds: float, what: str, answer: Awaitable[T]) -> T:
    """The answer, if it comes within so many seconds; raises `NoAnswer`, after a line in the log."""
    try:
        async with asyncio.timeout(seconds) as limit:
            return await answer
    except NoAnswer as error:
        why = str(error)
    except TimeoutError:
        if not limit.expired():
            raise  # Postgres's own
        why = f"no answer within {seconds} s"
    log.error("a provider has no answer", extra={"fields": {"provider": what, "why": why}})
    raise NoAnswer(why)

"""The correlation id: one name for everything that one request causes, in answers, log lines and event metadata.

What is done later about an order (paying it, a webhook, a step of the worker, its mail) goes by the id of the request
that placed it. A request that comes later keeps its own id beside it.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count

HEADER = b"x-correlation-id"
_SAFE = re.compile(rb"[A-Za-z0-9._:-]{1,64}")  # whatever else a client sends must not reach a log line

_current: ContextVar[str] = ContextVar("correlation_id", default="")
_own: ContextVar[str] = ContextVar("request_id", default="")  # only of a request that has joined something


def accepted(given: bytes | None) -> str:
    """The client's id if it is harmless, else a new one."""
    if given is not None and _SAFE.fullmatch(given):
        return given.decode()
    return fresh()


_PROCESS = os.urandom(9).hex()
_count = count()


def fresh() -> str:
    """A new id: what tells this process from all others, and a number. A UUID costs a system call each time."""
    return f"{_PROCESS}-{next(_count):x}"


def set_current(correlation_id: str) -> None:
    """From here on this task and what it starts work for this id."""
    _current.set(correlation_id)
    _own.set("")


def join(correlation_id: str) -> None:
    """The request at hand turns out to be about something that an earlier one began: work for that one's id."""
    own = request_id()
    _current.set(correlation_id)
    _own.set("" if own == correlation_id else own)


@contextmanager
def working_for(correlation_id: str) -> Iterator[None]:
    """Work for this id, then for what it was before."""
    before = _current.set(correlation_id)
    try:
        yield
    finally:
        _current.reset(before)


def current() -> str:
    """The id this task works for; empty outside of any request."""
    return _current.get()


def request_id() -> str:
    """The id of the request itself, which its answer carries: the current one, unless it has joined another."""
    return _own.get() or _current.get()

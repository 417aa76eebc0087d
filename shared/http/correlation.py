"""The correlation id: one name for everything that one request causes, in answers, log lines and event metadata."""

import re
from contextvars import ContextVar

from shared.ids import uuid7

HEADER = b"x-correlation-id"
_SAFE = re.compile(rb"[A-Za-z0-9._:-]{1,64}")  # whatever else a client sends must not reach a log line

_current: ContextVar[str] = ContextVar("correlation_id", default="")


def accepted(given: bytes | None) -> str:
    """The client's id if it is harmless, else a new one."""
    if given is not None and _SAFE.fullmatch(given):
        return given.decode()
    return str(uuid7())


def set_current(correlation_id: str) -> None:
    """From here on this task and what it starts work for this id."""
    _current.set(correlation_id)


def current() -> str:
    """The id this task works for; empty outside of any request."""
    return _current.get()

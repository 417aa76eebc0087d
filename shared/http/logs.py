"""Log lines as one JSON object each, with the correlation id, on standard output.

`request_id` stands beside it where a request works for what an earlier one began, `trace_id` where traces are exported.

Values go in through `extra={"fields": {...}}`. An exception is told by its type and its frames: its message may quote
a row, a mail address or a connection string, so it only appears at DEBUG.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import msgspec

from shared.http import correlation, tracing


class JsonLines(logging.Formatter):
    """One JSON object per record."""

    def __init__(self, service: str, *, messages_of_errors: bool = False) -> None:
        super().__init__()
        self._service = service
        self._messages_of_errors = messages_of_errors

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "event": record.getMessage(),
        }
        if correlation_id := correlation.current():
            line["correlation_id"] = correlation_id
            if (request_id := correlation.request_id()) != correlation_id:
                line["request_id"] = request_id
        if traceparent := tracing.current():
            line["trace_id"] = tracing.trace_id(traceparent)
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line |= self._failure(record.exc_info[1], record.exc_info[2])
        return msgspec.json.encode(line, enc_hook=repr).decode()

    def _failure(self, error: BaseException, trace: TracebackType | None) -> dict[str, Any]:
        frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
        told: dict[str, Any] = {"error": type(error).__name__, "frames": frames[-12:]}
        if self._messages_of_errors:
            told["message"] = str(error)
        return told


def configure(service: str, level: str, stream: TextIO | None = None) -> None:
    """Send all logging of this process through `JsonLines`."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(JsonLines(service, messages_of_errors=level.upper() == "DEBUG"))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # They tell every request to a store, or every failed one, addresses included; we tell the failures ourselves.
    for noisy in ("elastic_transport", "httpx", "_granian"):
        logging.getLogger(noisy).setLevel(logging.ERROR)

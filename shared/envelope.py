"""An event as it stands in the log and travels through the streams: the facts about it, and its bytes."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

STREAM_FIELD = b"e"  # the one field of a stream entry: an encoded `Recorded`


def stream_name(shard: int) -> str:
    """The Redis stream of a shard; entry ids are `<position>-0`."""
    return f"events:{shard}"


class Metadata(Struct, frozen=True, omit_defaults=True):
    """Who caused an event, and through which request."""

    actor: str  # "guest", "token:<id>", "worker", "cli"
    correlation_id: str
    command_id: UUID | None = None
    causation_id: UUID | None = None
    traceparent: str | None = None  # of the span that the event was made in
    request_id: str | None = None  # of a request that came later than the one whose correlation id this is


class Recorded(Struct, frozen=True):
    """One row of the event log. `previous` is the position before it in its shard: the chain that shows a hole."""

    position: int
    previous: int
    shard: int
    key: str
    aggregate_type: str
    aggregate_id: UUID
    version: int
    event_id: UUID
    type: str
    recorded_at: datetime
    payload: Raw
    metadata: Raw
    epoch: int = 1


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Recorded)
_metadata = msgspec.json.Decoder(Metadata)


def encode(recorded: Recorded) -> bytes:
    """The bytes of a stream entry."""
    return _encoder.encode(recorded)


def decode(entry: bytes) -> Recorded:
    """A stream entry's event; raises `msgspec.DecodeError`."""
    return _decoder.decode(entry)


def metadata_of(recorded: Recorded) -> Metadata:
    """The decoded metadata."""
    return _metadata.decode(recorded.metadata)


def as_json(value: Any) -> bytes:
    """Any contract value as JSON bytes."""
    return _encoder.encode(value)

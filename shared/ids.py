"""Identifiers: UUIDv7 (RFC 9562 §5.7), so that ids sort by time and indices grow at one end."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID


def time_of(id_: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond."""
    return datetime.fromtimestamp((id_.int >> 80) / 1000, UTC)


def uuid7() -> UUID:
    """A new UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    millis = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    value = (millis & ((1 << 48) - 1)) << 80 | random
    value &= ~(0xF << 76) & ~(0x3 << 62) & ((1 << 128) - 1)
    return UUID(int=value | (0x7 << 76) | (0x2 << 62))

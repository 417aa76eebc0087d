"""Seals: signed digests of the log in a file outside of Postgres.

Whoever can rewrite the database can compute new hash chains; what was sealed they can't make unsaid without the key and
the file. Each line of the file seals the events of a window of positions, and the line before it. It carries eight
bytes of each event's hash, so that what was cut off or rewritten can be named, and the digest of all of them whole.
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from hmac import new as hmac
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Raw, Struct

from write_side import event_log
from write_side.database import Connection
from write_side.lines import TAIL, appending, whole_lines
from write_side.verifying import log_rows

LEAF = 8  # bytes of an event's hash
MOST = 5_000  # events under one seal


class SealBroken(Exception):
    """The file's last line can't be gone on from; `doorbuster verify` tells of all of it."""


class Seal(Struct, frozen=True, tag="seal"):
    """The events in (after, until], every one of them safe. `positions` as (first, how many) runs."""

    epoch: int
    after: int
    until: int
    positions: list[tuple[int, int]]
    leaves: str
    digest: str
    at: datetime
    previous: str

    def each(self) -> Iterator[tuple[int, bytes]]:
        """Position and leaf of each sealed event."""
        leaves = b64decode(self.leaves)
        numbers = (first + n for first, count in self.positions for n in range(count))
        for at, position in enumerate(numbers):
            yield position, leaves[at * LEAF : (at + 1) * LEAF]


class LossAccepted(Struct, frozen=True, tag="loss_accepted"):
    """A restore lost what lay above `until`: no earlier seal is asked about it any more, by word of a person."""

    epoch: int
    until: int
    reason: str
    at: datetime
    previous: str


Entry = Seal | LossAccepted


class Line(Struct, frozen=True):
    """A line of the file: the bytes that were signed, and the signature."""

    body: Raw
    signature: str


_line = msgspec.json.Decoder(Line)
_entry: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)


class Key(NamedTuple):
    """Signs with what the master key gives; with the public half anybody can check, and nobody forge."""

    private: Ed25519PrivateKey
    public: Ed25519PublicKey

    @classmethod
    def of(cls, master_key: str) -> "Key":
        """From the setting."""
        seed = hmac(bytes.fromhex(master_key), b"log-seals", sha256).digest()
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(private, private.public_key())


class SealFile:
    """The file. Lines are only ever appended, by one process at a time."""

    def __init__(self, path: Path, key: Key) -> None:
        self.path, self._key = path, key

    def public_key(self) -> bytes:
        """What an auditor checks signatures with."""
        return self._key.public.public_bytes_raw()

    def last(self) -> tuple[Entry | None, str]:
        """The last entry and the hash of its line; raises `SealBroken`."""
        line = _last_line(self.path)
        if line is None:
            return None, ""
        try:
            return self.opened(line), sha256(line).hexdigest()
        except (msgspec.MsgspecError, InvalidSignature, ValueError) as error:
            raise SealBroken(f"the last line of {self.path} is not ours: {type(error).__name__}") from error

    def lines(self) -> Iterator[bytes]:
        """All whole lines, oldest first, without their ends; a torn last one is none."""
        return whole_lines(self.path)

    def opened(self, line: bytes) -> Entry:
        """What a line says; raises `InvalidSignature`, for what is no line `msgspec.MsgspecError` or `ValueError`."""
        read = _line.decode(line)
        self._key.public.verify(b64decode(read.signature), bytes(read.body))
        return _entry.decode(read.body)

    def append(self, entry: Entry) -> bool:
        """Append a line that goes on from the last one, durably; False if somebody else appended first."""
        body = msgspec.json.encode(entry)
        line = msgspec.json.encode(Line(Raw(body), b64encode(self._key.private.sign(body)).decode())) + b"\n"
        with appending(self.path) as file:
            if self.last()[1] != entry.previous:
                return False
            file.write(line)
        return True


def _last_line(path: Path) -> bytes | None:
    """The last whole line without its end, None if there is none."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        end, data = file.seek(0, os.SEEK_END), b""
        while end > 0 and data.count(b"\n") < 2:
            start = max(0, end - TAIL)
            file.seek(start)
            data, end = file.read(end - start) + data, start
    whole = data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]
    return whole[-1] if whole else None


def digest_of(rows: Sequence[Any]) -> str:
    """Over position and hash of each event of a window."""
    return sha256(b"".join(row["position"].to_bytes(8) + row["hash"] for row in rows)).hexdigest()


def runs_of(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending positions as (first, how many) runs."""
    runs: list[tuple[int, int]] = []
    for position in positions:
        if runs and position == sum(runs[-1]):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((position, 1))
    return runs


async def next_seal(conn: Connection, last: Entry | None, previous: str, most: int = MOST) -> Seal | None:
    """The seal of what became safe after the last one, None if nothing did. Ask in a snapshot."""
    after, safe = last.until if last else 0, await event_log.safe_position(conn)
    rows = await log_rows.read_hashes(conn, after, safe, most) if safe > after else []
    if not rows:
        return None
    until = safe if len(rows) < most else rows[-1]["position"]
    leaves = b64encode(b"".join(row["hash"][:LEAF] for row in rows)).decode()
    positions = runs_of([row["position"] for row in rows])
    epoch = await event_log.epoch(conn)
    return Seal(epoch, after, until, positions, leaves, digest_of(rows), datetime.now(UTC), previous)

"""The log against its seals: what was cut off, added or rewritten since it was sealed, however well it was hidden."""

from collections.abc import Iterator
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature

from write_side.database import Connection
from write_side.verifying import log_rows
from write_side.verifying.chains import name_of
from write_side.verifying.differences import MISSING, Difference
from write_side.verifying.seals import LEAF, LossAccepted, Seal, SealFile, digest_of, runs_of


class Window(NamedTuple):
    """A seal, and up to where it still counts: a restore may have lost the rest, by word of a person."""

    seal: Seal
    until: int


def windows(file: SealFile) -> Iterator[Window | Difference]:
    """What the file seals, oldest first, and what is wrong with the file itself."""
    losses = list(_losses(file))
    until: int | None = 0
    previous = ""
    for n, line in enumerate(file.lines(), 1):
        where = f"seal {n} of {file.path}"
        before, previous = previous, sha256(line).hexdigest()
        try:
            entry = file.opened(line)
        except (msgspec.MsgspecError, InvalidSignature, ValueError):
            yield Difference("seal", where, "its signature", "ours", "another")
            until = None
            continue
        if entry.previous != before:
            yield Difference("seal", where, "the line before it", entry.previous or "none", before or "none")
        if isinstance(entry, Seal):
            if until is not None and entry.after != until:
                yield Difference("seal", where, "its beginning", str(until), str(entry.after))
            yield Window(entry, min([lost for at, lost in losses if at > n], default=entry.until))
        until = entry.until


def _losses(file: SealFile) -> Iterator[tuple[int, int]]:
    for n, line in enumerate(file.lines(), 1):
        if b'"loss_accepted"' in line:
            try:
                entry = file.opened(line)
            except (msgspec.MsgspecError, InvalidSignature, ValueError):
                continue  # told of with the other lines
            if isinstance(entry, LossAccepted):
                yield n, entry.until


async def check_window(conn: Connection, window: Window) -> list[Difference]:
    """What differs between the events of a window and its seal."""
    seal = window.seal
    rows = await log_rows.read_hashes(conn, seal.after, min(window.until, seal.until))
    there = {row["position"]: row for row in rows}
    sealed = {position: leaf for position, leaf in seal.each() if position <= window.until}
    told = f"(sealed {seal.at:%Y-%m-%d %H:%M:%S} UTC)"
    found = [_gone(first, count, told) for first, count in runs_of([p for p in sealed if p not in there])]
    for position, row in there.items():
        leaf = row["hash"][:LEAF]
        if sealed.get(position) != leaf:
            expected = sealed[position].hex() if position in sealed else MISSING
            found.append(Difference("seal", name_of(row), f"its hash {told}", expected, leaf.hex()))
    if not found and window.until >= seal.until and not compare_digest(digest_of(rows), seal.digest):
        where = f"events {seal.after + 1} to {seal.until}"
        found.append(Difference("seal", where, f"their digest {told}", seal.digest, digest_of(rows)))
    return found


def _gone(first: int, count: int, told: str) -> Difference:
    where = f"event {first}" if count == 1 else f"events {first} to {first + count - 1}"
    return Difference("seal", where, f"in the log {told}", "there", MISSING)

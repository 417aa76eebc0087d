"""The ledger of erasures: a file in no database and in no backup of one, so that a restore can't forget who was erased.

One JSON object a line: `{"person_id": "…", "at": "…"}`. The id is a random number that leads nowhere once the key is
destroyed.
"""

import asyncio
import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.envelope import as_json
from write_side.errors import Refusal


class LedgerMissing(Refusal):
    """There is no ledger to write erasures into (ERASURE_LEDGER), or it can't be written: nobody is erased."""

    status = 503
    code = "erasure_ledger_missing"


class Entry(Struct, frozen=True):
    """Who, and when."""

    person_id: UUID
    at: datetime


class Ledger:
    """The file; "" for none."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None

    async def check(self) -> None:
        """Refuses `erasure_ledger_missing` where nothing can be written: to be asked before anything is erased."""
        try:
            await asyncio.to_thread(self._append, b"")
        except OSError as error:
            raise LedgerMissing("The ledger of erasures can't be written.") from error

    async def add(self, person_id: UUID) -> None:
        """Returns once it stands on the disk; refuses `erasure_ledger_missing`."""
        entry = Entry(person_id, datetime.now(UTC))
        try:
            await asyncio.to_thread(self._append, as_json(entry) + b"\n")
        except OSError as error:
            raise LedgerMissing("The ledger of erasures can't be written.") from error

    def persons(self) -> list[UUID]:
        """Everybody in it, each once. A last line without an end was never acknowledged: its writer broke off."""
        if self._path is None or not self._path.exists():
            return []
        whole = self._path.read_bytes().rpartition(b"\n")[0]
        lines = whole.splitlines()
        return list(dict.fromkeys(msgspec.json.decode(line, type=Entry).person_id for line in lines))

    def _append(self, line: bytes) -> None:
        if self._path is None:
            raise LedgerMissing("Nobody can be erased without a ledger of erasures.")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._drop_torn_line(file.fileno())
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _drop_torn_line(self, descriptor: int) -> None:
        """What a writer left who broke off in a line: the next entry would be swallowed by it."""
        assert self._path is not None
        written = self._path.read_bytes()
        if written and not written.endswith(b"\n"):
            os.ftruncate(descriptor, len(written.rpartition(b"\n")[0]) + (b"\n" in written))

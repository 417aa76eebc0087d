"""The ledger of erasures: a file in no database and in no backup of one, so that a restore can't forget who was erased.

One JSON object a line: `{"person_id": "…", "at": "…"}`. The id is a random number that leads nowhere once the key is
destroyed.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct

from shared.envelope import as_json
from write_side.errors import Refusal
from write_side.lines import appending, whole_lines


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
        await self._written(b"")

    async def add(self, person_id: UUID) -> None:
        """Returns once it stands on the disk; refuses `erasure_ledger_missing`."""
        await self._written(as_json(Entry(person_id, datetime.now(UTC))) + b"\n")

    def persons(self) -> list[UUID]:
        """Everybody in it, each once."""
        lines = () if self._path is None else whole_lines(self._path)
        return list(dict.fromkeys(msgspec.json.decode(line, type=Entry).person_id for line in lines))

    async def _written(self, line: bytes) -> None:
        try:
            await asyncio.to_thread(self._append, line)
        except OSError as error:
            raise LedgerMissing("The ledger of erasures can't be written.") from error

    def _append(self, line: bytes) -> None:
        if self._path is None:
            raise LedgerMissing("Nobody can be erased without a ledger of erasures.")
        with appending(self._path) as file:
            file.write(line)

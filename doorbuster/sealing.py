"""Where this installation keeps the seals of its log, and what a person may add to them."""

from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from doorbuster import environment
from write_side import event_log
from write_side.verifying.seals import Key, LossAccepted, SealFile

NOT_SEALED = "the log is not sealed: SEALS_FILE and MASTER_KEY say where and by what"


def seal_file() -> SealFile | None:
    """The file of the settings, None where they name no file or no key."""
    path, master_key = environment.setting("SEALS_FILE"), environment.setting("MASTER_KEY")
    return SealFile(Path(path), Key.of(master_key)) if path and master_key else None


async def accept_loss(url: str, file: SealFile, after: int, reason: str) -> str:
    """No seal of before is asked about what lay above `after` any more; says so. Raises `SealBroken`."""
    conn = await asyncpg.connect(url)
    try:
        epoch = await event_log.epoch(conn)
    finally:
        await conn.close()
    while True:
        _, previous = file.last()
        if file.append(LossAccepted(epoch, after, reason, datetime.now(UTC), previous)):
            return f"what was sealed above {after} is missed no longer, since epoch {epoch}"

"""An import as its user sees it: a progress line, a file of rejected rows, a summary."""

import sys
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import IO, Self
from uuid import UUID

from write_side.imports import Observer, Rejection, Tally
from write_side.imports.rejects import first_line, lines_of

BAR = 30
PLAIN_EVERY, BAR_EVERY = 2.0, 0.1  # seconds between two lines


class Report(Observer, AbstractContextManager["Report"]):
    """Shows progress on stderr and keeps rejected rows in a file, which is made when the first one comes."""

    def __init__(self, rejects: Path, columns: list[str], terminal: bool) -> None:
        self._rejects, self._columns, self._terminal = rejects, columns, terminal
        self._open, self._mode = ExitStack(), "wb"
        self._file: IO[bytes] | None = None
        self._began = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        if self._terminal:
            print(file=sys.stderr)

    def began(self, run_id: UUID) -> None:
        """Told before anything has gone in: an import may be undone while it is at work."""
        print(f"doorbuster import undo {run_id} takes it back", file=sys.stderr)

    def resumed(self, where: str) -> None:
        """Rows that were rejected before stay in the file."""
        print(f"goes on behind {where}", file=sys.stderr)
        self._mode = "ab"

    def rejected(self, rejection: Rejection) -> None:
        """Line number, code, reason, then the columns as they were read."""
        if self._file is None:
            self._file = self._open.enter_context(self._rejects.open(self._mode))
            if not self._file.tell():
                self._file.write(first_line(self._columns).text)
        self._file.writelines(line.text for line in lines_of(rejection))
        self._file.flush()  # whoever is killed has told it

    def progressed(self, progress: Tally) -> None:
        """A bar that stays in its line on a terminal, else a line now and then."""
        now = time.monotonic()
        if now - self._shown < (BAR_EVERY if self._terminal else PLAIN_EVERY) and progress.share < 1:
            return
        self._shown = now
        said = f"{progress.rows} rows, {self._rate(progress)} rows/s, {progress.rejected} rejected"
        if self._terminal:
            filled = int(progress.share * BAR)
            print(f"\r[{'#' * filled}{' ' * (BAR - filled)}] {said}\x1b[K", end="", file=sys.stderr, flush=True)
        else:
            print(f"{progress.share:4.0%}  {said}", file=sys.stderr, flush=True)

    def summary(self, done: Tally, became: str) -> str:
        """What became of the rows."""
        said = f"{done.rows} rows in {time.monotonic() - self._began:.1f} s ({self._rate(done)} rows/s): "
        said += f"{became}, {done.rejected} rejected"
        return said + (f"\nrejected rows: {self._rejects}" if done.rejected or self._file is not None else "")

    def _rate(self, progress: Tally) -> int:
        return round(progress.rows / max(time.monotonic() - self._began, 0.001))

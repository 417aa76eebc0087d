"""Who hears how an import goes."""

from typing import Protocol
from uuid import UUID

from write_side.imports.batches import Rejection


class Tally(Protocol):
    """How many rows are done with, how many of them were rejected, and which share of the file was read."""

    @property
    def rows(self) -> int: ...
    @property
    def rejected(self) -> int: ...
    @property
    def share(self) -> float: ...


class Observer:
    """Hears how an import goes; this one minds nothing."""

    def began(self, run_id: UUID) -> None:
        """It goes by this id; a dry run has none."""

    def resumed(self, where: str) -> None:
        """It goes on behind this line or row of the file; what was rejected up to there was told."""

    def rejected(self, rejection: Rejection) -> None:
        """A row did not go in."""

    def progressed(self, progress: Tally) -> None:
        """Another batch is done."""

"""What a place for documents has to do; Redis and Elasticsearch do it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from projector.model import Batch, Folded, ReadModel, Written


class Sink(Protocol):
    """Where documents go. Writes are refused whole if the sink doesn't stand where the batch says."""

    name: str

    async def open(self, model: ReadModel) -> None:
        """Make the place where its documents go, if there is none."""
        ...

    async def checkpoint(self, model: ReadModel, shard: int) -> int:
        """Up to where this shard was applied."""
        ...

    async def load(self, model: ReadModel, shard: int, ids: Sequence[str]) -> Mapping[str, Folded]:
        """States by id, those that exist."""
        ...

    async def write(self, batch: Batch) -> Written:
        """Apply a batch; an unavailable sink raises, and the same batch can be written again."""
        ...

    async def show(self, model: ReadModel) -> None:
        """Make all that was written visible to whoever is led to it."""
        ...

    async def serve(self, model: ReadModel) -> None:
        """Lead those who ask the sink itself to this version."""
        ...

    async def drop(self, model: ReadModel) -> None:
        """Delete all that lies there of this version."""
        ...

    def standing(self, model: ReadModel, shard: int, at: int) -> tuple[int, str]:
        """How far the sink's data go, `at` at the most, and which life of the data that is: always told together."""
        ...

"""The `Position` token: what a command answers and a query may carry, to read one's own write.

Opaque to clients: base64url of `epoch.shard:position,shard:position`. The epoch is the store's: it changes when the log
was restored to an earlier point, after which old positions mean nothing.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Self

from msgspec import Struct

LONGEST = 512  # characters: a token names each shard at most once


class BrokenPosition(ValueError):
    """The token is not one of ours."""


class Position(Struct, frozen=True):
    """Highest position per shard that a command touched, under the store's epoch."""

    epoch: int
    shards: Mapping[int, int]

    def token(self) -> str:
        """The header's value."""
        text = f"{self.epoch}." + ",".join(f"{shard}:{at}" for shard, at in sorted(self.shards.items()))
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str) -> Self:
        """The position behind a token; raises `BrokenPosition`."""
        if len(token) > LONGEST:
            raise BrokenPosition("the Position token is too long")
        try:
            text = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
            epoch, _, rest = text.partition(".")
            pairs = (pair.split(":") for pair in rest.split(",") if pair)
            return cls(int(epoch), {int(shard): int(at) for shard, at in pairs})
        except ValueError as error:
            raise BrokenPosition("the Position token is not one of ours") from error

"""The keys of persons, from a server of their own. A missing key is an erased person; a server that is down is not."""

import time
from collections.abc import Iterable
from uuid import UUID

import asyncpg

from projector.log import Pool, open_pool
from projector.model import Keys
from shared.sealed import unwrap

KEPT_SECONDS = 30.0  # an erasure must not be outlived by our memory
KEPT = 5_000


class Keyring:
    """Fetches and unwraps keys; keeps them for half a minute. Raises what asyncpg raises while the server is down."""

    def __init__(self, url: str, master_key: bytes) -> None:
        self._url, self._master_key = url, master_key
        self._pool: Pool | None = None
        self._kept: dict[UUID, tuple[float, bytes | None]] = {}

    async def fetch(self, persons: Iterable[UUID]) -> Keys:
        """The key of each of these persons, None if it was destroyed."""
        now = time.monotonic()
        keys: dict[UUID, bytes | None] = {}
        missing: list[UUID] = []
        for person in persons:
            at, key = self._kept.get(person, (-KEPT_SECONDS, None))
            if at > now - KEPT_SECONDS:
                keys[person] = key
            else:
                missing.append(person)
        if missing:
            keys |= await self._read(missing, now)
        return keys

    async def _read(self, persons: list[UUID], now: float) -> dict[UUID, bytes | None]:
        if self._pool is None:
            self._pool = await open_pool(self._url, 2, "projector-keyring")
        rows = await self._pool.fetch(
            "SELECT person_id, wrapped_key FROM person_key WHERE person_id = ANY ($1)", persons
        )
        wrapped = {row["person_id"]: row["wrapped_key"] for row in rows}
        found = {p: unwrap(self._master_key, p, wrapped[p]) if p in wrapped else None for p in persons}
        if len(self._kept) + len(found) > KEPT:
            self._kept.clear()
        self._kept |= {person: (now, key) for person, key in found.items()}
        return found

    async def ping(self) -> None:
        """Raises if the server can't be reached."""
        conn = await asyncpg.connect(self._url, timeout=2)
        await conn.close()

    async def close(self) -> None:
        """Close the connections, forget the keys."""
        self._kept.clear()
        if self._pool is not None:
            self._pool.terminate()

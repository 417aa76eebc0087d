"""The keys of persons, from a server of their own. A missing key is an erased person; a server that is down is not."""

import time
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import asyncpg

from projector.combine import Combined
from projector.log import Pool, open_pool
from projector.model import Keys
from shared.sealed import BrokenSeal, unwrap

KEPT_SECONDS = 30.0  # an erasure must not be outlived by our memory
KEPT = 5_000


class Keyring:
    """Fetches and unwraps keys; keeps them for half a minute. Raises what asyncpg raises while the server is down."""

    def __init__(self, url: str, master_key: bytes) -> None:
        self._url, self._master_key = url, master_key
        self._pool: Pool | None = None
        self._read: Combined[Sequence[UUID], Keys] = Combined(self._read_all)
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
            found = await self._read(missing)
            self._keep(found, now)
            keys |= found
        return keys

    def _keep(self, found: Mapping[UUID, bytes | None], now: float) -> None:
        if len(self._kept) + len(found) > KEPT:
            self._kept.clear()
        self._kept |= {person: (now, key) for person, key in found.items()}

    async def _read_all(self, asked: Sequence[Sequence[UUID]]) -> list[Keys | Exception]:
        """What several shards want to know, in one query; a broken seal is the problem of who asked."""
        persons = [person for each in asked for person in each]
        if self._pool is None:
            self._pool = await open_pool(self._url, 2, "projector-keyring")
        rows = await self._pool.fetch(
            "SELECT person_id, wrapped_key FROM person_key WHERE person_id = ANY ($1)", persons
        )
        wrapped = {row["person_id"]: row["wrapped_key"] for row in rows}
        return [self._unwrapped(each, wrapped) for each in asked]

    def _unwrapped(self, persons: Sequence[UUID], wrapped: Mapping[UUID, bytes]) -> Keys | BrokenSeal:
        try:
            return {p: unwrap(self._master_key, p, wrapped[p]) if p in wrapped else None for p in persons}
        except BrokenSeal as error:
            return error

    async def ping(self) -> None:
        """Raises if the server can't be reached."""
        conn = await asyncpg.connect(self._url, timeout=2)
        await conn.close()

    async def close(self) -> None:
        """Close the connections, forget the keys."""
        await self._read.close()
        self._kept.clear()
        if self._pool is not None:
            self._pool.terminate()

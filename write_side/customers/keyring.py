"""The keyring: a key per person, on another server than the log's. The only Python that names `person_key`.

Nothing of it is cached: a quote asks once, a mail asks once, and an erased person is erased at once.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

from shared import sealed
from shared.http.pools import POSTGRES_IS_DOWN, bounded_pool
from shared.ids import uuid7
from write_side.database import CONNECT_SECONDS, ROLE, Pool
from write_side.errors import Refusal

SIZE = 4  # connections of a process: a look-up takes a fraction of a millisecond
COMMAND_SECONDS = 2.0


class KeyringUnavailable(Refusal):
    """The keys of personal data can't be reached: nothing that needs one can be done now."""

    status = 503
    code = "keyring_unavailable"


class Person(NamedTuple):
    """Somebody with a mail address, and the key their data is sealed with."""

    id: UUID
    key: bytes


class Keyring:
    """Finds and makes keys. Raises `KeyringUnavailable` while its server is down."""

    def __init__(self, pool: Pool, master_key: bytes) -> None:
        self._pool, self._master_key = pool, master_key

    async def person_for(self, mail: str) -> Person:
        """The person of a mail address, made if there is none yet; two at once get the same one."""
        fingerprint = sealed.mail_fingerprint(self._master_key, mail)
        try:
            return await self._find(fingerprint) or await self._make(fingerprint)
        except POSTGRES_IS_DOWN as error:
            raise _unavailable() from error

    def blinded(self, text: str) -> str:
        """A keyed hash of a mail address, or of anything else that is to be recognized and not read."""
        return sealed.mail_fingerprint(self._master_key, text)

    async def find(self, mail: str) -> UUID | None:
        """The person of a mail address, None if we know nobody by it (any more)."""
        try:
            person = await self._find(sealed.mail_fingerprint(self._master_key, mail))
        except POSTGRES_IS_DOWN as error:
            raise _unavailable() from error
        return None if person is None else person.id

    async def destroy(self, person_id: UUID) -> bool:
        """Destroy a person's key, and with it whatever is sealed under it; False if there was none any more."""
        try:
            done = await self._pool.execute("DELETE FROM person_key WHERE person_id = $1", person_id)
        except POSTGRES_IS_DOWN as error:
            raise _unavailable() from error
        return bool(done == "DELETE 1")

    async def key_of(self, person_id: UUID) -> bytes | None:
        """A person's key; None once the person was erased."""
        query = "SELECT wrapped_key FROM person_key WHERE person_id = $1"
        try:
            wrapped = await self._pool.fetchval(query, person_id)
        except POSTGRES_IS_DOWN as error:
            raise _unavailable() from error
        return None if wrapped is None else sealed.unwrap(self._master_key, person_id, wrapped)

    async def keys_of(self, person_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """The keys of those of them who were not erased."""
        query = "SELECT person_id, wrapped_key FROM person_key WHERE person_id = ANY ($1)"
        try:
            rows = await self._pool.fetch(query, person_ids)
        except POSTGRES_IS_DOWN as error:
            raise _unavailable() from error
        return {row["person_id"]: sealed.unwrap(self._master_key, row["person_id"], row["wrapped_key"]) for row in rows}

    async def ping(self) -> None:
        """Raises what asyncpg raises while the server is down."""
        await self._pool.fetchval("SELECT 1")

    async def _find(self, fingerprint: str) -> Person | None:
        query = "SELECT person_id, wrapped_key FROM person_key WHERE mail_fingerprint = $1"
        row = await self._pool.fetchrow(query, fingerprint)
        if row is None:
            return None
        return Person(row["person_id"], sealed.unwrap(self._master_key, row["person_id"], row["wrapped_key"]))

    async def _make(self, fingerprint: str) -> Person:
        person_id = uuid7()
        wrapped = sealed.wrap(self._master_key, person_id, sealed.new_key())
        await self._pool.execute(
            """INSERT INTO person_key (person_id, mail_fingerprint, wrapped_key) VALUES ($1, $2, $3)
               ON CONFLICT DO NOTHING""",
            person_id, fingerprint, wrapped,
        )  # fmt: skip
        person = await self._find(fingerprint)  # ours, or that of whoever was faster
        assert person is not None, "erased between two statements"
        return person


def _unavailable() -> KeyringUnavailable:
    return KeyringUnavailable("The keys of personal data can't be reached at the moment.", retry_after=1)


@asynccontextmanager
async def open_keyring(url: str, master_key: str) -> AsyncIterator[Keyring]:
    """The keyring on a pool of its own. Connects when first used: its server may be down at start."""
    async with bounded_pool(
        url, name="keyring", size=SIZE, idle=0, connect_seconds=CONNECT_SECONDS, command_seconds=COMMAND_SECONDS,
        settings={"role": ROLE},
    ) as pool:  # fmt: skip
        yield Keyring(pool, bytes.fromhex(master_key))

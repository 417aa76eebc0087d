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
_PERSON = "SELECT person_id, wrapped_key, coalesce(counted_as, person_id)"


class KeyringUnavailable(Refusal):
    """The keys of personal data can't be reached: nothing that needs one can be done now."""

    status = 503
    code = "keyring_unavailable"


class Person(NamedTuple):
    """Somebody with a mail address, the key their data is sealed with, and the person whom limits count for what they
    buy: of those whose mail has the same canonical form, whoever came first."""

    id: UUID
    key: bytes
    counted_as: UUID


class Keyring:
    """Finds and makes keys. Raises `KeyringUnavailable` while its server is down."""

    def __init__(self, pool: Pool, master_key: bytes) -> None:
        self._pool, self._master_key = pool, master_key

    async def person_for(self, mail: str) -> Person:
        """The person of a mail address, made if there is none yet; two at once get the same one."""
        spelled, canonical = self._fingerprints(mail)
        try:
            return await self._find(spelled, canonical) or await self._make(spelled, canonical)
        except POSTGRES_IS_DOWN as error:
            raise _unavailable() from error

    async def counted_as(self, mail: str) -> UUID | None:
        """Whom limits count for what is bought by a mail address; None if we know nobody by it (any more)."""
        spelled, canonical = self._fingerprints(mail)
        try:
            person = await self._find(spelled, canonical) or await self._counted(spelled, canonical)
        except POSTGRES_IS_DOWN as error:
            raise _unavailable() from error
        return None if person is None else person.counted_as

    def blinded(self, text: str) -> str:
        """A keyed hash of a mail address, or of anything else that is to be recognized and not read."""
        return sealed.mail_fingerprint(self._master_key, text)

    async def find(self, mail: str) -> UUID | None:
        """The person of a mail address, None if we know nobody by it (any more)."""
        spelled, _ = self._fingerprints(mail)
        try:
            person = await self._find(spelled, spelled)
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

    async def stands_for(self, person_id: UUID) -> UUID | None:
        """The person who stands for somebody's mailbox, where that is another one; None also once they were erased."""
        query = "SELECT counted_as FROM person_key WHERE person_id = $1"
        try:
            found: UUID | None = await self._pool.fetchval(query, person_id)
        except POSTGRES_IS_DOWN as error:
            raise _unavailable() from error
        return found

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

    def _fingerprints(self, mail: str) -> tuple[str, str]:
        """Of a mail address as it is spelled, and of its canonical form."""
        spelled = sealed.mail_fingerprint(self._master_key, mail)
        return spelled, sealed.mail_fingerprint(self._master_key, sealed.canonical_mail(mail))

    async def _find(self, spelled: str, canonical: str) -> Person | None:
        """Who was told already whom they count as: as themselves, where both are the same."""
        return await self._one(
            f"{_PERSON} FROM person_key WHERE mail_fingerprint = $1 AND ($1 = $2 OR canonical_fingerprint = $2)",
            spelled, canonical,
        )  # fmt: skip

    async def _make(self, spelled: str, canonical: str) -> Person:
        person_id = uuid7()
        wrapped = sealed.wrap(self._master_key, person_id, sealed.new_key())
        person = await self._counted(spelled, canonical, person_id, wrapped)  # ours, or that of whoever was faster
        assert person is not None, "erased within a statement"
        return person

    async def _counted(
        self, spelled: str, canonical: str, person_id: UUID | None = None, wrapped: bytes | None = None
    ) -> Person | None:
        query = f"{_PERSON} FROM person_counted($1, $2, $3, $4)"
        return await self._one(query, spelled, canonical, person_id, wrapped)

    async def _one(self, query: str, *values: object) -> Person | None:
        row = await self._pool.fetchrow(query, *values)
        if row is None:
            return None
        person_id, wrapped, counted_as = row
        return Person(person_id, sealed.unwrap(self._master_key, person_id, wrapped), counted_as)


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

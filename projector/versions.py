"""The versions of each read model, as Postgres has them: which is filled, which is served, which may be thrown away.

A version's name begins with the one that the code gives (`v1`), and a rebuild adds a number (`v1.7`) that never comes
again. A projector keeps up only those whose beginning is its own code's: it can't write what another release wrote.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from projector.log import Pool
from projector.model import ReadModel

State = Literal[
    "building",  # a rebuild fills it; nobody else writes there
    "beside",  # filled; the projector keeps it up, and nobody is led there
    "next",  # to be served as soon as it is as far as the live one
    "live",
    "kept",  # was live, and is kept up for the way back
    "retired",  # the projector lets go of it and deletes what it holds
]

KEPT_UP: frozenset[State] = frozenset({"live", "kept", "beside", "next"})


class Version(Struct, frozen=True):
    """One row."""

    read_model: str
    version: str
    state: State
    since: datetime
    served_at: datetime | None


class AlreadyComing(RuntimeError):
    """Another version of this read model is being built or about to be served."""


class Versions:
    """The table `read_model_version`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.served: dict[str, str] = {}  # read model → version, as of the last look

    def is_served(self, model: ReadModel) -> bool:
        """Whether queries are led to this version."""
        return self.served.get(model.name) == model.version

    async def look(self) -> list[Version]:
        """All there are, oldest first."""
        fields = ", ".join(Version.__struct_fields__)
        rows = await self._pool.fetch(f"SELECT {fields} FROM read_model_version ORDER BY read_model, since")  # noqa: S608
        found = [Version(*row) for row in rows]
        self.served = {each.read_model: each.version for each in found if each.state == "live"}
        return found

    async def served_of(self, models: Sequence[ReadModel]) -> list[ReadModel]:
        """The served version of each of these; before a projector ever ran those that it will serve."""
        await self.look()
        return [of_version(model, self.served.get(model.name, model.version)) for model in models]

    async def kept_up_of(self, models: Sequence[ReadModel]) -> list[ReadModel]:
        """Every version of these that the projector keeps up."""
        found = [ours(models, each) for each in await self.look() if each.state in KEPT_UP]
        return [model for model in found if model is not None] or list(models)

    async def begin_store(self, models: Sequence[ReadModel]) -> None:
        """In a new store the versions of the code are the live ones."""
        await self._pool.execute(
            """INSERT INTO read_model_version (read_model, version, state, served_at)
               SELECT m.name, m.version, 'live', clock_timestamp()
               FROM unnest($1::text[], $2::text[]) AS m (name, version)
               WHERE NOT EXISTS (SELECT FROM read_model_version v WHERE v.read_model = m.name AND v.state = 'live')
               ON CONFLICT DO NOTHING""",
            [model.name for model in models],
            [model.version for model in models],
        )

    async def begin(self, model: ReadModel) -> ReadModel:
        """A new version of this model, to be built. Raises `AlreadyComing`."""
        version = await self._pool.fetchval(
            """INSERT INTO read_model_version (read_model, version, state)
               VALUES ($1, $2 || '.' || nextval('read_model_number'), 'building')
               ON CONFLICT DO NOTHING RETURNING version""",
            model.name,
            model.version,
        )
        if version is None:
            raise AlreadyComing(f"a version of {model.name} is about to be served")
        return of_version(model, version)

    async def move(self, model: ReadModel, before: State, after: State) -> bool:
        """From one state to another; False if it is not in that state."""
        moved = await self._pool.fetchval(
            """UPDATE read_model_version SET state = $4, since = clock_timestamp()
               WHERE read_model = $1 AND version = $2 AND state = $3 RETURNING 1""",
            model.name,
            model.version,
            before,
            after,
        )
        return moved is not None

    async def swap(self, model: ReadModel) -> bool:
        """The next one is the live one, which is kept; what was kept is retired. False: it is not the next one."""
        async with self._pool.acquire() as conn, conn.transaction():
            coming = await conn.fetchval(
                "SELECT version FROM read_model_version WHERE read_model = $1 AND state = 'next' FOR UPDATE", model.name
            )
            if coming != model.version:
                return False
            for before, after in (("kept", "retired"), ("live", "kept"), ("next", "live")):
                await conn.execute(
                    """UPDATE read_model_version SET state = $3, since = clock_timestamp(), served_at = NULL
                       WHERE read_model = $1 AND state = $2""",
                    model.name,
                    before,
                    after,
                )
        self.served[model.name] = model.version
        return True

    async def note_served(self, model: ReadModel) -> None:
        """Queries are led here from now on."""
        await self._pool.execute(
            """UPDATE read_model_version SET served_at = clock_timestamp()
               WHERE read_model = $1 AND version = $2 AND state = 'live'""",
            model.name,
            model.version,
        )

    async def forget(self, model: ReadModel) -> None:
        """Nothing is left of a retired version: neither are its books."""
        async with self._pool.acquire() as conn, conn.transaction():
            for table in ("checkpoint", "parked_key", "rewrite_request", "read_model_version"):
                await conn.execute(
                    f"DELETE FROM {table} WHERE read_model = $1 AND version = $2",  # noqa: S608
                    model.name,
                    model.version,
                )


def of_version(model: ReadModel, version: str) -> ReadModel:
    """The same model under another version's names."""
    return model if version == model.version else msgspec.structs.replace(model, version=version)


def ours(models: Sequence[ReadModel], found: Version) -> ReadModel | None:
    """The model of this version; None if another release's code made it."""
    by_name: Mapping[str, ReadModel] = {model.name: model for model in models}
    model = by_name.get(found.read_model)
    if model is None or found.version.partition(".")[0] != model.version:
        return None
    return of_version(model, found.version)


def left_behind(models: Sequence[ReadModel], found: Sequence[Version]) -> list[Version]:
    """What is served of these models as another release's code made it: it stands still until a rebuild."""
    return [each for each in found if each.state == "live" and foreign(models, each)]


def foreign(models: Sequence[ReadModel], found: Version) -> ReadModel | None:
    """The model of a version that another release's code made: good for nothing but deleting what it holds."""
    model = next((model for model in models if model.name == found.read_model), None)
    return None if model is None or ours(models, found) else of_version(model, found.version)

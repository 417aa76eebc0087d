"""A Piccolo migration that runs one SQL file, as a script, in the migration's own transaction."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine.finder import engine_finder

_FOLDER = Path(__file__).parent / "migrations"


def sql_migration(id_: str, file: str) -> Callable[[], Awaitable[MigrationManager]]:
    """The `forwards` of a migration that is `migrations/<file>`."""

    async def run() -> None:
        # Piccolo's own raw() takes one statement and reads braces as placeholders; the raw connection takes a script.
        engine: Any = engine_finder()
        await engine.current_transaction.get().connection.execute((_FOLDER / file).read_text())

    async def forwards() -> MigrationManager:
        manager = MigrationManager(migration_id=id_, app_name="write_side", description=file)
        manager.add_raw(run)
        return manager

    return forwards

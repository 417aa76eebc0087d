"""python -m write_side api | worker | imports | migrate [--empty]

imports brings in the files that wait, and ends: the worker starts it.
migrate also gives a new shop its first destinations; --empty leaves them out.
"""

if __name__ == "__main__":
    import gc

    gc.disable()  # until `freeze_start_up_objects`

import asyncio
import sys

import uvloop

from shared.collector import freeze_start_up_objects
from shared.http import logs, tracing
from shared.http.serve import serve
from shared.settings import Settings
from write_side import shipping, taxes
from write_side.app import create_app
from write_side.database import open_pool
from write_side.schema.migrate import migrate


def main(arguments: list[str]) -> int:
    """Run one of the write side's processes; 2 for an unknown one."""
    settings = Settings.read()
    match arguments:
        case ["api"]:
            logs.configure("write_api", settings.log_level)
            with tracing.exporting("write-api"):
                serve(create_app(settings), settings.host, settings.port)
        case ["worker"]:
            from write_side import worker  # here, so that the API shows no metrics of a relay it does not have

            logs.configure("worker", settings.log_level)
            with tracing.exporting("worker"):
                uvloop.run(worker.run_until_stopped(settings))
        case ["imports"]:
            from write_side.imports.uploads.steps import import_all

            logs.configure("imports", settings.log_level)
            freeze_start_up_objects()
            uvloop.run(import_all(settings))
        case ["migrate"]:
            asyncio.run(_migrate_and_seed(settings))
        case ["migrate", "--empty"]:
            asyncio.run(migrate(settings.database_url, settings.keyring_url))
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    return 0


async def _migrate_and_seed(settings: Settings) -> None:
    await migrate(settings.database_url, settings.keyring_url)
    async with open_pool(settings.database_url, 1, "migrate") as pool:
        await shipping.seed(pool, await taxes.flat_rates(pool))
        await taxes.seed(pool)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

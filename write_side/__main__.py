"""python -m write_side api | worker | migrate"""

import asyncio
import sys

import uvloop

from shared.http import logs
from shared.http.serve import serve
from shared.settings import Settings
from write_side import worker
from write_side.app import create_app
from write_side.schema.migrate import migrate


def main(arguments: list[str]) -> int:
    """Run one of the write side's processes; 2 for an unknown one."""
    settings = Settings.read()
    match arguments:
        case ["api"]:
            logs.configure("write_api", settings.log_level)
            serve(create_app(settings), settings.host, settings.port)
        case ["worker"]:
            logs.configure("worker", settings.log_level)
            uvloop.run(worker.run_until_stopped(settings))
        case ["migrate"]:
            asyncio.run(migrate(settings.database_url, settings.keyring_url))
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

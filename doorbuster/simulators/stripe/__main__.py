"""`python -m doorbuster.simulators.stripe`: one process, until SIGTERM or SIGINT."""

import gc
import logging

import uvloop
from aiohttp import web

from .app import create_app
from .settings import Settings, read


async def _app(settings: Settings) -> web.Application:
    return create_app(settings)


def main() -> None:
    """Serve."""
    settings = read()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    gc.set_threshold(50_000, 20, 50)  # the ledger only grows: full collections over it are wasted pauses
    loop = uvloop.new_event_loop()
    web.run_app(
        _app(settings),
        host=settings.host,
        port=settings.port,
        access_log=None,
        print=logging.getLogger("stripe").info,
        shutdown_timeout=2,
        loop=loop,
    )


if __name__ == "__main__":
    main()

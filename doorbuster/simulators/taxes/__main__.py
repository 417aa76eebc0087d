"""`python -m doorbuster.simulators.taxes`: one process, until SIGTERM or SIGINT."""

import argparse
import os

from aiohttp import web

from .app import create_app


def main() -> None:
    """Serve."""
    env = os.environ
    parser = argparse.ArgumentParser(prog="doorbuster.simulators.taxes", description="Plays a tax service.")
    parser.add_argument("--host", default=env.get("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(env.get("PORT", "12113")))
    asked = parser.parse_args()
    key = env.get("TAX_SERVICE_KEY", "tax_simulator")
    web.run_app(create_app(key), host=asked.host, port=asked.port, access_log=None, print=None, shutdown_timeout=2)


if __name__ == "__main__":
    main()

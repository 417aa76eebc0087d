"""`python -m doorbuster.simulators.carrier`: one process, until SIGTERM or SIGINT."""

import argparse
import logging
import os
from pathlib import Path

from aiohttp import web

from .app import Settings, create_app


def main() -> None:
    """Serve."""
    env = os.environ
    parser = argparse.ArgumentParser(prog="doorbuster.simulators.carrier", description="Plays a carrier of parcels.")
    parser.add_argument("--host", default=env.get("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(env.get("PORT", "12112")))
    parser.add_argument("--data", type=Path, default=env.get("CARRIER_DATA") or None, help="folder of the journal")
    asked = parser.parse_args()
    logging.basicConfig(level=env.get("LOG_LEVEL", "INFO"), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = Settings(
        api_key=env.get("CARRIER_API_KEY", "carrier_simulator"),
        webhook_secret=env.get("CARRIER_WEBHOOK_SECRET", "carrier_whsec_simulator"),
        webhook_url=env.get("CARRIER_WEBHOOK_URL", ""),
        data=asked.data,
        pace_seconds=float(env.get("CARRIER_PACE_SECONDS", "0")),
    )
    web.run_app(create_app(settings), host=asked.host, port=asked.port, access_log=None, print=None, shutdown_timeout=2)


if __name__ == "__main__":
    main()

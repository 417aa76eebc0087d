"""Piccolo's entry. It runs migrations, nothing on a request path: it leaks a connection when COMMIT fails."""

import os

from piccolo.conf.apps import AppRegistry
from piccolo.engine.postgres import PostgresEngine

DB = PostgresEngine(config={"dsn": os.environ.get("DATABASE_URL", "")}, log_queries=False)
APP_REGISTRY = AppRegistry(apps=["write_side.schema.piccolo_app"])

"""What a command runs in: settings, from the environment, else from the state of `doorbuster up`, and who types it."""

import getpass
import os
import sys

import msgspec

from doorbuster import state
from doorbuster.home import Home
from shared.settings import Settings


def setting(name: str) -> str | None:
    """A setting's value, None if nothing runs and nothing is set."""
    if named := os.environ.get(name):
        return named
    live = state.read_live(Home.default())
    return live.environment.get(name) if live else None


def settings() -> Settings:
    """All of them, as a process of ours reads them; raises `msgspec.ValidationError` naming what is missing."""
    names = [field.encode_name for field in msgspec.structs.fields(Settings)]
    return Settings.read({name: value for name in names if (value := setting(name)) is not None})


def database_url() -> str | None:
    """DATABASE_URL; without one it says so on stderr and answers None."""
    url = setting("DATABASE_URL")
    if url is None:
        print("no database: set DATABASE_URL, or start one with `doorbuster up`", file=sys.stderr)
    return url


def actor() -> str:
    """Who sits at the command line, as the log names them."""
    return f"cli:{getpass.getuser()}"

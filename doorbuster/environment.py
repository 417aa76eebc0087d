"""Settings of what runs: from the environment, else from the state of `doorbuster up`."""

import os

from doorbuster import state
from doorbuster.home import Home


def setting(name: str) -> str | None:
    """A setting's value, None if nothing runs and nothing is set."""
    live = state.read_live(Home.default())
    return os.environ.get(name) or (live.environment.get(name) if live else None)

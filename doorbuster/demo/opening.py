"""Where demo, load and rehearsal begin: everything up, and what is written will be found."""

import asyncio

from doorbuster import running, standing_still
from doorbuster.demo.steps import Steps
from doorbuster.home import Home
from doorbuster.state import State


async def everything_up(steps: Steps, home: Home) -> State:
    """Start all that doesn't run yet. Raises `StartFailed`, also where a read model stands still (`StandStill`)."""
    with steps.step("everything up") as told:
        state = await asyncio.to_thread(running.up, home, "all")
        await standing_still.refuse(state.environment["DATABASE_URL"])
        told.found = f"{len(state.programs)} programs"
    return state

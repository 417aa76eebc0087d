"""A cancellation that a library swallowed (seen with FastStream's start and redis-py's reads) is not forgotten."""

import asyncio


def stop_if_cancelled() -> None:
    """Called once a round by every endless loop: the task itself still knows that it was cancelled."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

"""A cancellation that a library swallowed (seen with FastStream's start and redis-py's reads) is not forgotten."""

import asyncio


def stop_if_cancelled() -> None:
    """Called once a round by every endless loop: the task itself still knows that it was cancelled.

    Not for a task that opens TaskGroups: in Python 3.11 one whose child failed stays marked as cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

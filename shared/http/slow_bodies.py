"""A time limit on the body of a request: who dribbles one in holds no handler, and no stop, for longer. And who leaves
in the middle of one is no failure of ours."""

import asyncio

from litestar.types import HTTPReceiveMessage, Receive

from shared.http.problems import BODY_CUT_OFF, BODY_TOO_SLOW, Problem

BODY_SECONDS = 10.0  # from the head to the end of the body; the largest one is a megabyte


def too_slow(seconds: float = BODY_SECONDS) -> Problem:
    """408: the rest of the body did not come. Its connection is of no use any more."""
    detail = f"The body did not arrive within {seconds:g} seconds."
    return BODY_TOO_SLOW.problem(detail, headers={"Connection": "close"}, retryable=True)


def within(receive: Receive, seconds: float = BODY_SECONDS) -> Receive:
    """The same `receive`, which raises `too_slow` when the body isn't whole in time, and `body_cut_off` when its
    client has gone before. What comes after it may wait."""
    until = asyncio.get_running_loop().time() + seconds
    whole = False

    async def receive_in_time() -> HTTPReceiveMessage:
        nonlocal whole
        if whole:
            return await receive()  # type: ignore[return-value]
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            raise too_slow(seconds) from None
        if message["type"] == "http.disconnect":
            raise BODY_CUT_OFF.problem()
        whole = not message.get("more_body", False)
        return message  # type: ignore[return-value]

    return receive_in_time

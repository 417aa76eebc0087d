"""Many callers, one wire: what gathers while a request is under way goes out together in the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
R = TypeVar("R")


class Combined(Generic[Q, R]):
    """Call it with one request; `send` gets all that gathered and answers each in order, or with an exception."""

    def __init__(
        self, send: Callable[[Sequence[Q]], Awaitable[Sequence[R | Exception]]], gather: float = 0.0, lanes: int = 1
    ) -> None:
        self._send = send
        self._gather = gather  # seconds for which the first one waits for others
        self._lanes = lanes  # sends at once: with several, requests of different callers overtake one another
        self._waiting: list[tuple[Q, asyncio.Future[R]]] = []
        self._senders: list[asyncio.Task[None]] = []

    async def __call__(self, request: Q) -> R:
        """The answer to this request."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        self._senders = [sender for sender in self._senders if not sender.done()]
        if len(self._senders) < self._lanes:
            self._senders.append(asyncio.create_task(self._drain()))
        return await answer

    async def close(self) -> None:
        """Stop sending; whoever waits is cancelled."""
        for sender in self._senders:
            sender.cancel()
        await asyncio.gather(*self._senders, return_exceptions=True)
        for _, answer in self._waiting:
            answer.cancel()

    async def _drain(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._gather)
            taken, self._waiting = self._waiting, []
            if not taken:  # another lane was faster
                return
            try:
                answers = await self._send([request for request, _ in taken])
            except Exception as error:
                answers = [error] * len(taken)
            except asyncio.CancelledError:
                for _, waiting in taken:
                    waiting.cancel()
                raise
            for (_, waiting), answer in zip(taken, answers, strict=True):
                if waiting.done():  # its caller was cancelled
                    continue
                if isinstance(answer, Exception):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)

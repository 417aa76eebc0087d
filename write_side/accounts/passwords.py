"""Passwords to hashes, by argon2id: the only file that knows it.

A hash takes some 20 ms of a core and 19 MiB, on purpose. So it is made in threads of our own (argon2 lets go of the
GIL), few of them: whoever sends thousands of passwords fills the line here, and not the machine's memory.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from write_side.errors import Refusal

AT_ONCE = 2
LONGEST_LINE = 50  # a second of work: whoever comes then hears so at once

# What OWASP asks for at least (Password Storage Cheat Sheet): 19 MiB, twice, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_T = TypeVar("_T")


class HashingBusy(Refusal):
    """More passwords are to be looked at than can be in time; nothing was done."""

    status = 503
    code = "busy"


class Passwords:
    """Hashes and checks, a few at a time."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobodys = _HASHER.hash("nobody's")

    async def hash(self, password: str) -> str:
        """What is kept of it; refuses `busy`."""
        return await self._worked(lambda: _HASHER.hash(_bytes(password)))

    async def fits(self, hash_: str | None, password: str) -> bool:
        """Whether it is the one that was hashed. Without a hash it isn't, which takes as long to find out."""
        fits = await self._worked(lambda: _fits(hash_ or self._nobodys, password))
        return fits and hash_ is not None

    def close(self) -> None:
        """Let go of the threads; what is under way ends first."""
        self._threads.shutdown(wait=True)

    async def _worked(self, work: Callable[[], _T]) -> _T:
        if self._waiting >= LONGEST_LINE:
            raise HashingBusy("Too many passwords are being looked at.", retry_after=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _fits(hash_: str, password: str) -> bool:
    try:
        return _HASHER.verify(hash_, _bytes(password))
    except VerificationError:
        return False


def _bytes(password: str) -> bytes:
    """The same for the same characters, however a keyboard puts them together."""
    return unicodedata.normalize("NFKC", password).encode()

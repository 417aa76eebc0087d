"""How the demo tells what it does: one line a step, with its time; a promise that does not hold ends it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Broken(AssertionError):
    """Something the demo promises did not hold."""


class Told:
    """What a step found, shown behind its name."""

    def __init__(self) -> None:
        self.found = ""


class Steps:
    """Prints each step with the seconds it took, and remembers them."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def chapter(self, title: str) -> None:
        """A headline."""
        print(f"\n{title}", flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator[Told]:
        """Time what happens inside; `found` is shown at its end."""
        told, began = Told(), time.perf_counter()
        yield told
        took = time.perf_counter() - began
        self.seconds[name] = took
        print(f"  {took:8.3f} s  {name:<22} {told.found}", flush=True)


def promise(holds: bool, what: str) -> None:
    """Raise `Broken` unless it holds."""
    if not holds:
        raise Broken(what)

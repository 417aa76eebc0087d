"""A run: from size to size, a line for each."""

import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from doorbuster.bench import ground
from doorbuster.bench.frame import Invalid
from doorbuster.bench.ground import CATALOG, Ground
from doorbuster.bench.growth import filling, lines, measuring, stores
from doorbuster.bench.growth.kinds import Asking, Question
from doorbuster.bench.growth.lines import Kind, Size
from doorbuster.running import StartFailed

WARM_UP = 10.0  # seconds of each kind before the first size: a node that just started has compiled little
TRIES = 3  # of a kind, until its requests are answered rightly


class Wanted(Struct, frozen=True):
    """What the command line asks for."""

    sizes: Sequence[int]
    seconds: float
    rounds: int
    file: Path
    home: Path | None = None  # where the shop is to stay, or stands already; none: it is made anew and thrown away


def run(wanted: Wanted) -> int:
    """Measure the sizes that have no line yet; the exit code is 1 if any of it could not be measured."""
    there = {size.products for size in lines.read(wanted.file)}
    missing = [products for products in sorted(set(wanted.sizes)) if products not in there]
    if not missing:
        say(f"all of it stands in {wanted.file}: delete it to measure anew")
        return 0
    whole = True
    try:
        with ground.kept(wanted.home) if wanted.home else ground.empty() as stood:
            stood.use(CATALOG, copy_of=None)
            for products in missing:
                since = max((done for done in there if done < products), default=0)
                size = _measured(stood, products, since, wanted, WARM_UP if products == missing[0] else 0.0)
                there.add(products)
                lines.append(wanted.file, size)
                whole = whole and not lines.failed(size)
    except (Invalid, StartFailed) as error:
        say(f"not measured: {error}")
        return 1
    return 0 if whole else 1


def _measured(stood: Ground, products: int, since: int, wanted: Wanted, warm_up: float) -> Size:
    say(f"{products:,} products: filling …")
    filled = filling.grow(stood, products, since, say)
    say(f"imported in {filled.import_seconds:,} s, projected in {filled.projection_seconds:,} s")
    stood.merged(filling.PATIENCE)
    held = stores.stores(stood)
    kinds: dict[str, Kind] = {}
    failed: dict[str, str] = {}
    for made in Asking(stood).questions():
        try:
            kinds[made.__name__] = _tried(stood, made, wanted, warm_up)
        except Invalid as error:
            failed[made.__name__] = str(error)
            say(f"{made.__name__} failed: {error}")
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Size(products, at, machine(), wanted.seconds, wanted.rounds, filled, held, kinds, failed)


def _tried(stood: Ground, made: Callable[[], Question], wanted: Wanted, warm_up: float) -> Kind:
    began = time.monotonic()
    for left in reversed(range(TRIES)):
        try:
            question = made()
            if warm_up:
                measuring.warm_up(stood, question, warm_up)
            found = measuring.measured(stood, question, wanted.seconds, wanted.rounds)
        except Invalid as error:
            if not left:
                raise
            say(f"{made.__name__} once more: {error}")
        else:
            break
    say(f"{made.__name__} took {time.monotonic() - began:.0f} s")
    return found


def machine() -> str:
    """Cores, processor, memory."""
    told = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in told if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {model}, {memory:.0f} GiB"


def say(text: str) -> None:
    """For whoever waits."""
    print(text, file=sys.stderr, flush=True)

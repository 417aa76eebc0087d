"""A run: the ground, the benchmarks one after the other, their lines, the table."""

import sys
import time
from collections.abc import Sequence

from doorbuster.bench import ground, report
from doorbuster.bench.all import BENCHES
from doorbuster.bench.frame import Invalid, Result
from doorbuster.bench.options import Options
from doorbuster.running import StartFailed


def run(names: Sequence[str], options: Options) -> int:
    """Run these benchmarks (all, if none is named); the exit code is 1 if any of them could not be measured."""
    if unknown := [name for name in names if name not in BENCHES]:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    results: list[Result] = []
    try:
        with ground.prepared(options.products, hurried=options.cold) as stood:
            for name in names or BENCHES:
                began = time.monotonic()
                _say(f"{name} …")
                for result in BENCHES[name](stood, options):
                    report.line(result)
                    results.append(result)
                _say(f"{name} took {time.monotonic() - began:.0f} s")
    except (Invalid, StartFailed) as error:
        _say(f"not measured: {error}")
        return 1
    finally:
        if results:
            report.table(results)
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

"""`python -m doorbuster.bench.child module:function`: one function in a process of its own, JSON in, JSON out."""

import gc
import importlib
import sys
import time

import msgspec
import uvloop


def main() -> None:
    """Read the argument from standard input, write the answer to standard output."""
    gc.disable()  # what the import makes stays
    module, _, name = sys.argv[1].partition(":")
    function = getattr(importlib.import_module(f"doorbuster.bench.{module}"), name)
    given = msgspec.json.decode(sys.stdin.buffer.read())
    gc.freeze()
    gc.enable()
    before = time.process_time()
    answer = {"cpu_ms": 0.0} | uvloop.run(function(given))
    answer["cpu_ms"] = answer["cpu_ms"] or (time.process_time() - before) * 1000
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()

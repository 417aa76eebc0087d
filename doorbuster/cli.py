"""`doorbuster`: the command line. Each module of `doorbuster.commands` adds its own words to it."""

import argparse
import importlib
import os
import pkgutil
import signal
import sys
import threading

from doorbuster import commands


def parser() -> argparse.ArgumentParser:
    """The parser with the words of every module in `doorbuster.commands`."""
    made = argparse.ArgumentParser(prog="doorbuster", description="A headless commerce backend for Black Friday.")
    words = made.add_subparsers(metavar="COMMAND", required=True)
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda found: found.name):
        importlib.import_module(f"{commands.__name__}.{module.name}").register(words)
    return made


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code."""
    given = parser().parse_args(arguments)
    # Else Python just dies, and the shop that a command opened for itself runs on: so all is left as Ctrl-C leaves it.
    if threading.current_thread() is threading.main_thread():  # a signal's handler is set by no other
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(given.run(given))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever reads us has read enough; Python must not try to flush once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


if __name__ == "__main__":
    main()

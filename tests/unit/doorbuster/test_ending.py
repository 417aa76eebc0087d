"""A command that is told to end lets go of what it holds: the shop that it opened for itself would run on."""

import signal
import subprocess
import sys

COMMAND = """
import argparse, contextlib, time
from doorbuster import cli

def run(_):
    with contextlib.ExitStack() as stack:
        stack.callback(print, "let go", flush=True)
        print("held", flush=True)
        time.sleep(60)

cli.parser = lambda: argparse.ArgumentParser()
argparse.ArgumentParser.parse_args = lambda *_: argparse.Namespace(run=run)
cli.main([])
"""


def test_a_command_that_is_terminated_lets_go_of_what_it_holds() -> None:
    with subprocess.Popen([sys.executable, "-c", COMMAND], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "held\n"
        command.send_signal(signal.SIGTERM)
        assert command.stdout.read() == "let go\n"
    assert command.returncode == 143

"""Types of words on the command line that several commands take."""

import argparse


def count(text: str) -> int:
    """A whole number from 1 on; argparse tells whoever types another one."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one")
    return number

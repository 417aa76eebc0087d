"""`doorbuster dictionary`: the data dictionary of analysts' indices."""

import argparse

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    made = words.add_parser("dictionary", help="the fields of the indices that analysts ask, as Markdown")
    made.set_defaults(run=_dictionary)


def _dictionary(_: argparse.Namespace) -> int:
    from doorbuster.dictionary import dictionary

    print(dictionary(), end="")
    return 0

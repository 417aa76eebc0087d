"""`doorbuster schemas`: publish the schemas of the events, unless a reader of the log would stumble over them."""

import argparse
from pathlib import Path

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    made = words.add_parser("schemas", help="publish the events' schemas; exit 1 if a published version was broken")
    made.set_defaults(run=_schemas)


def _schemas(_: argparse.Namespace) -> int:
    from doorbuster import event_schemas
    from shared import schemas
    from shared.codec import EVENT_TYPES
    from shared.upcasting import UPCASTERS

    broken = event_schemas.broken_promises(schemas.published(), EVENT_TYPES, UPCASTERS)
    for told in broken:
        print(told)
    if broken:
        return 1
    written = event_schemas.bring_up_to_date(Path(str(schemas.folder())), EVENT_TYPES)
    print(f"{len(written)} schemas written" + "".join(f"\n{name}" for name in written))
    return 0

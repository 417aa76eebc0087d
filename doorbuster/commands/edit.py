"""`doorbuster edit catalog`: many products at once."""

import argparse
import json
import sys
from typing import Any
from uuid import UUID

from doorbuster.run_words import say

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    kinds = words.add_parser("edit", help="change many products at once").add_subparsers(metavar="KIND", required=True)
    _add_edit(kinds.add_parser("catalog", help="prices, an attribute or another fact of many products"))


def _add_edit(given: argparse.ArgumentParser) -> None:
    given.add_argument("operation", type=json.loads, metavar="OPERATION",
                       help='JSON, as for POST /v1/bulk-edits: {"kind": "status_set", "status": "draft"}')  # fmt: skip
    which = given.add_argument_group("which products: all that is said must be so")
    which.add_argument("--category", type=UUID, metavar="ID", help="with what lies below it")
    which.add_argument("--brand")
    which.add_argument("--status", choices=["draft", "active", "archived"])
    which.add_argument("--sku", action="append", default=[], help="may be given several times")
    which.add_argument("--price", type=json.loads, metavar="RANGE",
                       help='{"currency": "EUR", "from_minor": 1000, "to_minor": 4999}')  # fmt: skip
    which.add_argument("--everything", action="store_true")
    given.add_argument("--dry-run", action="store_true", help="tell what would become of each product, change nothing")
    given.set_defaults(run=_edit)


def _edit(given: argparse.Namespace) -> int:
    import msgspec

    from doorbuster import import_runs
    from write_side.imports.runs.editing import Selection
    from write_side.imports.runs.operations import Operation

    said = {"category_id": given.category, "brand": given.brand, "status": given.status, "price": given.price}
    said |= {"skus": given.sku, "everything": given.everything}
    try:
        selection = msgspec.convert(said, Selection)
        operation: Any = msgspec.convert(given.operation, Operation)
    except msgspec.ValidationError as error:
        print(error, file=sys.stderr)
        return 1
    return say(lambda url: import_runs.edited(url, selection, operation, dry_run=given.dry_run))

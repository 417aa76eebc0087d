"""`doorbuster export stock|catalog [FILE]`."""

import argparse
import asyncio
import sys
from pathlib import Path

from doorbuster import environment

Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the word."""
    kinds = words.add_parser("export", help="take a file out of the shop").add_subparsers(metavar="KIND", required=True)
    stock = kinds.add_parser("stock", help="what lies in which warehouse, as CSV that `import stock` takes back")
    stock.add_argument("file", type=Path, nargs="?", help="where to (the standard output)")
    stock.set_defaults(run=_export, kind="stock")
    catalog = kinds.add_parser("catalog", help="every product, as CSV that `import catalog --format doorbuster` reads")
    catalog.add_argument("file", type=Path, nargs="?", help="where to (the standard output)")
    catalog.set_defaults(run=_export, kind="catalog")


def _export(given: argparse.Namespace) -> int:
    url = environment.database_url()
    if url is None:
        return 1
    # Only now: the other words need not wait for the write side.
    from doorbuster import catalog_import, stock_import

    export = stock_import.export if given.kind == "stock" else catalog_import.export
    what = "stock items" if given.kind == "stock" else "products"

    try:
        if given.file is None:
            asyncio.run(export(url, sys.stdout))
            return 0
        # Spreadsheets take a file for UTF-8 by its byte order mark.
        with given.file.open("w", encoding="utf-8-sig", newline="") as to:
            print(f"{asyncio.run(export(url, to))} {what} in {given.file}")
    except stock_import.FAILURES as error:
        print(f"not exported: {error}", file=sys.stderr)
        return 1
    return 0

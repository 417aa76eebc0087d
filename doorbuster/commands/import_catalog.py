"""`doorbuster import catalog|stock FILE`, `doorbuster import list|show|undo` and `doorbuster sample-catalog FILE`."""

import argparse
import asyncio
import sys
from pathlib import Path

from doorbuster import environment
from doorbuster.run_words import add_runs
from doorbuster.stock_words import add_stock

FORMATS = ("default", "doorbuster", "shopify", "magento", "magento-simple")  # `imports.Format`, which loads slowly
Words = argparse._SubParsersAction  # argparse has no public name for it


def register(words: "Words[argparse.ArgumentParser]") -> None:
    """Add the two words."""
    word = words.add_parser("import", help="put a file into the shop, or take it back")
    kinds = word.add_subparsers(metavar="KIND", required=True)
    given = kinds.add_parser("catalog", help="products from CSV or TSV, plain or gzip; a second run changes nothing")
    given.add_argument("file", type=Path)
    given.add_argument("--currency", default="EUR", help="of the prices in the file (EUR)")
    given.add_argument("--stock", type=_count, metavar="N", help="open stock items with N of each new SKU")
    given.add_argument("--warehouse", metavar="CODE", help="where (MAIN, made if need be)")
    given.add_argument("--mapping", type=Path, metavar="FILE", help="JSON or TOML: which column is which field")
    given.add_argument("--format", choices=FORMATS, default="default",
                       help="whose columns: those of `export catalog`, or of another shop's product file")  # fmt: skip
    given.add_argument("--image-base", default="", metavar="URL", help="goes before images that are only paths")
    given.add_argument("--dry-run", action="store_true", help="tell what would become of the rows, and write nothing")
    given.add_argument("--rejects", type=Path, metavar="FILE", help="where rejected rows go (FILE.rejected.csv)")
    given.set_defaults(run=_import)
    add_stock(kinds)
    add_runs(kinds)
    sample = words.add_parser("sample-catalog", help="write a made-up catalog that looks like a shop's")
    sample.add_argument("file", type=Path)
    sample.add_argument("--products", type=_count, default=2000, metavar="N")
    sample.add_argument("--seed", type=int, default=1)
    sample.set_defaults(run=_sample)


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 1_000_000_000:
        raise argparse.ArgumentTypeError("from 0 to 1,000,000,000")
    return number


def _import(given: argparse.Namespace) -> int:
    url = environment.database_url()
    if url is None:
        return 1
    # Only now: the other words need not wait for the write side.
    from doorbuster import catalog_import

    rejects = given.rejects or given.file.with_name(f"{given.file.name}.rejected.csv")
    wanted = catalog_import.Wanted(
        given.file, rejects, given.mapping, given.currency, given.stock, given.warehouse, sys.stderr.isatty(),
        given.format, given.image_base, given.dry_run,
    )  # fmt: skip
    try:
        print(asyncio.run(catalog_import.run(url, wanted)))
    except catalog_import.FAILURES as error:
        print(f"not imported: {error}", file=sys.stderr)
        return 1
    return 0


def _sample(given: argparse.Namespace) -> int:
    from doorbuster.sample_catalog import write_catalog

    write_catalog(given.file, given.products, given.seed)
    print(f"{given.products} products in {given.file}")
    return 0

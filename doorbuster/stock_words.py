"""The words of `doorbuster import stock FILE`."""

import argparse
import asyncio
import sys
from pathlib import Path

from doorbuster import environment

Words = argparse._SubParsersAction  # argparse has no public name for it


def add_stock(kinds: "Words[argparse.ArgumentParser]") -> None:
    """Add the kind to `doorbuster import`."""
    given = kinds.add_parser("stock", help="counts or deliveries, CSV or TSV, plain or gzip; each file once")
    given.add_argument("file", type=Path)
    given.add_argument("--mode", choices=["set", "add"], default="set",
                       help="counts become it (without what is paid for and not picked), or change by it")  # fmt: skip
    given.add_argument("--reason", required=True, type=_reason, help="stands in the log for ever")
    given.add_argument("--warehouse", default="MAIN", metavar="CODE", help="of rows that name none (MAIN)")
    given.add_argument("--column", action="append", default=[], type=_column, metavar="FIELD=COLUMN",
                       help="which column is which field, where they differ")  # fmt: skip
    given.add_argument("--dry-run", action="store_true", help="tell what would become of the rows, and write nothing")
    given.add_argument("--rejects", type=Path, metavar="FILE", help="where rejected rows go (FILE.rejected.csv)")
    given.set_defaults(run=_import)


def _reason(text: str) -> str:
    if not 1 <= len(text) <= 200:
        raise argparse.ArgumentTypeError("from 1 to 200 characters")
    return text


def _column(text: str) -> tuple[str, str]:
    from write_side.imports.stock_rows import FIELDS

    field, separator, column = text.partition("=")
    if not separator or field not in FIELDS:
        raise argparse.ArgumentTypeError(f"FIELD=COLUMN, where a field is one of {', '.join(FIELDS)}")
    return field, column


def _import(given: argparse.Namespace) -> int:
    url = environment.database_url()
    if url is None:
        return 1
    # Only now: the other words need not wait for the write side.
    from doorbuster import stock_import

    rejects = given.rejects or given.file.with_name(f"{given.file.name}.rejected.csv")
    wanted = stock_import.WantedStock(
        given.file, rejects, given.mode, given.reason, given.warehouse, dict(given.column), given.dry_run,
        sys.stderr.isatty(),
    )  # fmt: skip
    try:
        print(asyncio.run(stock_import.run(url, wanted)))
    except stock_import.FAILURES as error:
        print(f"not imported: {error}", file=sys.stderr)
        return 1
    return 0

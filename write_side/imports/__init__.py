"""Imports: a file of products, or of stock, goes in as events. Its face is for the command line."""

from write_side.imports.asked import Options, Progress, Source
from write_side.imports.batches import Rejection
from write_side.imports.catalog_export import catalog_pages, note_export, own_columns, spoken_of
from write_side.imports.catalog_import import import_catalog
from write_side.imports.formats import READY, Format
from write_side.imports.mapping import DEFAULT, BrokenMapping, ColumnMapping, read_mapping
from write_side.imports.observing import Observer, Tally
from write_side.imports.reading import UnreadableFile, open_table
from write_side.imports.spreadsheets import guarded
from write_side.imports.stock_export import note_stock_export, stock_pages
from write_side.imports.stock_import import StockOptions, StockProgress, import_stock

__all__ = [
    "DEFAULT",
    "READY",
    "BrokenMapping",
    "ColumnMapping",
    "Format",
    "Observer",
    "Options",
    "Progress",
    "Rejection",
    "Source",
    "StockOptions",
    "StockProgress",
    "Tally",
    "UnreadableFile",
    "catalog_pages",
    "guarded",
    "import_catalog",
    "import_stock",
    "note_export",
    "note_stock_export",
    "open_table",
    "own_columns",
    "read_mapping",
    "spoken_of",
    "stock_pages",
]

"""Catalog import: a file of products goes in as events. Its face is for the command line."""

from write_side.imports.batches import Rejection
from write_side.imports.catalog_import import Observer, Options, Progress, import_catalog
from write_side.imports.mapping import DEFAULT, BrokenMapping, ColumnMapping, read_mapping
from write_side.imports.reading import UnreadableFile, open_table

__all__ = [
    "DEFAULT",
    "BrokenMapping",
    "ColumnMapping",
    "Observer",
    "Options",
    "Progress",
    "Rejection",
    "UnreadableFile",
    "import_catalog",
    "open_table",
    "read_mapping",
]

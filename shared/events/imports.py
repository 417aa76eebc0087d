"""Who took the catalog, or all stock, out as a file. Aggregates `catalog_export` and `stock_export`, one for each time;
keys `catalog_export:<id>` and `stock_export:<id>`."""

from uuid import UUID

from msgspec import Struct


class CatalogExported(Struct, frozen=True, tag="imports.catalog_exported.v1"):
    """Every product was handed out, with its own prices; by whom it was asked for say the event's metadata."""

    export_id: UUID


class StockExported(Struct, frozen=True, tag="imports.stock_exported.v1"):
    """Every stock item was handed out, with its figures; by whom it was asked for say the event's metadata."""

    export_id: UUID


ImportsEvent = CatalogExported | StockExported

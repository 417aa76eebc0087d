"""Who took the catalog out as a file. Aggregate: `catalog_export`, one for each time, key `catalog_export:<id>`."""

from uuid import UUID

from msgspec import Struct


class CatalogExported(Struct, frozen=True, tag="imports.catalog_exported.v1"):
    """Every product was handed out, with its own prices; by whom it was asked for say the event's metadata."""

    export_id: UUID


ImportsEvent = CatalogExported

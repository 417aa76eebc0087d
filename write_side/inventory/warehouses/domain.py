"""Warehouses, pure: what may be said of one, and what each event makes of it."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.inventory import (
    ServedPlace,
    WarehouseEvent,
    WarehouseLocated,
    WarehouseManagerNamed,
    WarehouseOpened,
    WarehouseRevised,
)
from write_side.customers import MAIL_PATTERN
from write_side.errors import NotFound, Refusal
from write_side.inventory.domain import Code


class WarehouseExists(Refusal):
    """Another warehouse has this code."""

    code = "warehouse_exists"


class UnknownWarehouse(NotFound):
    """No warehouse has this code."""

    code = "unknown_warehouse"


class OpenWarehouse(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"code": "BER", "name": "Berlin", "country": "DE", "priority": 1}`; lower priority ships first."""

    code: Code
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$")]
    priority: Annotated[int, Meta(ge=0, le=1000)] = 100


class ReviseWarehouse(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"name": "Berlin South", "priority": 2}`; lower priority ships first."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    priority: Annotated[int, Meta(ge=0, le=1000)]


class NameManager(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"mail": "stock-ber@shop.example"}`: the address of a role, for it is kept in the clear. `null` for nobody."""

    mail: Annotated[str, Meta(pattern=rf"^{MAIL_PATTERN}(?!\n)$", max_length=254)] | None


class Warehouse(Struct, frozen=True):
    """A place that ships."""

    id: UUID
    code: str
    name: str
    country: str
    priority: int
    version: int
    manager_mail: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    serves: list[ServedPlace] = []


def open_warehouse(existing: Warehouse | None, command: OpenWarehouse, warehouse_id: UUID) -> WarehouseOpened:
    """The event of a new warehouse; raises `WarehouseExists`."""
    if existing is not None:
        raise WarehouseExists(f"{command.code} is the code of another warehouse")
    return WarehouseOpened(warehouse_id, command.code, command.name, command.country, command.priority)


def revise_warehouse(warehouse: Warehouse, command: ReviseWarehouse) -> WarehouseRevised | None:
    """Another name or place in line; None if it is so already."""
    if (warehouse.name, warehouse.priority) == (command.name, command.priority):
        return None
    return WarehouseRevised(warehouse.id, warehouse.code, command.name, command.priority)


def name_manager(warehouse: Warehouse, command: NameManager) -> WarehouseManagerNamed | None:
    """The event, or None for the one who is it already."""
    if warehouse.manager_mail == command.mail:
        return None
    return WarehouseManagerNamed(warehouse.id, warehouse.code, command.mail)


def evolve_warehouse(warehouse: Warehouse | None, event: WarehouseEvent, version: int) -> Warehouse:
    """A warehouse after an event."""
    if isinstance(event, WarehouseOpened):
        return Warehouse(event.warehouse_id, event.code, event.name, event.country, event.priority, version)
    assert warehouse is not None, "a warehouse's history begins with WarehouseOpened"
    if isinstance(event, WarehouseLocated):
        return structs.replace(
            warehouse, latitude=event.latitude, longitude=event.longitude, serves=event.serves, version=version
        )
    if isinstance(event, WarehouseRevised):
        return structs.replace(warehouse, name=event.name, priority=event.priority, version=version)
    return structs.replace(warehouse, manager_mail=event.mail, version=version)

"""What the carrier knows: its shipments and where each was seen, kept in a journal that outlives the process."""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
WAY = ("collected", "in_transit", "out_for_delivery", "delivered")


class Scan(Struct, frozen=True):
    """A shipment was seen somewhere on its way."""

    id: str
    tracking_number: str
    status: str
    at: datetime


class Shipment(Struct):
    """A parcel with a label. `asked` is what it was booked with, under the idempotency key `key`."""

    key: str
    asked: dict[str, Any]
    tracking_number: str
    void: bool = False
    scans: list[Scan] = []


class Ledger:
    """Shipments by tracking number and by key. Each change is a line in the journal: the whole shipment."""

    def __init__(self, folder: Path | None) -> None:
        self.by_number: dict[str, Shipment] = {}
        self.by_key: dict[str, Shipment] = {}
        self._journal: BinaryIO | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._read(folder / "shipments.jsonl")
            self._journal = (folder / "shipments.jsonl").open("ab")

    def _read(self, path: Path) -> None:
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        for line in lines[:-1]:  # behind the last end of a line is what a killed process had not finished
            self._know(msgspec.json.decode(line, type=Shipment))

    def _know(self, shipment: Shipment) -> None:
        self.by_number[shipment.tracking_number] = self.by_key[shipment.key] = shipment

    def _keep(self, shipment: Shipment) -> None:
        self._know(shipment)
        if self._journal is not None:
            self._journal.write(msgspec.json.encode(shipment) + b"\n")
            self._journal.flush()

    def book(self, key: str, asked: dict[str, Any]) -> Shipment:
        """A new shipment."""
        number = "SIM" + "".join(secrets.choice(_LETTERS) for _ in range(12))
        shipment = Shipment(key, asked, number, scans=[])
        self._keep(shipment)
        return shipment

    def cancel(self, shipment: Shipment) -> None:
        """Its label is worth nothing any more."""
        shipment.void = True
        self._keep(shipment)

    def see(self, shipment: Shipment, status: str) -> Scan:
        """It was seen now."""
        scan = Scan(f"scan_{secrets.token_hex(8)}", shipment.tracking_number, status, datetime.now(UTC))
        shipment.scans.append(scan)
        self._keep(shipment)
        return scan

    def close(self) -> None:
        """Let go of the journal."""
        if self._journal is not None:
            self._journal.close()

"""What was put right past the commands. Aggregate: `repair`, one event each; key: that of the row's own events."""

from uuid import UUID

from msgspec import Struct


class RowRepaired(Struct, frozen=True, tag="repairs.row_repaired.v1"):
    """A row that was not the fold of its events is again. Nothing happened to the aggregate itself, so its history is
    another one. What stood there is not told: it may be anything, a person's data in the clear too."""

    repair_id: UUID
    aggregate_type: str
    aggregate_id: UUID
    fields: list[str]  # which differed, such as "on_hand"; "its row" where it was missing or a stranger
    reason: str


RepairEvent = RowRepaired

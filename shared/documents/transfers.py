"""Transfers by road in Elasticsearch, for analysts: what is neither here nor there."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Struct

from shared.documents.told import told

RECORDS = "transfers"  # Elasticsearch: a TransferRecord per transfer

State = Literal["planned", "in_transit", "received", "closed", "cancelled"]


class TransferRecordLine(Struct, frozen=True):
    """A SKU of it: quantity = received + lost + damaged + returned + in_transit, once it has left."""

    sku: Annotated[str, told("what is under way")]
    quantity: Annotated[int, told("what was planned, and sent once it has left", "pieces")]
    in_transit: Annotated[int, told("of it on the road now: in no warehouse's figures", "pieces")] = 0
    received: Annotated[int, told("of it arrived", "pieces")] = 0
    lost: Annotated[int, told("of it never arrived", "pieces")] = 0
    damaged: Annotated[int, told("of it arrived and can't be sold", "pieces")] = 0
    returned: Annotated[int, told("of it came back to where it had left", "pieces")] = 0
    surplus: Annotated[int, told("what arrived beyond it", "pieces")] = 0


class TransferRecord(Struct, frozen=True):
    """Goods that go by road from one warehouse to another, as they are now."""

    transfer_id: Annotated[UUID, told("the transfer")]
    state: Annotated[State, told("how far it is")]
    from_warehouse: Annotated[str, told("where it leaves")]
    to_warehouse: Annotated[str, told("where it is to arrive")]
    reference: Annotated[str, told("what whoever planned it calls it")]
    expected_on: Annotated[date | None, told("when it should arrive")]
    in_transit: Annotated[int, told("on the road now, over all lines", "pieces")]
    planned_at: Annotated[datetime, told("when it was planned", "UTC")]
    dispatched_at: Annotated[datetime | None, told("when it left", "UTC")]
    updated_at: Annotated[datetime, told("when something last happened to it", "UTC")]
    lines: Annotated[list[TransferRecordLine], told("its SKUs")]
    position: Annotated[int, told("of the last event in it, in the log")]

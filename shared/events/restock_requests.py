"""What happens to a customer's wish to be told when a SKU is there again. Aggregate: `restock_request`, its own key.

The mail address is sealed, and stands here once: whoever was told, or can't be, is not written to again.
"""

from uuid import UUID

from msgspec import Struct


class RestockRequested(Struct, frozen=True, omit_defaults=True, tag="restock_requests.restock_requested.v1"):
    request_id: UUID
    sku: str
    person_id: UUID
    mail: str  # sealed
    counted_as: UUID | None = None  # the person who stands for the mailbox, where that is another one
    locale: str = ""  # that they read, where it is not the shop's own


class RequesterTold(Struct, frozen=True, tag="restock_requests.requester_told.v1"):
    """The mail went out."""

    request_id: UUID
    sku: str


class RequesterMailRefused(Struct, frozen=True, tag="restock_requests.requester_mail_refused.v1"):
    """The mail server refused the address for good."""

    request_id: UUID
    sku: str
    code: int


class RequesterErased(Struct, frozen=True, tag="restock_requests.requester_erased.v1"):
    """Nobody is left to be told."""

    request_id: UUID
    sku: str


RestockRequestEvent = RestockRequested | RequesterTold | RequesterMailRefused | RequesterErased

"""What happened to endpoints that webhooks are sent to. Aggregate: `webhook_endpoint`, key `webhook:<id>`.

Secrets are no events: they lie sealed in a table of their own, or whoever reads the log could sign for us.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct


class EndpointCreated(Struct, frozen=True, tag="webhooks.endpoint_created.v1"):
    endpoint_id: UUID
    url: str
    description: str
    types: list[str]  # as asked: whole types and beginnings; none for all
    personal: bool  # whether personal data goes there in the clear


class EndpointRevised(Struct, frozen=True, tag="webhooks.endpoint_revised.v1"):
    """The whole of its new facts."""

    endpoint_id: UUID
    url: str
    description: str
    types: list[str]
    personal: bool


class SecretRotated(Struct, frozen=True, tag="webhooks.secret_rotated.v1"):
    endpoint_id: UUID
    number: int  # which secret it is, from 1
    previous_until: datetime  # until then both are signed with


class EndpointDisabled(Struct, frozen=True, tag="webhooks.endpoint_disabled.v1"):
    endpoint_id: UUID
    reason: Literal["staff", "failing", "gone"]  # gone: it answered 410


class EndpointEnabled(Struct, frozen=True, tag="webhooks.endpoint_enabled.v1"):
    endpoint_id: UUID
    skipped: bool  # whether what happened meanwhile is left out


class EndpointDeleted(Struct, frozen=True, tag="webhooks.endpoint_deleted.v1"):
    endpoint_id: UUID


WebhookEvent = (
    EndpointCreated | EndpointRevised | SecretRotated | EndpointDisabled | EndpointEnabled | EndpointDeleted
)

"""Webhook endpoints, pure: what each event makes of one, how a message is signed, and when it is tried again."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from hmac import digest
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, structs

from shared.events.webhooks import (
    EndpointCreated,
    EndpointDeleted,
    EndpointDisabled,
    EndpointEnabled,
    EndpointRevised,
    SecretRotated,
    WebhookEvent,
)
from write_side.errors import NotFound, Refusal

MOST_ENDPOINTS = 100
SECRET_BYTES = 32
LONGEST_PAUSE = 3600.0  # seconds between two attempts
LONGEST_OVERLAP = 7 * 86_400  # seconds for which an old secret may be signed with as well

ENABLED, DISABLED, DELETED = "enabled", "disabled", "deleted"


class UnknownEndpoint(NotFound):
    """No endpoint has this id."""

    code = "unknown_endpoint"


class TooManyEndpoints(Refusal):
    """There are as many endpoints as there may be."""

    code = "too_many_endpoints"


class PersonalScopeRequired(Refusal):
    """Only who may see personal data in the clear may have it sent."""

    status = 403
    code = "missing_scope"


class EndpointInput(Struct, frozen=True, forbid_unknown_fields=True):
    """`{"url": "https://erp.example/hooks", "types": ["orders.*", "inventory.stock_deducted.v1"]}`; no types: all."""

    url: Annotated[str, Meta(min_length=1, max_length=2000)]
    types: Annotated[list[Annotated[str, Meta(min_length=1, max_length=100)]], Meta(max_length=100)] = []
    description: Annotated[str, Meta(max_length=200)] = ""
    personal: Annotated[bool, Meta(description="personal data in the clear; needs events:read_personal")] = False


class Endpoint(Struct, frozen=True):
    """An endpoint; `disabled_for` is staff, failing or gone (it answered 410)."""

    id: UUID
    url: str
    description: str
    types: list[str]
    personal: bool
    state: str
    disabled_for: str | None
    secret_number: int
    version: int


def create(endpoint_id: UUID, wanted: EndpointInput) -> EndpointCreated:
    """The event of a new endpoint."""
    return EndpointCreated(endpoint_id, wanted.url, wanted.description, wanted.types, wanted.personal)


def revise(endpoint: Endpoint, wanted: EndpointInput) -> EndpointRevised | None:
    """None where nothing would change."""
    event = EndpointRevised(endpoint.id, wanted.url, wanted.description, wanted.types, wanted.personal)
    names = ("url", "description", "types", "personal")
    return None if all(getattr(event, name) == getattr(endpoint, name) for name in names) else event


def evolve(endpoint: Endpoint | None, event: WebhookEvent, version: int) -> Endpoint:
    """An endpoint after an event."""
    if isinstance(event, EndpointCreated):
        return Endpoint(
            event.endpoint_id, event.url, event.description, event.types, event.personal, ENABLED, None, 1, version
        )
    assert endpoint is not None
    match event:
        case EndpointRevised(url=url, description=said, types=types, personal=personal):
            return structs.replace(
                endpoint, url=url, description=said, types=types, personal=personal, version=version
            )
        case SecretRotated(number=number):
            return structs.replace(endpoint, secret_number=number, version=version)
        case EndpointDisabled(reason=reason):
            return structs.replace(endpoint, state=DISABLED, disabled_for=reason, version=version)
        case EndpointEnabled():
            return structs.replace(endpoint, state=ENABLED, disabled_for=None, version=version)
        case EndpointDeleted():
            return structs.replace(endpoint, state=DELETED, disabled_for=None, version=version)


def spelled(secret: bytes) -> str:
    """A secret as its holder is told it, once."""
    return f"whsec_{b64encode(secret).decode()}"


def signed_headers(secrets: Sequence[bytes], message_id: UUID, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks; one signature for each secret, so that a rotation breaks nobody."""
    content = b"%b.%d.%b" % (str(message_id).encode(), timestamp, body)
    signatures = [f"v1,{b64encode(digest(secret, content, 'sha256')).decode()}" for secret in secrets]
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def pause_after(attempts: int, dice: float, asked: float | None = None) -> float:
    """Seconds until the next try after so many: 2, 4, 8 … up to an hour, give or take a quarter (`dice` in [0, 1)).

    `asked`: what the receiver wants, of which at most an hour is heard.
    """
    pause = min(2.0 ** min(attempts, 20), LONGEST_PAUSE) * (0.75 + dice / 2)
    return max(pause, min(asked or 0.0, LONGEST_PAUSE))


def gives_up(failing_since: datetime | None, now: datetime, patience: float) -> bool:
    """Whether an endpoint that fails at everything has done so for too long."""
    return failing_since is not None and (now - failing_since).total_seconds() >= patience

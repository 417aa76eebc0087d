"""Messages as Standard Webhooks has them, read by its own library; and the pauses between tries."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from shared.events.webhooks import (
    EndpointCreated,
    EndpointDeleted,
    EndpointDisabled,
    EndpointEnabled,
    EndpointRevised,
    SecretRotated,
    WebhookEvent,
)
from shared.ids import uuid7
from write_side.webhooks import domain
from write_side.webhooks.domain import EndpointInput, evolve, pause_after, signed_headers, spelled

BODY = b'{"a":1}'
NOW = datetime.now(UTC)


def test_a_message_is_signed_as_the_standard_says_and_for_each_secret() -> None:
    new, old, strange = (os.urandom(32) for _ in range(3))
    headers = signed_headers([new, old], uuid7(), int(time.time()), BODY)
    for secret in (new, old):
        assert Webhook(spelled(secret)).verify(BODY, headers) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(spelled(strange)).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(spelled(new)).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(spelled(new)).verify(BODY, headers | {"webhook-id": "another"})


def test_pauses_double_up_to_an_hour_and_no_two_are_alike() -> None:
    assert [pause_after(n, 0.5) for n in (1, 2, 3, 11, 12, 1000)] == [2, 4, 8, 2048, 3600, 3600]
    assert pause_after(3, 0.0) == 6
    assert 9.9 < pause_after(3, 0.999) < 10
    assert pause_after(1, 0.5, asked=60) == 60
    assert pause_after(1, 0.5, asked=10**7) == 3600


def test_an_endpoint_is_given_up_when_nothing_worked_for_long_enough() -> None:
    assert not domain.gives_up(None, NOW, 10)
    assert not domain.gives_up(NOW - timedelta(seconds=9), NOW, 10)
    assert domain.gives_up(NOW - timedelta(seconds=10), NOW, 10)


def test_an_endpoint_is_what_its_events_made_of_it() -> None:
    id_ = uuid7()
    history: list[WebhookEvent] = [
        EndpointCreated(id_, "https://a.example", "a", ["orders.*"], False),
        EndpointRevised(id_, "https://b.example", "b", [], True),
        SecretRotated(id_, 2, NOW),
        EndpointDisabled(id_, "gone"),
        EndpointEnabled(id_, skipped=True),
        EndpointDeleted(id_),
    ]
    states = []
    state = None
    for version, event in enumerate(history, 1):
        state = evolve(state, event, version)
        states.append((state.url, state.state, state.disabled_for, state.secret_number, state.version))
    assert states == [
        ("https://a.example", "enabled", None, 1, 1),
        ("https://b.example", "enabled", None, 1, 2),
        ("https://b.example", "enabled", None, 2, 3),
        ("https://b.example", "disabled", "gone", 2, 4),
        ("https://b.example", "enabled", None, 2, 5),
        ("https://b.example", "deleted", None, 2, 6),
    ]


def test_a_revision_that_changes_nothing_is_no_event() -> None:
    wanted = EndpointInput("https://a.example", ["orders.*"], "a")
    endpoint = evolve(None, domain.create(uuid7(), wanted), 1)
    assert domain.revise(endpoint, wanted) is None
    assert domain.revise(endpoint, EndpointInput("https://a.example", [], "a")) is not None

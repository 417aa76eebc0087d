"""Endpoints as staff make, see and change them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.settings import Settings
from tests.fixtures.asgi import client_of
from tests.integration.webhooks.conftest import REVOKED, Hooks
from tests.integration.webhooks.receiver import Receiver
from tests.integration.write_api.conftest import Issue
from write_side.app import create_app

Json = dict[str, Any]
ENDPOINTS = "/v1/webhook-endpoints"
WANTED: Json = {"url": "https://erp.example/hooks", "types": ["orders.*"]}


@pytest.fixture
async def api(hooks: Hooks, hook_settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the command API."""
    async with client_of(create_app(hook_settings)) as client:
        yield client


async def made(api: httpx.AsyncClient, headers: dict[str, str], wanted: Json = WANTED) -> Json:
    answer = await api.post(ENDPOINTS, headers=headers, json=wanted)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


REFUSED: list[tuple[Json, str, str]] = [
    ({"url": "http://1.1.1.1/"}, "forbidden_address", "/url"),
    ({"url": "https://192.168.0.1/"}, "forbidden_address", "/url"),
    ({"url": "https://[::ffff:169.254.169.254]/"}, "forbidden_address", "/url"),
    ({"url": "ftp://erp.example/"}, "broken_url", "/url"),
    ({"url": "https://user:password@erp.example/"}, "broken_url", "/url"),
    ({"types": ["orders.*", "order.*"]}, "unknown_event_type", "/types"),
]


async def test_an_endpoint_that_can_not_be_meant_is_refused(api: httpx.AsyncClient, staff: Issue) -> None:
    headers = await staff("webhooks:write", "events:read")
    address = f"{ENDPOINTS}/{(await made(api, headers))['endpoint']['id']}"
    for wanted, code, pointer in REFUSED:
        answer = await api.post(ENDPOINTS, headers=headers, json=WANTED | wanted)
        assert (answer.status_code, answer.json()["code"]) == (422, code), wanted
        assert answer.json()["errors"][0]["pointer"] == pointer
        changed = await api.put(address, headers=headers | {"If-Match": "*"}, json=WANTED | wanted)
        assert (changed.status_code, changed.json()["code"]) == (422, code), wanted


async def test_a_secret_is_shown_when_it_is_made_and_never_again(
    api: httpx.AsyncClient, staff: Issue, hooks: Hooks
) -> None:
    headers = await staff("webhooks:write", "events:read", "webhooks:read")
    first = await made(api, headers)
    address = f"{ENDPOINTS}/{first['endpoint']['id']}"
    second = (await api.post(f"{address}/secret", headers=headers, json={})).json()
    assert second["secret"].startswith("whsec_")
    assert second["secret"] != first["secret"]
    await hooks.until_safe()
    shown = [(await api.get(path, headers=headers)).text for path in (ENDPOINTS, address, "/v1/events")]
    for secret in (first["secret"], second["secret"]):
        assert secret.removeprefix("whsec_")[:20] not in str(shown)
    assert "webhooks.secret_rotated.v1" in shown[2]


async def test_who_revises_an_endpoint_names_the_version_that_was_read(api: httpx.AsyncClient, staff: Issue) -> None:
    headers = await staff("webhooks:write", "events:read", "webhooks:read")
    address = f"{ENDPOINTS}/{(await made(api, headers))['endpoint']['id']}"
    seen = await api.get(address, headers=headers)
    changed = WANTED | {"description": "the warehouse"}
    assert (await api.put(address, headers=headers, json=changed)).status_code == 428
    tagged = headers | {"If-Match": seen.headers["ETag"]}
    assert (await api.put(address, headers=tagged, json=changed)).json()["description"] == "the warehouse"
    late = await api.put(address, headers=tagged, json=WANTED)
    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")


async def test_personal_data_is_sent_for_those_alone_who_may_see_it(api: httpx.AsyncClient, staff: Issue) -> None:
    personal = WANTED | {"personal": True}
    refused = await api.post(ENDPOINTS, headers=await staff("webhooks:write", "events:read"), json=personal)
    assert (refused.status_code, refused.json()["required_scope"]) == (403, "events:read_personal")
    allowed = await staff("webhooks:write", "events:read", "events:read_personal")
    assert (await made(api, allowed, personal))["endpoint"]["personal"]


async def test_the_log_of_deliveries_tells_each_try_and_goes_by_pages(
    api: httpx.AsyncClient, staff: Issue, hooks: Hooks, receiver: Receiver
) -> None:
    headers = await staff("webhooks:write", "events:read", "webhooks:read")
    first = await made(api, headers, {"url": receiver.url, "types": [REVOKED]})
    receiver.secrets.append(first["secret"])
    address = f"{ENDPOINTS}/{first['endpoint']['id']}"
    await hooks.happen(3)
    receiver.answers = [500, 500, 500]
    await hooks.work()
    due = (await api.get(f"{address}/deliveries?state=due&limit=2", headers=headers)).json()
    assert [one["sequence"] for one in due["items"]] == [3, 2]
    rest = (await api.get(f"{address}/deliveries?before={due['next']}&limit=2", headers=headers)).json()
    assert ([one["sequence"] for one in rest["items"]], rest["next"]) == ([1], None)
    [one] = rest["items"]
    assert (one["state"], one["attempts"], one["tries"][0]["status"]) == ("due", 1, 500)
    assert one["tries"][0]["excerpt"] == "no� thanks"
    shown = (await api.get(address, headers=headers)).json()
    assert (shown["due"], shown["failures"], shown["sequence"]) == (3, 1, 3)
    again = await api.post(f"{address}/redeliveries", headers=headers, json={"event_id": one["event_id"]})
    assert again.json() == {"events": 1}
    for wrong, code in (
        ({}, "broken_range"),
        ({"event_id": one["event_id"], "after": "MS4w"}, "broken_range"),
        ({"after": "MS4w"}, "broken_range"),
        ({"after": "x", "until": "MS45"}, "broken_cursor"),
        ({"after": "OS4w", "until": "MS45"}, "cursor_of_another_epoch"),
        ({"event_id": first["endpoint"]["id"]}, "unknown_event"),
    ):
        refused = await api.post(f"{address}/redeliveries", headers=headers, json=wrong)
        assert refused.json()["code"] == code


async def test_an_endpoint_that_is_not_there_is_unknown_everywhere(api: httpx.AsyncClient, staff: Issue) -> None:
    headers = await staff("webhooks:write", "events:read", "webhooks:read")
    address = f"{ENDPOINTS}/{(await made(api, headers))['endpoint']['id']}"
    assert (await api.delete(address, headers=headers)).json()["state"] == "deleted"
    for method, path, body in (
        ("GET", "", None), ("PUT", "", WANTED), ("DELETE", "", None), ("POST", "/disable", None),
        ("POST", "/enable", {}), ("POST", "/secret", {}), ("GET", "/deliveries", None),
        ("POST", "/redeliveries", {"after": "MS4w", "until": "MS4w"}),
    ):  # fmt: skip
        answer = await api.request(method, f"{address}{path}", headers=headers | {"If-Match": "*"}, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_endpoint"), path
    assert (await api.get(ENDPOINTS, headers=headers)).json() == {"items": []}


async def test_there_are_only_so_many_endpoints(
    api: httpx.AsyncClient, staff: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("write_side.webhooks.domain.MOST_ENDPOINTS", 1)
    headers = await staff("webhooks:write", "events:read")
    await made(api, headers)
    refused = await api.post(ENDPOINTS, headers=headers, json=WANTED)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_endpoints")

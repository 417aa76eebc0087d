"""One order, seen from everywhere: its correlation id, its trace, its metrics, and who is down when it can't go on.

A stack of one's own, told where to export traces.
"""

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from doorbuster import running, tokens
from doorbuster.demo import stampede
from doorbuster.demo.shop import Json, Shop
from doorbuster.home import Home
from shared.ids import uuid7
from tests.e2e.conftest import SCOPES
from tests.e2e.programs import get, pid_of, readiness, state_of, stopped, unsupervised
from tests.fixtures.otlp import Sink, Span, sink
from tests.fixtures.slots import SLOTS
from tests.integration.commands.test_operators import typed

pytestmark = pytest.mark.slow

PROCESSES = ("write-api", "worker", "projector", "read-api")
GONE = {"postgres": "refused", "keyring": "refused"}
CLIENTS_SPAN = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def traces() -> Iterator[Sink]:
    """A collector."""
    with sink() as found:
        yield found


@pytest.fixture(scope="module")
def seen_home(tmp_path_factory: pytest.TempPathFactory, traces: Sink) -> Iterator[Home]:
    """The home of a stack that exports its traces."""
    home = Home(Path(tmp_path_factory.mktemp("seen")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", traces.address)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        patch.setenv("DOORBUSTER_CACHE", os.environ.get("DOORBUSTER_CACHE", str(Home.default().cache)))
        running.up(home, "all")
    yield home
    running.down(home)


@pytest.fixture
def environment(seen_home: Home) -> dict[str, str]:
    return state_of(seen_home).environment


@pytest.fixture
async def shop(environment: dict[str, str]) -> AsyncIterator[Shop]:
    async with Shop(environment) as shop:
        yield shop


async def bought(shop: Shop, environment: dict[str, str], **headers: str) -> tuple[Json, Json]:
    """An order placed with these headers, paid, captured and mailed; answers it and its mail."""
    bearer = await tokens.issue(environment["DATABASE_URL"], "seen", SCOPES)
    sku = await stampede.offer(shop, bearer, 5)
    mail = f"guest-{uuid7().hex[-8:]}@shop.example"
    cart_id, secret = await shop.cart(sku, 1, "EUR")
    quote = await shop.quote(cart_id, secret, mail)
    order, _ = await shop.command("POST", "/v1/orders", {"quote_id": quote["id"]}, Cart_Secret=secret, **headers)
    await shop.pay(order)  # and then the browser never comes back: the webhook confirms
    await shop.until_order(order, "payment_state", "captured")
    return order, await shop.mail_to(mail)


async def until(what: Callable[[], Any], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it does not come"
        await asyncio.sleep(0.05)


def lines(home: Home, program: str, correlation_id: str) -> list[Json]:
    """What a process has logged under this correlation id."""
    told = [json.loads(line) for line in home.log(program).read_text().splitlines() if line.startswith("{")]
    return [line for line in told if line.get("correlation_id") == correlation_id]


async def events_of(environment: dict[str, str], order: Json) -> list[Json]:
    conn = await asyncpg.connect(environment["DATABASE_URL"])
    query = "SELECT event_id, type, metadata FROM event_log WHERE partition_key = $1 ORDER BY position"
    rows = await conn.fetch(query, f"order:{order['id']}")
    await conn.close()
    return [{"id": str(row["event_id"]), "type": row["type"], **json.loads(row["metadata"])} for row in rows]


async def poison(environment: dict[str, str], order: Json, correlation_id: str) -> None:
    """An event of the order that no read model understands."""
    conn = await asyncpg.connect(environment["DATABASE_URL"])
    metadata = json.dumps({"actor": "test", "correlation_id": correlation_id}).encode()
    query = """SELECT event_append_all(ARRAY['odd'], ARRAY[$1::uuid], ARRAY[1::bigint], ARRAY[$2], ARRAY[$3::uuid],
                                       ARRAY['orders.order_teleported.v7'], ARRAY['{}'::bytea], ARRAY[$4::bytea])"""
    await conn.execute(query, uuid7(), f"order:{order['id']}", uuid7(), metadata)
    await conn.close()


def hanging(spans: Sequence[Span]) -> list[str]:
    """Names of spans that hang in the air."""
    known = {span.span_id for span in spans} | {CLIENTS_SPAN}
    return [span.name for span in spans if span.parent_id not in known]


async def test_one_correlation_id_goes_from_the_request_to_the_mail(
    shop: Shop, environment: dict[str, str], seen_home: Home
) -> None:
    own = f"order-{uuid7()}"
    order, letter = await bought(shop, environment, X_Correlation_Id=own)
    assert dict(letter["headers"])["X-Correlation-Id"] == own
    await until(lambda: any(line["event"] == "tried a mail" for line in lines(seen_home, "worker", own)))

    events = await events_of(environment, order)
    assert {event["correlation_id"] for event in events} == {own}
    ids = [event["id"] for event in events]
    caused = {event["type"].split(".")[1]: event for event in events if "causation_id" in event}
    assert caused.keys() >= {"mail_queued", "mail_sent"}
    [captured] = [event for event in events if event["type"] == "payments.payment_captured.v1"]
    assert captured.get("causation_id") or captured["actor"] == "stripe", "whoever tells of it first records it"
    for event in caused.values():
        assert ids.index(event["causation_id"]) < ids.index(event["id"]), "a cause comes before what it causes"
    [confirmed] = [event for event in events if event["type"] == "orders.order_confirmed.v1"]
    assert (confirmed["actor"], confirmed["request_id"][:4]) == ("stripe", "evt_")

    said = {line["event"] for line in lines(seen_home, "worker", own)}
    assert {"worked on a payment", "reacts to an event", "tried a mail"} <= said
    routes = {line.get("route"): line for line in lines(seen_home, "write-api", own)}
    assert {"/v1/orders", "/v1/payments/{payment_id}/session", "/v1/webhooks/stripe"} <= routes.keys()
    assert "request_id" not in routes["/v1/orders"]
    assert routes["/v1/webhooks/stripe"]["request_id"] != own

    await poison(environment, order, own)
    await until(lambda: "order_status" in {line.get("read_model") for line in lines(seen_home, "projector", own)})
    assert {line["event"] for line in lines(seen_home, "projector", own)} == {"a poisoned event parks its key"}
    told = typed(environment["DATABASE_URL"], "trace", order["number"])
    assert f"{SLOTS['order_status']}: PARKED, order:{order['id']}: UnknownEventType" in told.stdout, told.stderr


async def test_one_trace_goes_from_the_request_to_the_mail_and_the_projection(
    shop: Shop, environment: dict[str, str], traces: Sink
) -> None:
    trace_id = uuid7().hex
    order, _ = await bought(shop, environment, traceparent=f"00-{trace_id}-{CLIENTS_SPAN}-01")
    wanted = {
        ("doorbuster-write-api", "POST /v1/orders"),
        ("doorbuster-write-api", "payment session"),
        ("doorbuster-write-api", "webhook"),
        ("doorbuster-worker", "payment capture"),
        ("doorbuster-worker", "stripe capture"),
        ("doorbuster-worker", "reaction order_confirmation_mail"),
        ("doorbuster-worker", "mail order_confirmation"),
        ("doorbuster-worker", "smtp"),
        ("doorbuster-projector", "project order_status"),
        ("doorbuster-projector", "project orders"),
    }
    await until(lambda: wanted <= {(span.service, span.name) for span in traces.of(trace_id)})
    await until(lambda: not hanging(traces.of(trace_id)))  # callers end behind whom they called
    spans = traces.of(trace_id)
    assert not any(span.failed for span in spans)
    [placed] = [span for span in spans if span.name == "POST /v1/orders"]
    assert placed.attributes["http.response.status_code"] == "201"
    projected = [span for span in spans if span.name == "project order_status"]
    assert all(trace_id in span.links for span in projected)
    events = await events_of(environment, order)
    assert {event["traceparent"][3:35] for event in events} == {trace_id}
    batches = sum(1 for span in spans if span.name == "project order_status")
    assert batches <= len(events), "a span for each batch, never more than that"


async def test_a_client_that_names_no_trace_begins_one(
    shop: Shop, environment: dict[str, str], traces: Sink
) -> None:
    order, _ = await bought(shop, environment)
    [trace_id] = {event["traceparent"][3:35] for event in await events_of(environment, order)}
    await until(lambda: {"smtp", "POST /v1/orders"} <= {span.name for span in traces.of(trace_id)})
    [placed] = [span for span in traces.of(trace_id) if span.name == "POST /v1/orders"]
    assert placed.parent_id == ""


async def test_a_trace_that_its_client_does_not_record_is_carried_and_not_exported(
    shop: Shop, environment: dict[str, str], traces: Sink
) -> None:
    silent = uuid7().hex
    order, _ = await bought(shop, environment, traceparent=f"00-{silent}-{CLIENTS_SPAN}-00")
    loud = uuid7().hex
    await bought(shop, environment, traceparent=f"00-{loud}-{CLIENTS_SPAN}-01")
    await until(lambda: "smtp" in {span.name for span in traces.of(loud)})
    assert {event["traceparent"][3:35] for event in await events_of(environment, order)} == {silent}
    assert traces.of(silent) == []


async def test_no_span_tells_what_a_person_typed(shop: Shop, environment: dict[str, str], traces: Sink) -> None:
    trace_id = uuid7().hex
    order, letter = await bought(shop, environment, traceparent=f"00-{trace_id}-{CLIENTS_SPAN}-01")
    await until(lambda: "smtp" in {span.name for span in traces.of(trace_id)})
    told = str(traces.received)
    for secret in (order["order_token"], *letter["to"], "Ada Guest", "Demo Street"):
        assert secret not in told


async def test_every_metric_is_on_the_operators_page_and_every_one_on_the_page_is_there(
    shop: Shop, environment: dict[str, str], seen_home: Home
) -> None:
    await bought(shop, environment)
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
    documented = set(re.findall(r"`((?:doorbuster|http)_[a-z_]+)`", page))
    exposed: set[str] = set()
    values = {}
    for name in PROCESSES:
        text = get(seen_home, name, "/metrics").text
        values[name] = text
        exposed |= set(re.findall(r"^# TYPE ((?:doorbuster|http)_\w+) ", text, re.MULTILINE))
    exposed = {name for name in exposed if not name.endswith("_created")}
    assert exposed - documented == set(), "undocumented"
    assert documented - exposed == set(), "documented, and not there"
    assert 'doorbuster_stripe_calls_total{operation="capture",outcome="ok"}' in values["worker"]
    assert 'doorbuster_mails_total{kind="order_confirmation",outcome="sent"}' in values["worker"]
    assert "doorbuster_relay_leader 1.0" in values["worker"]
    assert "relay" not in values["write-api"]
    assert 'outcome="ok",route="/v1/orders",status="201"' in values["write-api"]
    assert 'doorbuster_pool_connections{pool="write api",state="most"}' in values["write-api"]
    for text in values.values():
        assert "process_resident_memory_bytes" in text


async def all_say(home: Home, told: Mapping[str, tuple[int, str, dict[str, str]]]) -> None:
    """Waits until each says this: on a busy machine somebody else's answer may be late, too."""
    for name, wanted in told.items():
        await until(lambda name=name, wanted=wanted: readiness(home, name) == wanted)  # type: ignore[misc]


async def test_readiness_names_who_hangs(seen_home: Home) -> None:
    await all_say(seen_home, dict.fromkeys(PROCESSES, (200, "ready", {})))
    with stopped(seen_home, "stripe"), stopped(seen_home, "elasticsearch"):
        without_stripe, without_elasticsearch = {"stripe": "timeout"}, {"elasticsearch": "timeout"}
        await all_say(seen_home, dict.fromkeys(("write-api", "worker"), (200, "degraded", without_stripe)))
        await all_say(seen_home, dict.fromkeys(("projector", "read-api"), (200, "degraded", without_elasticsearch)))
    await all_say(seen_home, dict.fromkeys(PROCESSES, (200, "ready", {})))  # others' are asked again after a while
    with stopped(seen_home, "valkey"):
        told = dict.fromkeys(("worker", "projector"), (200, "degraded", {"redis": "timeout"}))
        told["read-api"] = (503, "not_ready", {"redis": "timeout"})
        await all_say(seen_home, told | {"write-api": (200, "ready", {})})  # which does not need it


async def test_readiness_names_who_is_gone_and_takes_it_back(seen_home: Home) -> None:
    with unsupervised(seen_home):
        for name in ("mail", "stripe", "postgres", "keyring"):
            os.kill(pid_of(seen_home, name), signal.SIGKILL)
        gone = GONE | {"stripe": "refused"}
        await until(lambda: readiness(seen_home, "write-api") == (503, "not_ready", gone))
        await until(lambda: readiness(seen_home, "worker") == (503, "not_ready", gone | {"smtp": "refused"}))
        await until(lambda: readiness(seen_home, "projector") == (503, "not_ready", GONE))
        await until(lambda: readiness(seen_home, "read-api") == (200, "ready", {}))  # queries know no Postgres
        for name in PROCESSES:
            assert get(seen_home, name, "/health/live").json()["status"] == "live"
    for name in PROCESSES:
        await until(lambda name=name: readiness(seen_home, name) == (200, "ready", {}))  # type: ignore[misc]

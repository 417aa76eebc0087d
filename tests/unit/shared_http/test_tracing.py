"""Traces cost nothing where nobody wants them; what claims to be a traceparent is looked at."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from shared.http import tracing
from tests.fixtures.otlp import Sink, sink

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

LOOK = """
import sys
import projector.__main__, read_side.__main__, write_side.__main__
from shared.http import tracing
with tracing.exporting("nothing"):
    with tracing.span("work", parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") as span:
        span.tell({"a": 1})
    assert tracing.current() is None
    assert tracing.span("work") is tracing.span("other"), "no object is made"
made = [name for name in sys.modules if name.startswith(("opentelemetry.sdk.trace", "opentelemetry.exporter"))]
sys.exit(", ".join(made) or 0)
"""


def test_without_an_endpoint_no_exporter_is_imported_and_no_span_made() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run([sys.executable, "-c", LOOK], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("given", [GIVEN, GIVEN[:-2] + "00", "01" + GIVEN[2:]])
def test_a_traceparent_is_taken_as_it_is(given: str) -> None:
    assert tracing.accepted(given) == given
    assert tracing.is_sampled(given) == given.endswith("01")
    assert tracing.trace_id(given) == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    "given",
    [
        None, "", "x", GIVEN + "-more", GIVEN.upper(), "ff" + GIVEN[2:], GIVEN + "\n", GIVEN.replace("0af7", "0ag7"),
        "00-" + "0" * 32 + GIVEN[35:], GIVEN[:36] + "0" * 16 + "-01",
    ],
)  # fmt: skip
def test_what_is_no_traceparent_begins_a_trace_of_its_own(given: str | None) -> None:
    assert tracing.accepted(given) is None


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    with sink() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.address)
        yield found


def test_a_span_continues_its_parent_and_names_what_else_it_belongs_to(collector: Sink) -> None:
    other = GIVEN.replace("0af7", "1af7")
    with (
        tracing.exporting("test"),
        tracing.span("outer", parent=GIVEN, links=[other, other, "nonsense"]),
        tracing.span("inner", attributes={"doorbuster.shard": 3}) as span,
    ):
        span.tell({"doorbuster.at": 4}, name="better")
        inside = tracing.current()
    inner, outer = collector.spans
    assert (inner.name, outer.name, inner.service) == ("better", "outer", "doorbuster-test")
    assert outer.trace_id == inner.trace_id == tracing.trace_id(GIVEN)
    assert (outer.parent_id, inner.parent_id) == (GIVEN[36:52], outer.span_id)
    assert outer.links == {tracing.trace_id(other)}
    assert inner.attributes == {"doorbuster.shard": "3", "doorbuster.at": "4"}
    assert inside == f"00-{inner.trace_id}-{inner.span_id}-01"


def test_a_failure_is_told_by_its_type_and_never_by_its_message(collector: Sink) -> None:
    with tracing.exporting("test"), pytest.raises(RuntimeError), tracing.span("work"):
        raise RuntimeError("hunter2")
    [span] = collector.spans
    assert span.failed
    assert "hunter2" not in str(collector.received)
    assert "RuntimeError" in str(collector.received)


def test_a_collector_that_is_not_there_is_no_reason_to_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    with tracing.exporting("test"), tracing.span("work"):
        assert tracing.current() is not None
    assert not tracing.enabled()

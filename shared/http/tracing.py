"""Traces as OpenTelemetry has them, through everything that one request causes.

Nothing of OpenTelemetry is imported and no span is made unless OTEL_EXPORTER_OTLP_ENDPOINT is set; the SDK's own
variables say the rest (OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS …). A `traceparent` (W3C) stands in the metadata
of events either way, so that whoever works on because of an event continues its trace.

Spans hold ids, codes and templates, never what a person typed. An exception is told by its type: its message may quote.
"""

import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, Span

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
# The SDK's settings that matter here; it reads these and all others of its own from the environment.
VARIABLES = frozenset({ENDPOINT, "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"})
FLUSH_SECONDS = 2.0  # for what is left at a stop: a collector that hangs must not hold it up
MOST_LINKS = 128  # the SDK's own bound
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")

Kind: TypeAlias = Literal["internal", "server", "client", "producer", "consumer"]
Attributes: TypeAlias = Mapping[str, str | int]


class NoSpan:
    """What there is while nothing is traced."""

    __slots__ = ()

    def tell(self, attributes: Attributes, *, name: str | None = None, failed: bool = False) -> None:
        """See `Traced`."""


Spanning: TypeAlias = AbstractContextManager[NoSpan]


class Traced(NoSpan):
    """A span under way."""

    __slots__ = ("_span",)

    def __init__(self, span: "Span") -> None:
        self._span = span

    def tell(self, attributes: Attributes, *, name: str | None = None, failed: bool = False) -> None:
        """What is known only now: attributes, a better name, that it failed."""
        from opentelemetry.trace import StatusCode

        self._span.set_attributes(attributes)
        if name is not None:
            self._span.update_name(name)
        if failed:
            self._span.set_status(StatusCode.ERROR)


class _Sdk:
    """All that knows OpenTelemetry; made once in a process that exports traces."""

    def __init__(self, service: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": f"doorbuster-{service}"}
        self._provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
        self._exporter = OTLPSpanExporter()
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("doorbuster")

    @contextmanager
    def span(
        self, name: str, parent: str | None, links: Iterable[str], kind: Kind, attributes: Attributes
    ) -> Iterator[NoSpan]:
        """See the function `span`."""
        from opentelemetry.trace import SpanKind, StatusCode

        with self._tracer.start_as_current_span(
            name,
            context=_context(parent),
            kind=SpanKind[kind.upper()],
            attributes=attributes,
            links=_links(links),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield Traced(span)
            except BaseException as error:
                span.set_status(StatusCode.ERROR, type(error).__name__)
                raise

    def current(self) -> "Span":
        """The span that this task works in, an invalid one if there is none."""
        from opentelemetry.trace import get_current_span

        return get_current_span()

    def close(self) -> None:
        """Send what is left, as long as FLUSH_SECONDS allow."""
        flushing = threading.Thread(target=self._provider.shutdown, daemon=True)
        flushing.start()
        flushing.join(FLUSH_SECONDS)
        if flushing.is_alive():
            self._exporter.shutdown()  # type: ignore[no-untyped-call]  # it gives up, instead of trying again
            flushing.join(0.5)


_sdk: _Sdk | None = None
NOTHING: Spanning = nullcontext(NoSpan())


@contextmanager
def exporting(service: str) -> Iterator[None]:
    """Around a process's life: traces are exported if OTEL_EXPORTER_OTLP_ENDPOINT says where to."""
    global _sdk
    # Elasticsearch's client would make spans that go nowhere, 14 µs for each request.
    os.environ.setdefault("OTEL_PYTHON_INSTRUMENTATION_ELASTICSEARCH_ENABLED", "false")
    if not os.environ.get(ENDPOINT):
        yield
        return
    _sdk = _Sdk(service)
    try:
        yield
    finally:
        _sdk.close()
        _sdk = None


def enabled() -> bool:
    """Whether spans are made at all."""
    return _sdk is not None


def span(
    name: str, parent: str | None = None, links: Iterable[str] = (), kind: Kind = "internal",
    attributes: Attributes | None = None,
) -> Spanning:  # fmt: skip
    """A span around a `with` block: below `parent` (a traceparent), else below the span of this task, if any.

    `links` are traceparents of what else it belongs to.
    """
    return NOTHING if _sdk is None else _sdk.span(name, parent, links, kind, attributes or {})


def current() -> str | None:
    """The traceparent of the span that this task works in."""
    if _sdk is None:
        return None
    context = _sdk.current().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def accepted(given: str | None) -> str | None:
    """A traceparent that is one, of whatever version; else None, as W3C asks."""
    return given if given is not None and _TRACEPARENT.fullmatch(given) else None


def is_sampled(traceparent: str) -> bool:
    """Whether whoever began that trace records it."""
    return bool(int(traceparent[-2:], 16) & 1)


def trace_id(traceparent: str) -> str:
    """The part that is the same in all of a trace."""
    return traceparent[3:35]


def _context(parent: str | None) -> "Context | None":
    """None: whatever span this task works in."""
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context

    context = _span_context(parent)
    return None if context is None else set_span_in_context(NonRecordingSpan(context))  # type: ignore[arg-type]


def _span_context(traceparent: str | None) -> object:
    from opentelemetry.trace import SpanContext, TraceFlags

    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None:
        return None
    ids = int(found[1], 16), int(found[2], 16)
    return SpanContext(*ids, is_remote=True, trace_flags=TraceFlags(int(found[3], 16)))


def _links(traceparents: Iterable[str]) -> "list[Link]":
    from opentelemetry.trace import Link

    contexts = [_span_context(each) for each in dict.fromkeys(traceparents)]
    return [Link(context) for context in contexts[:MOST_LINKS] if context is not None]  # type: ignore[arg-type]

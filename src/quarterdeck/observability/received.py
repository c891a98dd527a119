"""A span as any OpenTelemetry program sends it: the wire's own words, before we make sense of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from quarterdeck.runtime.tracing import Attribute


@dataclass(frozen=True)
class ReceivedEvent:
    """Something that happened at one moment of a span."""

    name: str
    at_ns: int
    attributes: dict[str, Attribute]


@dataclass(frozen=True)
class ReceivedSpan:
    """One span of an OTLP request. Ids are lower-case hexadecimal, empty when not sent."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    start_ns: int
    end_ns: int
    failed: bool
    status_message: str
    attributes: dict[str, Attribute]
    dropped_attributes: int = 0
    events: tuple[ReceivedEvent, ...] = ()
    links: tuple[dict[str, Attribute], ...] = ()
    resource: dict[str, Attribute] = field(default_factory=dict)
    scope: dict[str, Attribute] = field(default_factory=dict)


SPAN_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
FAILED = 2
"""OTLP's status code for an error."""

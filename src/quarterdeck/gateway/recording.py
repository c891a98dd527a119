"""What the data plane leaves behind of a request: its spans, durable before the last byte, and headers that tell of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from quarterdeck.core.money import PICO
from quarterdeck.gateway.answer import Answer
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.exchange import Exchange, Header
from quarterdeck.gateway.traffic import Traffic
from quarterdeck.observability.recorder import Recorder
from quarterdeck.runtime.tracing import Span
from quarterdeck.runtime.work import Work


def note_who_asks(work: Work, envelope: Envelope) -> None:
    """Put the key, the user, the session and the labels on every span of the request."""
    shared, terms = work.trace.shared, work.actor.terms
    shared["api_key_id"] = work.actor.id
    shared["user_id"] = envelope.user_id
    shared["session_id"] = envelope.session_id
    if terms.team_name is not None:
        shared["team"] = terms.team_name
    if envelope.tags or terms.tags:
        shared["tags"] = tuple(dict.fromkeys((*terms.tags, *envelope.tags)))
    if envelope.metadata or terms.metadata or envelope.session_name is not None:
        named = {} if envelope.session_name is None else {"session_name": envelope.session_name}
        # What the key says cannot be said otherwise by a client.
        shared["metadata"] = {**envelope.metadata, **named, **terms.metadata}
    if envelope.environment is not None:
        shared["environment"] = envelope.environment
    if envelope.prompt is not None:
        name, _, version = envelope.prompt.partition("@")
        shared["prompt"], shared["prompt_version"] = name, version or None
    if envelope.omits_input or envelope.omits_output:
        work.trace.omitted = ("input",) * envelope.omits_input + ("output",) * envelope.omits_output


def record(recorder: Recorder, work: Work, answer: Answer, error: BaseException | None = None) -> Sequence[Span]:
    """End the spans and make them durable. The client gets its last byte only after this."""
    # A client that went away or a server that stops is no failure of the call: the partial answer is what happened.
    answer.settle(None if isinstance(error, asyncio.CancelledError) else error)
    return accept(recorder, work)


def accept(recorder: Recorder, work: Work) -> Sequence[Span]:
    """Make the finished spans of a request durable; once, however often it is called."""
    spans, work.trace.finished = work.trace.finished, []
    if spans:
        recorder.accept(spans)
    return spans


def cost_of(spans: Sequence[Span]) -> int | None:
    """What all the calls of a request cost together; None when one of them has no price, or none was made."""
    if len(spans) == 1:
        return None if spans[0].unpriced else spans[0].cost_pico
    costs = [span.cost_pico for span in spans if span.cost_pico is not None or span.unpriced]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known and len(known) == len(costs) else None


def headers_of_answer(exchange: Exchange, work: Work, waited_ns: int, cost_pico: int | None) -> list[Header]:
    """The headers that every answer has: how to find it again, how long it took, how much of that was us."""
    elapsed_ns = exchange.elapsed_ns()
    overhead_ns = max(0, elapsed_ns - waited_ns)
    work.part(Traffic).overhead(overhead_ns)
    headers = headers_of_request(exchange, work)
    headers.append((b"openai-processing-ms", b"%d" % (elapsed_ns // 1_000_000)))
    headers.append((b"x-quarterdeck-overhead-ms", b"%.2f" % (overhead_ns / 1e6)))
    if cost_pico is not None:
        headers.append((b"x-quarterdeck-cost-usd", in_usd(cost_pico).encode()))
    return headers


def in_usd(cost_pico: int) -> str:
    """Money as headers tell it."""
    return f"{cost_pico / PICO:.12f}".rstrip("0").rstrip(".")


def headers_of_request(exchange: Exchange, work: Work) -> list[Header]:
    """How to find a request again: in our log by its id, among the traces by its trace id."""
    return [
        (b"x-request-id", exchange.request_id.encode()),
        (b"x-quarterdeck-trace-id", work.trace.trace_id.encode()),
    ]

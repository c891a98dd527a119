"""Streams that break: the provider errs, resets, falls silent or lies; the client hangs up."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import openai
import pytest

from tests.fakes.upstream import FakeUpstream, Turn
from tests.unit.gateway.conftest import Gateway, running_gateway

ASK = [{"role": "user", "content": "What is the capital of France?"}]
BODY = {"model": "openai/gpt-4o-mini", "messages": ASK, "stream": True}


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (Turn(error_after=2), "The server had an error"),
        (Turn(reset_after=2), "broke off in the middle"),
        (Turn(half_after=2), "broke off before the end"),
        (Turn(ends_after=2), "broke off before the end"),
    ],
)
async def test_a_stream_that_breaks_says_so_in_band_and_never_claims_to_be_done(
    gateway: Gateway, turn: Turn, words: str
) -> None:
    gateway.upstream.script(turn)

    reply = await gateway.http().post("/v1/chat/completions", json=BODY)

    events = reply.text.split("\n\n")
    assert reply.status_code == 200
    assert words in events[-2] and events[-2].startswith('data: {"error":')
    assert "[DONE]" not in reply.text
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert span.status == "error" and words in str(span.status_message)
    assert isinstance(span.output, dict) and span.output["content"] == "Paris is"
    assert span.usage_estimated and (span.input_tokens, span.output_tokens) == (8, 2)


async def test_the_official_sdk_raises_on_a_broken_stream(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(reset_after=3))

    stream = await gateway.openai().chat.completions.create(**BODY)
    with pytest.raises(openai.APIError, match="broke off"):
        async for _ in stream:
            pass


async def test_an_error_as_the_first_event_is_a_real_status(gateway: Gateway) -> None:
    gateway.upstream.script(
        Turn(body=b'data: {"error":{"message":"no capacity"}}\n\n', content_type="text/event-stream")
    )

    reply = await gateway.http().post("/v1/chat/completions", json=BODY)

    assert reply.status_code == 502
    assert "no capacity" in reply.json()["error"]["message"]


async def test_a_stream_that_forgets_done_is_whole_when_it_was_finished(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(done=False))

    reply = await gateway.http().post("/v1/chat/completions", json=BODY)

    assert reply.text.endswith("data: [DONE]\n\n")
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.status, span.usage_estimated) == ("ok", False)


async def test_a_provider_that_is_silent_before_the_first_token_times_out_with_504(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    upstream.script(Turn(silent_after=-1))
    async with running_gateway(tmp_path / "home", upstream, upstream_first_token_timeout_s=0.2) as gateway:
        reply = await gateway.http().post("/v1/chat/completions", json=BODY)

    assert reply.status_code == 504
    assert reply.json()["error"]["code"] == "upstream_timeout"


async def test_a_provider_that_falls_silent_in_a_stream_times_out_in_band(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    upstream.script(Turn(silent_after=2))
    async with running_gateway(tmp_path / "home", upstream, upstream_idle_timeout_s=0.2) as gateway:
        reply = await gateway.http().post("/v1/chat/completions", json=BODY)
        await asyncio.wait_for(upstream.last.cut_off.wait(), 5)

    assert "was silent for 0.2 s" in reply.text
    assert "[DONE]" not in reply.text


async def test_silence_is_bridged_with_comments_that_sdks_ignore(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.gateway.exchange.KEEP_ALIVE_EVERY_S", 0.2)
    gateway.upstream.script(Turn(silent_after=2))
    comments = 0

    async with gateway.http().stream("POST", "/v1/chat/completions", json=BODY) as reply:
        async for line in reply.aiter_lines():
            comments += line == ": keep-alive"
            if comments == 2:
                break

    assert comments == 2


@pytest.mark.parametrize("model", ["anthropic/claude-sonnet-4-5", "openai/gpt-4o-mini"])
async def test_silence_is_bridged_with_pings_for_clients_of_anthropic(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setattr("quarterdeck.gateway.exchange.KEEP_ALIVE_EVERY_S", 0.2)
    gateway.upstream.script(Turn(pause_before=2))
    pings = 0
    events: list[str] = []

    async with gateway.anthropic().messages.stream(
        model=model, max_tokens=50, messages=[{"role": "user", "content": "Hello"}]
    ) as stream:
        async for line in stream.response.aiter_lines():
            events.append(line)
            pings += line == "event: ping"
            if pings == 3:  # one opens the stream
                gateway.upstream.release.set()

    assert pings >= 3
    assert ": keep-alive" not in events
    assert events[-3:-1] == ["event: message_stop", 'data: {"type":"message_stop"}']


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
async def test_an_error_within_a_stream_does_not_tell_our_credential(gateway: Gateway, path: str) -> None:
    secret = "sk-upstream-secret"
    said: dict[str, object] = {"error": {"message": f"Key {secret} was revoked.", "code": "server_error"}}
    first = {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]}
    opening = f"data: {json.dumps(first)}\n\n"
    if path == "/v1/responses":
        opening = 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"Hi"}\n\n'
        said = {"type": "error", **said}
    gateway.upstream.script(
        Turn(body=f"{opening}data: {json.dumps(said)}\n\n".encode(), content_type="text/event-stream")
    )
    asked: dict[str, object] = {
        "model": "openai/gpt-4o-mini",
        "stream": True,
        "max_tokens": 50,
        "messages": BODY["messages"],
    }
    if path == "/v1/responses":
        asked = {"model": "openai/gpt-4o-mini", "stream": True, "input": "Hello"}

    reply = await gateway.http().post(path, json=asked)

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert "Key … was revoked." in reply.text
    assert secret not in reply.text
    assert "Key … was revoked." in str(span.status_message)
    assert secret not in str(span)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_hangs_up_stops_the_provider_and_is_billed_for_the_part(
    gateway: Gateway, stream: bool
) -> None:
    gateway.upstream.script(Turn(silent_after=2 if stream else -1))
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    client = gateway.http()

    call = asyncio.create_task(client.post("/v1/chat/completions", json={**BODY, "stream": stream}, headers=headers))
    await gateway.upstream.arrived.wait()
    await asyncio.sleep(0.05)
    call.cancel()

    await asyncio.wait_for(gateway.upstream.last.cut_off.wait(), 5)
    while gateway.plane.admission.in_flight:
        await asyncio.sleep(0.01)
    span = await gateway.only_span(trace_id)
    assert span.status == "ok"
    if stream:
        assert isinstance(span.output, dict) and span.output["content"] == "Paris is"
        assert span.usage_estimated and span.cost_pico == 8 * 150_000 + 2 * 600_000


async def test_connections_to_the_provider_are_used_again_after_streams(gateway: Gateway) -> None:
    client = gateway.http()

    for _ in range(3):
        await client.post("/v1/chat/completions", json=BODY)

    assert len({id(connection) for connection in gateway.upstream.connections}) == 1


async def test_an_event_without_end_is_refused_and_not_gathered_for_ever(gateway: Gateway) -> None:
    giant = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * 20_000_000
    gateway.upstream.script(Turn(body=giant, content_type="text/event-stream"))

    reply = await gateway.http().post("/v1/chat/completions", json=BODY)

    assert reply.status_code == 502
    assert "one event of more than 16 MB" in reply.json()["error"]["message"]

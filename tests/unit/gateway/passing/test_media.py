"""Moderations, sounds and images: forwarded as they are, and counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quarterdeck.access.limits import limits
from quarterdeck.access.limits.limits import LimitWish
from quarterdeck.safety import guardrails
from quarterdeck.safety.guardrails import GuardrailWish
from tests.fakes.media import SOUND
from tests.fakes.upstream import Turn
from tests.unit.gateway.conftest import Gateway

WAV = b"RIFF" + bytes(range(256)) * 8


async def test_a_moderation_is_free_and_leaves_a_span(gateway: Gateway) -> None:
    reply = await gateway.http().post("/v1/moderations", json={"input": "I kill it.", "metadata": {"a": "b"}})

    assert reply.json()["results"][0]["flagged"] is True
    assert gateway.upstream.last.body == {"input": "I kill it.", "model": "omni-moderation-latest"}
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.name, span.input, span.cost_pico) == ("moderation omni-moderation-latest", "I kill it.", None)
    assert (span.unpriced, span.metadata) == (False, {"a": "b"})


async def test_speech_is_streamed_untouched_and_paid_by_the_letter(gateway: Gateway) -> None:
    reply = await gateway.http().post(
        "/v1/audio/speech", json={"model": "openai/tts-1", "voice": "alloy", "input": "x" * 1000}
    )

    assert reply.content == SOUND
    assert reply.headers["content-type"] == "audio/mpeg"
    assert gateway.upstream.last.body["model"] == "tts-1"
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert span.cost_pico == 15_000_000_000  # 1000 characters at 15 dollars a million
    assert span.output == {"bytes": len(SOUND), "content_type": "audio/mpeg"}


@pytest.mark.parametrize(
    ("model", "cost_pico"),
    [
        ("whisper-1", 31 * 100_000_000),  # 31 seconds at 0.36 dollars an hour
        ("gpt-4o-transcribe", 1000 * 6_000_000 + 100 * 10_000_000),  # sound at 6, words at 10 dollars a million
    ],
)
async def test_a_transcript_is_paid_by_the_second_or_by_the_token(gateway: Gateway, model: str, cost_pico: int) -> None:
    gateway.upstream.script(Turn(input_tokens=1000, output_tokens=100))

    done = await gateway.openai().audio.transcriptions.with_raw_response.create(
        model=f"openai/{model}", file=("a.wav", WAV), language="en"
    )

    assert done.parse().text == "Paris is the capital."
    span = await gateway.only_span(done.headers["x-quarterdeck-trace-id"])
    assert span.cost_pico == cost_pico
    assert span.input == {"model": f"openai/{model}", "language": "en", "files": ["a.wav"]}


async def test_only_the_models_name_is_changed_in_a_form(gateway: Gateway) -> None:
    boundary = "xyz"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'.encode()
    between = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="model"\r\n\r\n'.encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}

    reply = await gateway.http().post(
        "/v1/audio/transcriptions", content=head + WAV + between + b"openai/whisper-1" + tail, headers=kind
    )

    assert reply.status_code == 200, reply.text
    assert gateway.upstream.last.raw == head + WAV + between + b"whisper-1" + tail
    assert gateway.upstream.last.headers["content-type"] == kind["content-type"]


async def test_a_large_sound_goes_through_a_file_and_comes_out_whole(gateway: Gateway) -> None:
    sound = bytes(range(256)) * 4 * 1024 * 5  # 5 MB

    await gateway.openai().audio.transcriptions.create(model="openai/whisper-1", file=("long.wav", sound))

    assert sound in gateway.upstream.last.raw


async def test_subtitles_tell_about_how_long_the_sound_was(gateway: Gateway) -> None:
    done = await gateway.openai().audio.transcriptions.with_raw_response.create(
        model="openai/whisper-1", file=("a.wav", WAV), response_format="srt"
    )

    span = await gateway.only_span(done.headers["x-quarterdeck-trace-id"])
    assert (span.cost_pico, span.usage_estimated) == (63 * 100_000_000, True)


async def test_a_transcript_that_tells_nothing_is_unpriced_and_not_free(gateway: Gateway) -> None:
    done = await gateway.openai().audio.transcriptions.with_raw_response.create(
        model="openai/whisper-1", file=("a.wav", WAV), response_format="text"
    )

    span = await gateway.only_span(done.headers["x-quarterdeck-trace-id"])
    assert (span.cost_pico, span.unpriced) == (None, True)


async def test_a_transcript_may_come_as_a_stream(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(input_tokens=1000, output_tokens=100))

    stream = await gateway.openai().audio.transcriptions.create(
        model="openai/gpt-4o-transcribe", file=("a.wav", WAV), stream=True
    )
    heard = [event async for event in stream]

    assert "".join(event.delta for event in heard if event.type == "transcript.text.delta") == "Paris is the capital."
    span = await gateway.only_span(stream.response.headers["x-quarterdeck-trace-id"])
    assert span.cost_pico == 1000 * 6_000_000 + 100 * 10_000_000
    assert span.first_token_ns


async def test_an_image_is_paid_by_its_tokens(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(input_tokens=50, output_tokens=1000))

    reply = await gateway.http().post(
        "/v1/images/generations", json={"model": "openai/gpt-image-1", "prompt": "A heron"}
    )

    assert reply.json()["data"][0]["b64_json"]
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert span.cost_pico == 50 * 5_000_000 + 1000 * 40_000_000
    assert reply.headers["x-quarterdeck-cost-usd"] == "0.04025"


async def test_an_image_that_counts_no_tokens_is_counted_by_the_picture(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(usage="none"))

    done = await gateway.openai().images.with_raw_response.edit(
        model="openai/dall-e-2", image=("a.png", b"png"), prompt="A hat"
    )

    span = await gateway.only_span(done.headers["x-quarterdeck-trace-id"])
    assert span.attributes["quarterdeck.usage"] == {"units": [["image", 1]]}
    assert span.unpriced


async def test_a_refusal_means_what_it_means_elsewhere(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=401, error={"error": {"message": "Bad key sk-upstream-secret"}}))

    reply = await gateway.http().post("/v1/audio/speech", json={"model": "tts-1", "input": "x", "voice": "alloy"})

    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "credential_refused")
    assert "sk-upstream-secret" not in reply.text
    assert (await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])).status == "error"


async def test_a_transcript_that_breaks_off_says_so(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(words=("a", "b"), reset_after=1))
    form = {"model": "openai/gpt-4o-transcribe", "stream": "true"}

    reply = await gateway.http().post("/v1/audio/transcriptions", data=form, files={"file": ("a.wav", WAV)})

    assert '"code":"upstream_failed"' in reply.text
    assert "[DONE]" not in reply.text
    assert (await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])).status == "error"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v1/audio/speech", {"input": "x"}, "`model` is missing"),
        ("/v1/audio/speech", {"model": "anthropic/claude-sonnet-4-5", "input": "x"}, "has no `/audio/speech`"),
        ("/v1/audio/speech", {"model": "local/extractive", "input": "x"}, "has no `/audio/speech`"),
        ("/v1/images/generations", [], "not right"),
    ],
)
async def test_a_wrong_request_is_told_what_is_wrong(gateway: Gateway, path: str, body: Any, words: str) -> None:
    reply = await gateway.http().post(path, content=json.dumps(body).encode())

    assert reply.status_code == 400
    assert words in reply.json()["error"]["message"]


BOUNDARY = {"content-type": "multipart/form-data; boundary=b"}
MODEL = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nopenai/whisper-1\r\n'


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n', BOUNDARY, "`model` is missing"),
        (MODEL + MODEL + b"--b--\r\n", BOUNDARY, "names two models"),
        (MODEL, BOUNDARY, "ends in the middle"),
        (b"nonsense", BOUNDARY, "The form is broken"),
        (MODEL, {"content-type": "multipart/form-data"}, "`boundary`"),
        (MODEL.replace(b"openai", b"x" * 70_000) + b"--b--\r\n", BOUNDARY, "longer than 64 kB"),
    ],
)
async def test_a_wrong_form_is_told_what_is_wrong(
    gateway: Gateway, content: bytes, kind: dict[str, str], words: str
) -> None:
    reply = await gateway.http().post("/v1/audio/transcriptions", content=content, headers=kind)

    assert reply.status_code == 400
    assert words in reply.json()["error"]["message"]
    assert gateway.upstream.received == []


async def test_guardrails_look_at_what_shall_be_drawn_or_spoken(gateway: Gateway) -> None:
    await guardrails.put(gateway.work, "rule", GuardrailWish(checks=[{"kind": "deny_list", "words": ["xyzzy"]}]))
    http = gateway.http()

    drawn = await http.post("/v1/images/generations", json={"model": "openai/gpt-image-1", "prompt": "An xyzzy"})
    edited = await http.post(
        "/v1/images/edits", data={"model": "openai/gpt-image-1", "prompt": "An xyzzy"}, files={"image": ("a.png", b"p")}
    )
    harmless = await http.post("/v1/images/generations", json={"model": "openai/gpt-image-1", "prompt": "A heron"})

    assert [reply.status_code for reply in (drawn, edited, harmless)] == [400, 400, 200]
    assert drawn.json()["error"]["code"] == "content_policy_violation"
    assert harmless.headers["x-quarterdeck-guardrails"] == "rule=passed"
    assert len(gateway.upstream.received) == 1


async def test_limits_hold_here_too(gateway: Gateway) -> None:
    await limits.create(gateway.work, "slow", LimitWish("project", "requests", 1, "day"))
    wish = {"model": "openai/tts-1", "voice": "alloy", "input": "x"}

    replies = [await gateway.http().post("/v1/audio/speech", json=wish) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [200, 429]
    assert len(gateway.upstream.received) == 1

"""What a client hears when its request cannot be answered: a real status, the reason, and the remedy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import openai
import pytest

from tests.fakes import upstream
from tests.fakes.upstream import FakeUpstream, Turn
from tests.unit.gateway.conftest import Gateway, running_gateway

ASK = [{"role": "user", "content": "What is the capital of France?"}]
BODY = {"model": "openai/gpt-4o-mini", "messages": ASK}


async def error_of(gateway: Gateway, content: bytes) -> tuple[int, dict[str, object]]:
    reply = await gateway.http().post("/v1/chat/completions", content=content)
    return reply.status_code, reply.json()["error"]


async def test_without_a_key_nothing_is_answered(gateway: Gateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.url) as stranger:
        reply = await stranger.post("/v1/chat/completions", json=BODY)

    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "invalid_api_key"
    assert reply.headers["www-authenticate"] == "Bearer"
    assert gateway.upstream.received == []


@pytest.mark.parametrize("header", ["x-api-key", "api-key", "x-goog-api-key"])
async def test_a_key_is_accepted_in_the_header_of_every_sdk(gateway: Gateway, header: str) -> None:
    async with httpx.AsyncClient(base_url=gateway.url, headers={header: gateway.key}) as client:
        reply = await client.post("/v1/chat/completions", json=BODY)

    assert reply.status_code == 200


async def test_a_key_without_the_gateway_scope_calls_no_model(gateway: Gateway) -> None:
    reader = await gateway.another_key("reader", ["read"])

    with pytest.raises(openai.PermissionDeniedError, match="lacks the scope `gateway`"):
        await gateway.openai().with_options(api_key=reader).chat.completions.create(**BODY)


async def test_malformed_json_is_refused_with_the_place(gateway: Gateway) -> None:
    status, error = await error_of(gateway, b'{"model": "openai/gpt-4o-mini",\n "messages": [}')

    assert status == 400
    assert error["code"] == "malformed_body"
    assert error["message"] == "The body is not valid JSON: invalid character, at line 2, column 15 (byte 46)."


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The body is empty"),
        (b'{"model": "gpt', "it ends too early, at line 1, column 15 (byte 14)"),
        (b'{"messages": []}', "`model` is missing"),
        (b'{"model": "m", "messages": []}', "`messages` is empty"),
        (b'{"model": "m", "messages": [{"role": "king", "content": ""}]}', "`messages[0].role`"),
        (b'{"model": 5, "messages": []}', "`model` is not right: expected `str`, got `int`"),
        (b'{"model": "m\xff", "messages": []}', "not UTF-8"),
        (b'{"model": "m", "messages": [], "x": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
async def test_a_body_that_is_no_chat_request_is_refused_with_the_reason(
    gateway: Gateway, content: bytes, words: str
) -> None:
    status, error = await error_of(gateway, content)

    assert status == 400
    assert words in str(error["message"])
    assert gateway.upstream.received == []


async def test_an_unknown_model_is_refused_naming_the_closest_one_first(gateway: Gateway) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        await gateway.openai().chat.completions.create(model="gpt-4o-mimi", messages=ASK)

    assert refused.value.code == "model_not_found"
    assert "Did you mean `openai/gpt-4o-mini`? There are: `openai/gpt-4o-mini`," in str(refused.value)


async def test_a_body_that_announces_itself_as_too_large_is_refused_unread(gateway: Gateway) -> None:
    gateway.plane.max_body_bytes = 1000

    reply = await gateway.http().post("/v1/chat/completions", content=b" " * 2000)

    assert reply.status_code == 413
    assert "QUARTERDECK_MAX_BODY_MB" in reply.json()["error"]["message"]


async def test_a_body_that_turns_out_too_large_is_refused(gateway: Gateway) -> None:
    gateway.plane.max_body_bytes = 1000

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100

    reply = await gateway.http().post("/v1/chat/completions", content=trickle())

    assert reply.status_code == 413


async def test_more_requests_than_the_server_takes_are_shed_at_once(gateway: Gateway) -> None:
    gateway.plane.admission._most = 1
    gateway.upstream.script(Turn(silent_after=-1), Turn())
    client = gateway.openai()
    first = asyncio.create_task(client.chat.completions.create(**BODY))
    await gateway.upstream.arrived.wait()

    with pytest.raises(openai.RateLimitError) as refused:
        await client.chat.completions.create(**BODY)

    assert refused.value.response.headers["retry-after"] == "1"
    gateway.upstream.release.set()
    await first
    assert gateway.plane.admission.in_flight == 0


@pytest.mark.parametrize(
    ("turn", "status", "code", "words"),
    [
        (Turn(status=401, error=upstream.OPENAI_BAD_KEY), 502, "credential_refused", "Renew it"),
        (Turn(status=404, error=upstream.OPENAI_NO_MODEL), 404, "model_not_found", "`gpt-9` does not exist"),
        (Turn(status=400, error=upstream.OPENAI_TOO_LONG), 400, "context_length_exceeded", "maximum context length"),
        (Turn(status=429, error=upstream.OPENAI_RATE_LIMIT), 429, "rate_limit_exceeded", "Rate limit reached"),
        (Turn(status=500, error=upstream.OPENAI_BROKEN), 502, "upstream_failed", "`openai` answered 500"),
        (Turn(status=503, body=b"<html>Bad gateway</html>"), 503, "upstream_unavailable", "overloaded or down"),
        (Turn(status=504, body=b""), 504, "upstream_timeout", "timed out"),
        (Turn(status=307, body=b"", headers=(("location", "http://169.254.169.254/"),)), 502, "upstream_failed", "307"),
        (Turn(body=b"<html>hello</html>", content_type="text/html"), 502, "upstream_failed", "Is its base URL right?"),
        (Turn(body=b'{"error": {"message": "quota"}}'), 502, "upstream_failed", "quota"),
        (Turn(body=b'{"id": "chatcmpl-1", "choi'), 502, "upstream_failed", "not answer with a chat completion"),
        (Turn(reset_after=-1), 503, "upstream_unavailable", "cannot be reached"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_provider_that_refuses_gives_a_real_status_before_the_first_byte(
    gateway: Gateway, turn: Turn, status: int, code: str, words: str, stream: bool
) -> None:
    gateway.upstream.script(turn)

    reply = await gateway.http().post("/v1/chat/completions", json={**BODY, "stream": stream})

    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (status, code)
    assert words in error["message"] or stream
    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert span.status == "error"
    assert span.cost_pico is None and not span.unpriced


async def test_when_to_try_again_is_passed_on(gateway: Gateway) -> None:
    limited = Turn(
        status=429, error=upstream.OPENAI_RATE_LIMIT, headers=(("retry-after-ms", "20"), ("retry-after", "20"))
    )
    gateway.upstream.script(limited, Turn())

    completion = await gateway.openai(max_retries=1).chat.completions.create(**BODY)

    assert completion.choices[0].message.content == "Paris is the capital."
    assert len(gateway.upstream.received) == 2


async def test_a_time_to_try_again_that_makes_no_sense_is_left_out(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=429, error=upstream.OPENAI_RATE_LIMIT, headers=(("retry-after", "inf"),)))

    reply = await gateway.http().post("/v1/chat/completions", json=BODY)

    assert reply.status_code == 429
    assert "retry-after" not in reply.headers


async def test_a_refused_credential_is_not_tried_again(gateway: Gateway) -> None:
    gateway.upstream.script(Turn(status=401, error=upstream.OPENAI_BAD_KEY))

    with pytest.raises(openai.InternalServerError, match="refused our credential"):
        await gateway.openai(max_retries=3).chat.completions.create(**BODY)

    assert len(gateway.upstream.received) == 1


async def test_a_provider_that_is_not_there_is_named_with_its_address(gateway: Gateway) -> None:
    dead = await gateway.provider_at("http://127.0.0.1:9/v1")

    with pytest.raises(openai.InternalServerError) as refused:
        await gateway.openai().chat.completions.create(model=f"{dead}/m", messages=ASK)

    assert refused.value.status_code == 503
    assert "`dead` cannot be reached at http://127.0.0.1:9" in str(refused.value)


async def test_other_paths_and_methods_are_refused_in_the_same_shape(gateway: Gateway) -> None:
    client = gateway.http()

    wrong_method = await client.get("/v1/chat/completions")
    wrong_path = await client.post("/v1/nothing")

    assert (wrong_method.status_code, wrong_method.json()["error"]["code"]) == (405, "method_not_allowed")
    assert (wrong_path.status_code, wrong_path.json()["error"]["code"]) == (404, "not_found")


async def test_a_full_disk_refuses_before_a_provider_is_paid(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.gateway.admission._LEAST_FREE_BYTES", 1 << 62)

    reply = await gateway.http().post("/v1/chat/completions", json=BODY)

    assert reply.status_code == 503
    assert "Free some space" in reply.json()["error"]["message"]
    assert gateway.upstream.received == []


@pytest.mark.parametrize("sent", [b"", b'{"model'], ids=["nothing", "a part"])
async def test_a_body_that_does_not_come_is_not_waited_for_for_ever(
    tmp_path: Path, upstream: FakeUpstream, sent: bytes
) -> None:
    async with running_gateway(tmp_path / "home", upstream, upstream_idle_timeout_s=0.2) as gateway:
        host, _, port = gateway.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\nx-api-key: {gateway.key}\r\n\r\n"
        )

        writer.write(head.encode() + sent)
        status = await asyncio.wait_for(reader.readline(), 5)
        writer.close()

    assert b" 408 " in status

"""Retries and fallbacks: until the first token somebody else answers, after it nobody does, and every call is accounted."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from pathlib import Path

import pytest

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway.calls import call_model
from quarterdeck.gateway.conversation import ChatRequest, Message, TextPiece
from quarterdeck.gateway.routing.records import Fallbacks, Target, Timeouts
from tests.fakes.turn import Turn
from tests.fakes.upstream import OPENAI_BROKEN, OPENAI_RATE_LIMIT, OPENAI_TOO_LONG, fake_upstream
from tests.unit.gateway.conftest import running_gateway
from tests.unit.gateway.routing.conftest import ANTHROPIC, FIRST, SECOND, Crossroads

BROKEN = Turn(status=500, error=OPENAI_BROKEN)
FILTERED = {
    "error": {
        "message": "The response was filtered due to the prompt triggering the content management policy.",
        "type": "invalid_request_error",
        "param": "prompt",
        "code": "content_filter",
    }
}
NO_QUOTA = {
    "error": {"message": "You exceeded your current quota.", "type": "insufficient_quota", "code": "insufficient_quota"}
}
NONSENSE = {
    "error": {"message": "`temperature` must be below 2.", "type": "invalid_request_error", "param": "temperature"}
}


def content(text: str) -> str:
    """The words of a stream or of a body."""
    if not text.startswith("data:"):
        return str(json.loads(text)["choices"][0]["message"]["content"])
    chunks = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", []))


BEFORE_THE_FIRST_TOKEN = {
    "an error status": BROKEN,
    "a refused credential": Turn(status=401, error=OPENAI_BROKEN),
    "a reset before any answer": Turn(reset_after=-1),
    "a page instead of an answer": Turn(body=b"<html>welcome</html>", content_type="text/html"),
    "half a JSON": Turn(body=b'{"id": "chatcmpl-1", "choi', content_type="application/json"),
    "an empty body": Turn(body=b"", content_type="application/json"),
    "words that are no UTF-8": Turn(body=b"\xff\xfe\x00garbage", content_type="application/json"),
    "an error as an answer": Turn(body=json.dumps(OPENAI_BROKEN).encode()),
    "overload": Turn(status=529, error=OPENAI_BROKEN),
    "too many requests": Turn(status=429, error=OPENAI_RATE_LIMIT),
    "no such model": Turn(status=404, error=OPENAI_BROKEN),
}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("turn", BEFORE_THE_FIRST_TOKEN.values(), ids=BEFORE_THE_FIRST_TOKEN.keys())
async def test_before_the_first_token_the_next_target_answers(crossroads: Crossroads, turn: Turn, stream: bool) -> None:
    await crossroads.alias()
    crossroads.first.script(turn)

    reply = await crossroads.ask(stream=stream)

    assert reply.status_code == 200, reply.text
    assert content(reply.text) == "Paris is the capital."
    assert reply.headers["x-quarterdeck-model"] == SECOND
    assert reply.headers["x-quarterdeck-route"] == "fast"
    assert reply.headers["x-quarterdeck-attempts"] == "2"
    assert len(crossroads.first.received) == len(crossroads.second.received) == 1


@pytest.mark.parametrize("turn", [Turn(error_after=0), Turn(reset_after=0), Turn(half_after=0), Turn(ends_after=0)])
async def test_a_stream_that_breaks_after_its_opening_and_before_its_first_word_is_begun_anew(
    crossroads: Crossroads, turn: Turn
) -> None:
    await crossroads.alias()
    crossroads.first.script(turn)

    reply = await crossroads.ask(stream=True)

    assert content(reply.text) == "Paris is the capital."
    assert reply.text.count('"role":"assistant"') + reply.text.count('"role": "assistant"') == 1
    assert reply.text.rstrip().endswith("[DONE]")


@pytest.mark.parametrize("turn", [Turn(error_after=2), Turn(reset_after=2), Turn(half_after=2), Turn(ends_after=2)])
async def test_after_the_first_token_nobody_else_answers(crossroads: Crossroads, turn: Turn) -> None:
    await crossroads.alias(retries=3)
    crossroads.first.script(turn)

    reply = await crossroads.ask(stream=True)

    assert content(reply.text) == "Paris is"
    assert '"error"' in reply.text
    assert "[DONE]" not in reply.text
    assert crossroads.second.received == []
    (span,) = await crossroads.spans(reply)
    assert span.status == "error"
    assert span.usage_estimated


async def test_each_attempt_leaves_a_span_below_one_root(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(BROKEN)

    reply = await crossroads.ask()

    root, left, answered = await crossroads.spans(reply)
    assert (root.name, root.kind, root.status) == ("route fast", "chain", "ok")
    assert [left.parent_id, answered.parent_id] == [root.span_id] * 2
    assert (left.status, left.attributes["quarterdeck.left"], left.attributes["quarterdeck.attempt"]) == (
        "error",
        "error",
        1,
    )
    assert (answered.status, answered.attributes["quarterdeck.attempt"]) == ("ok", 2)
    assert root.start_ns == left.start_ns
    assert root.end_ns >= answered.end_ns
    assert root.cost_pico is None
    assert left.cost_pico is None
    assert root.output == answered.output


async def test_one_attempt_that_answers_is_the_root_itself(crossroads: Crossroads) -> None:
    await crossroads.alias()

    reply = await crossroads.ask()

    (span,) = await crossroads.spans(reply)
    assert span.kind == "llm"
    assert span.attributes["quarterdeck.route"] == "fast"
    assert (span.provider, span.model) == ("first", "model-a")


async def test_the_same_target_is_asked_again_before_the_next(crossroads: Crossroads) -> None:
    await crossroads.alias(retries=2)
    crossroads.first.script(BROKEN, BROKEN, Turn())

    reply = await crossroads.ask()

    assert reply.status_code == 200
    assert reply.headers["x-quarterdeck-attempts"] == "3"
    assert crossroads.second.received == []


async def test_who_wants_to_be_left_alone_for_long_is_not_asked_again(crossroads: Crossroads) -> None:
    await crossroads.alias("alone", FIRST, retries=3, longest_wait_s=1.0)
    crossroads.first.script(Turn(status=429, error=OPENAI_RATE_LIMIT, headers=(("retry-after", "30"),)))

    reply = await crossroads.ask("alone")
    another = await crossroads.ask("alone")

    assert reply.status_code == 429
    assert reply.headers["retry-after"] == "30"
    assert another.status_code == 503
    assert 25 <= int(another.headers["retry-after"]) <= 30
    assert len(crossroads.first.received) == 1


async def test_a_short_retry_after_is_waited_for(crossroads: Crossroads) -> None:
    await crossroads.alias("alone", FIRST, retries=1)
    crossroads.first.script(Turn(status=429, error=OPENAI_RATE_LIMIT, headers=(("retry-after-ms", "20"),)), Turn())

    reply = await crossroads.ask("alone")

    assert reply.status_code == 200
    assert reply.headers["x-quarterdeck-attempts"] == "2"


async def test_a_mistake_of_the_client_is_told_at_once(crossroads: Crossroads) -> None:
    await crossroads.alias(retries=3)
    crossroads.first.script(Turn(status=400, error=NONSENSE))

    reply = await crossroads.ask()

    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == "temperature"
    assert len(crossroads.first.received) == 1
    assert crossroads.second.received == []


@pytest.mark.parametrize(
    ("kind", "turn"),
    [
        ("context_window", Turn(status=400, error=OPENAI_TOO_LONG)),
        ("content_policy", Turn(status=400, error=FILTERED)),
        ("rate_limit", Turn(status=429, error=OPENAI_RATE_LIMIT)),
        ("budget", Turn(status=429, error=NO_QUOTA)),
        ("error", BROKEN),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_each_kind_of_failure_has_its_fallback(
    crossroads: Crossroads, kind: str, turn: Turn, stream: bool
) -> None:
    await crossroads.alias("alone", FIRST, fallbacks=Fallbacks(any=("openai/gpt-4o",), **{kind: (SECOND,)}))
    crossroads.first.script(turn)

    reply = await crossroads.ask("alone", stream=stream)

    assert reply.headers["x-quarterdeck-model"] == SECOND
    left = (await crossroads.spans(reply))[1]
    assert left.attributes["quarterdeck.left"] == kind


async def test_what_a_provider_refuses_by_policy_is_not_passed_around_unasked(crossroads: Crossroads) -> None:
    await crossroads.alias("alone", FIRST, SECOND, fallbacks=Fallbacks(any=(SECOND,)))
    crossroads.first.script(Turn(status=400, error=FILTERED))

    reply = await crossroads.ask("alone")

    assert reply.status_code == 400
    assert crossroads.second.received == []


async def test_silence_before_the_first_token_is_left_after_the_target_s_own_limit(crossroads: Crossroads) -> None:
    slow = Target(FIRST, timeouts=Timeouts(first_token_s=0.05))
    await crossroads.alias("fast", slow, SECOND)
    crossroads.first.script(Turn(silent_after=-1))

    reply = await crossroads.ask(stream=True)

    assert reply.headers["x-quarterdeck-model"] == SECOND
    assert (await crossroads.spans(reply))[1].attributes["quarterdeck.left"] == "timeout"
    await asyncio.wait_for(crossroads.first.last.cut_off.wait(), 5)


async def test_silence_between_two_words_ends_the_stream_with_an_error(crossroads: Crossroads) -> None:
    await crossroads.alias("fast", FIRST, SECOND, timeouts=Timeouts(idle_s=0.05))
    crossroads.first.script(Turn(silent_after=2))

    reply = await crossroads.ask(stream=True)

    assert content(reply.text) == "Paris is"
    assert "silent for 0.05 s" in reply.text
    assert crossroads.second.received == []


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_the_whole_has_an_end_however_many_are_left(crossroads: Crossroads, stream: bool) -> None:
    await crossroads.alias(timeouts=Timeouts(total_s=0.05))
    crossroads.first.script(Turn(silent_after=-1))
    crossroads.second.script(Turn(silent_after=-1))

    reply = await crossroads.ask(stream=stream)

    assert reply.status_code == 504
    assert crossroads.second.received == []


async def test_a_stream_that_has_begun_is_cut_off_at_the_end_of_its_time(crossroads: Crossroads) -> None:
    await crossroads.alias(timeouts=Timeouts(total_s=0.2))
    crossroads.first.script(Turn(silent_after=2))

    reply = await crossroads.ask(stream=True)

    assert content(reply.text) == "Paris is"
    assert "took too long for its whole answer" in reply.text
    assert crossroads.second.received == []
    await asyncio.wait_for(crossroads.first.last.cut_off.wait(), 5)


async def test_the_server_can_bound_every_answer(tmp_path: Path) -> None:
    async with (
        fake_upstream() as upstream,
        running_gateway(tmp_path / "home", upstream, cache=False, upstream_total_timeout_s=0.2) as gateway,
    ):
        upstream.script(Turn(silent_after=2))
        body = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "?"}], "stream": True}

        reply = await gateway.http().post("/v1/chat/completions", json=body)

        assert content(reply.text) == "Paris is"
        assert "took too long for its whole answer" in reply.text


async def test_a_gigantic_event_that_never_ends_is_left_for_the_next_target(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(Turn(body=b"data: " + b"x" * (17 * 1024 * 1024), content_type="text/event-stream"))

    reply = await crossroads.ask(stream=True)

    assert content(reply.text) == "Paris is the capital."
    assert reply.headers["x-quarterdeck-model"] == SECOND


async def test_when_all_have_failed_every_attempt_is_told(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(BROKEN)
    crossroads.second.script(Turn(reset_after=-1))

    reply = await crossroads.ask()

    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (503, "upstream_unavailable")
    assert f"1. `{FIRST}` (failed)" in error["message"]
    assert f"2. `{SECOND}` (failed)" in error["message"]


async def test_when_all_are_limited_the_client_is_told_when_to_come_back(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(Turn(status=429, error=OPENAI_RATE_LIMIT, headers=(("retry-after", "40"),)))
    crossroads.second.script(Turn(status=429, error=OPENAI_RATE_LIMIT, headers=(("retry-after", "20"),)))

    reply = await crossroads.ask()

    assert reply.status_code == 429
    assert reply.headers["retry-after"] == "20"


async def test_a_client_can_list_models_itself(crossroads: Crossroads) -> None:
    crossroads.first.script(BROKEN)

    listed = await crossroads.ask(f"{FIRST},{SECOND}")
    in_body = await crossroads.ask(FIRST, fallbacks=[SECOND])

    assert [reply.headers["x-quarterdeck-model"] for reply in (listed, in_body)] == [SECOND, SECOND]
    assert "fallbacks" not in crossroads.first.last.body


async def test_a_client_can_wish_retries_and_an_end(crossroads: Crossroads) -> None:
    crossroads.first.script(BROKEN, Turn())

    retried = await crossroads.ask(FIRST, num_retries=1)
    crossroads.first.script(Turn(silent_after=-1))
    ended = await crossroads.ask(FIRST, timeout=0.05)

    assert (retried.status_code, retried.headers["x-quarterdeck-attempts"]) == (200, "2")
    assert ended.status_code == 504


async def test_a_direct_model_is_not_asked_twice(crossroads: Crossroads) -> None:
    crossroads.first.script(BROKEN)

    reply = await crossroads.ask(FIRST)

    assert reply.status_code == 502
    assert len(crossroads.first.received) == 1
    assert "x-quarterdeck-route" not in reply.headers


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_fallback_may_speak_another_dialect(crossroads: Crossroads, stream: bool) -> None:
    await crossroads.alias("mixed", FIRST, ANTHROPIC)
    crossroads.first.script(BROKEN)

    reply = await crossroads.ask("mixed", stream=stream)

    assert content(reply.text) == "Paris is the capital."
    assert reply.headers["x-quarterdeck-model"] == ANTHROPIC
    assert reply.headers["x-quarterdeck-attempts"] == "2"


async def test_calls_from_inside_the_house_fall_back_too(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(Turn(reset_after=0))
    work = crossroads.gateway.work

    request = ChatRequest("fast", [Message("user", "The capital?")])
    pieces = [piece async for piece in call_model(work, request)]

    assert "".join(piece.text for piece in pieces if isinstance(piece, TextPiece)) == "Paris is the capital."
    assert [span.kind for span in work.trace.finished] == ["llm", "llm", "chain"]


async def test_inside_the_house_too_nobody_else_answers_after_the_first_token(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(Turn(reset_after=2))
    heard = []

    with pytest.raises(QuarterdeckError, match="broke off"):
        async with aclosing(call_model(crossroads.gateway.work, ChatRequest("fast", [Message("user", "?")]))) as pieces:
            heard.extend([await anext(pieces), await anext(pieces)])
            await anext(pieces)

    assert len(heard) == 2
    assert crossroads.second.received == []


async def test_a_client_that_hangs_up_cuts_off_the_target_and_leaves_its_health_alone(crossroads: Crossroads) -> None:
    await crossroads.alias()
    crossroads.first.script(Turn(silent_after=1))
    client = crossroads.gateway.http()
    body = {"model": "fast", "messages": [{"role": "user", "content": "?"}], "stream": True}

    async with client.stream("POST", "/v1/chat/completions", json=body) as reply:
        await anext(reply.aiter_bytes())

    await asyncio.wait_for(crossroads.first.last.cut_off.wait(), 5)
    health = crossroads.health()
    while health.in_flight:
        await asyncio.sleep(0.01)
    assert health.calls_and_failures() == (0, 0)
    assert crossroads.second.received == []


async def test_parameters_of_a_target_fill_in_what_the_client_leaves_open(crossroads: Crossroads) -> None:
    target = Target(FIRST, parameters={"temperature": 0.5, "seed": 7, "logit_bias": {"5": 1}, "user": None})
    await crossroads.alias("tuned", target)

    await crossroads.ask("tuned", temperature=0.1, user="u1")

    sent = crossroads.first.last.body
    assert (sent["temperature"], sent["seed"], sent["logit_bias"]) == (0.1, 7, {"5": 1})
    assert "user" not in sent
    assert sent["model"] == "model-a"

"""Whatever a provider sends, the client hears what is wrong in its own dialect, and the call is accounted once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from quarterdeck.gateway.routing.health import BreakerRules
from tests.faults.hostile import FAULTS, Hostile, hostile_provider
from tests.fuzz.conftest import Answer, Fuzzed, running_fuzzed

SAID = [{"role": "user", "content": "Hi"}]
ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": SAID},
    "/v1/messages": {"messages": SAID, "max_tokens": 5},
    "/v1/responses": {"input": "Hi", "store": False},
    "/v1/completions": {"prompt": "Hi"},
}
MODELS = ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash", "cohere/command-a-03-2025",
          "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0")  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Fuzzed, Hostile]]:
    """A gateway all of whose providers are the hostile one, and which never gives them up."""
    with asyncio.Runner() as runner:
        provider_stack = hostile_provider()
        provider = runner.run(provider_stack.__aenter__())
        stack = running_fuzzed(tmp_path_factory.mktemp("faults") / "home", runner, provider.url)
        fuzzed = runner.run(stack.__aenter__())
        fuzzed.gateway.plane.catalogue.health._rules = BreakerRules(least_calls=1_000_000)
        try:
            yield fuzzed, provider
        finally:
            runner.run(stack.__aexit__(None, None, None))
            runner.run(provider_stack.__aexit__(None, None, None))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("path", ASKED)
def test_an_answer_that_is_none_becomes_an_error_of_the_dialect_and_is_accounted_once(
    hostile: tuple[Fuzzed, Hostile], caplog: pytest.LogCaptureFixture, path: str, fault: str
) -> None:
    fuzzed, provider = hostile
    provider.says = FAULTS[fault]

    traces: list[str] = []
    for model in MODELS:
        for stream in (False, True):
            body = json.dumps(ASKED[path] | {"model": model, "stream": stream}).encode()
            answer = fuzzed.post(path, body, {"x-quarterdeck-retries": "0"})

            crashes = [record for record in caplog.records if record.exc_info and record.name.startswith("quarterdeck")]
            assert not crashes, f"{model} stream={stream}\n" + "\n".join(map(caplog.handler.format, crashes))
            _require_dialect(path, answer)
            traces.append(answer.headers["x-quarterdeck-trace-id"])
    for trace_id in traces:
        span = fuzzed.run(fuzzed.gateway.only_span(trace_id))
        assert span.status == "ok" or span.status_message
        assert (span.cost_pico or 0) >= 0 and (span.input_tokens or 0) >= 0
    assert fuzzed.gateway.plane.admission.in_flight == 0


def _require_dialect(path: str, answer: Answer) -> None:
    if answer.headers["content-type"].startswith("text/event-stream"):
        assert answer.status == 200
        assert answer.body.endswith(b"\n\n")
        return
    if answer.status == 200:
        # A client of the same dialect gets a provider's bytes as they are, as far as they are an answer at all.
        assert isinstance(answer.json, dict)
        return
    assert answer.status in (400, 402, 429, 502, 503, 504), answer
    said = answer.json
    assert said["error"]["message"]
    assert said.get("type") == "error" if path == "/v1/messages" else "code" in said["error"]

"""Whatever a client sends to any endpoint, it hears an answer or what is wrong, in the words of its own dialect."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.conftest import BOUNDED, Answer, Fuzzed
from tests.fuzz.near import ANY_JSON, nearly
from tests.fuzz.requests_of import CONVERSATIONS, OTHERS, WISHES

MODELS = (
    "openai/gpt-4o-mini",
    "anthropic/claude-sonnet-4-5",
    "gemini/gemini-2.5-flash",
    "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0",
    "cohere/command-a-03-2025",
    "mistral/mistral-small-latest",
    "local/extractive",
)
_NASTY = [
    "", " ", "nan", "inf", "-1", "1e999", "9" * 400, "0x10", "{", "[]", "{}", '{"a":', '{"a": {"b": [1]}}', '[{"a": 1}]',
    "[[[[1]]]]", '"', "null", "true", "a=b,c", "=,=", "prompt:", "prompt:x@y@z", "/", "openai/", "\xff\xfe", "\x7f", "%zz",
    '{"retry":{"attempts":"x"},"targets":[1]}', '{"ttl":null}', "[" * 3000, "seed=1;w=x;s=y", "1000;w=0;u=;s=",
]  # fmt: skip
# Of ours, of HTTP, and of all the vendors whose clients we understand.
_NAMES = {
    "x-quarterdeck-": [
        "environment",
        "fallbacks",
        "guardrails",
        "keep-context",
        "max-input-tokens",
        "metadata",
        "model",
        "omit",
        "prompt",
        "prompt-caching",
        "prompt-variables",
        "retries",
        "semantic-cache",
        "session",
        "tags",
        "timeout-s",
        "user",
        "when-over",
        "cache",
    ],
    "": [
        "idempotency-key",
        "traceparent",
        "x-request-id",
        "cache-control",
        "content-type",
        "authorization",
        "x-session-id",
    ],
    "helicone-": [
        "cache-enabled",
        "cache-bucket-max-size",
        "fallbacks",
        "model-override",
        "omit-request",
        "prompt-id",
        "property-a",
        "ratelimit-policy",
        "retry-enabled",
        "retry-num",
        "retry-factor",
        "session-id",
        "target-url",
        "user-id",
        "provider",
    ],
    "x-portkey-": [
        "cache-force-refresh",
        "cache-namespace",
        "config",
        "metadata",
        "provider",
        "request-timeout",
        "retry-count",
        "trace-id",
        "custom-host",
    ],
    "x-litellm-": [
        "customer-id",
        "num-retries",
        "spend-logs-metadata",
        "stream-timeout",
        "tags",
        "timeout",
        "trace-id",
        "session-id",
        "enable-message-redaction",
    ],
    "x-bf-": [
        "cache-key",
        "cache-threshold",
        "cache-ttl",
        "cache-type",
        "dim-a",
        "eh-a",
        "prompt-id",
        "prompt-version",
        "session-id",
        "session-ttl",
        "vk",
    ],
}
_HEADERS = [start + name for start, names in _NAMES.items() for name in names]


def _no_crash(caplog: pytest.LogCaptureFixture, answer: Answer, sent: bytes) -> None:
    # The fake provider may well stumble over what it is sent: then it answers 500, and we have to cope.
    crashes = [record for record in caplog.records if record.exc_info and record.name.startswith("quarterdeck")]
    caplog.clear()
    assert not crashes, f"{sent!r}\n" + "\n".join(caplog.handler.format(record) for record in crashes)


def _is_an_error_of(path: str, said: Any) -> bool:  # Any: JSON
    match said:
        case {"type": "error", "error": {"type": str(), "message": str(words)}} if "/messages" in path:
            return bool(words)
        case {"error": {"code": int(), "status": str(), "message": str(words)}} if path.startswith("/v1beta/"):
            return bool(words)
        case {"error": {"type": str(), "message": str(words), "code": _}} if not path.startswith("/v1beta/"):
            return bool(words) and "/messages" not in path
    return False


def _check(fuzzed: Fuzzed, caplog: pytest.LogCaptureFixture, path: str, body: bytes, **headers: str) -> Answer:
    answer = fuzzed.post(path, body, headers)

    _no_crash(caplog, answer, body)
    if answer.status >= 400 and not path.startswith("/passthrough/"):  # there, a provider's own words go through
        assert answer.status != 500, body
        assert _is_an_error_of(path, answer.json) or "jsonrpc" in answer.json, answer
    return answer


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("path", CONVERSATIONS)
def test_a_conversation_that_is_nearly_right_is_answered_or_refused_in_its_dialect(
    fuzzed: Fuzzed, caplog: pytest.LogCaptureFixture, path: str, model: str
) -> None:
    good = [asked | {"model": model} for asked in CONVERSATIONS[path]]

    @BOUNDED
    @given(nearly([*good, good[-1] | WISHES]), st.booleans())
    def whatever_is_sent(asked: Any, stream: bool) -> None:
        if isinstance(asked, dict) and stream:
            asked = {"stream": True, **asked}
        answer = _check(fuzzed, caplog, path, msgspec.json.encode(asked))
        if answer.status == 200 and not answer.headers["content-type"].startswith("text/event-stream"):
            assert isinstance(answer.json, dict)

    whatever_is_sent()


@pytest.mark.parametrize("path", OTHERS)
def test_what_is_no_conversation_and_nearly_right_is_answered_or_refused(
    fuzzed: Fuzzed, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    @BOUNDED
    @given(nearly(OTHERS[path]))
    def whatever_is_sent(asked: Any) -> None:
        _check(fuzzed, caplog, path, msgspec.json.encode(asked))

    whatever_is_sent()


@pytest.mark.parametrize("path", [*CONVERSATIONS, *OTHERS])
def test_a_body_of_any_bytes_or_any_json_is_refused_in_the_shape_of_its_dialect(
    fuzzed: Fuzzed, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    @BOUNDED
    @given(st.one_of(st.binary(max_size=40), ANY_JSON.map(msgspec.json.encode)))
    def whatever_is_sent(body: bytes) -> None:
        _check(fuzzed, caplog, path, body)

    whatever_is_sent()


@pytest.mark.parametrize("said", _NASTY, ids=[str(number) for number in range(len(_NASTY))])
def test_headers_that_mean_something_are_understood_or_refused_whatever_they_say(
    fuzzed: Fuzzed, caplog: pytest.LogCaptureFixture, said: str
) -> None:
    body = b'{"model":"openai/gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}'

    for name in _HEADERS:
        _check(fuzzed, caplog, "/v1/chat/completions", body, **{name: said})


_BELOW = [
    "/v1/models/", "/v1/files/", "/v1/batches/", "/v1/responses/", "/v1/responses/resp_1/", "/v1/files/file_1/content",
    "/mcp/", "/passthrough/", "/passthrough/openai/", "/v1beta/models/", "/v1/files?", "/v1/batches?", "/v1/models?",
]  # fmt: skip


@pytest.mark.parametrize("start", _BELOW)
def test_a_path_or_a_query_of_any_characters_is_answered_or_refused(
    fuzzed: Fuzzed, caplog: pytest.LogCaptureFixture, start: str
) -> None:
    names = st.one_of(
        st.text(st.characters(min_codepoint=0x21, max_codepoint=0x2FFF), max_size=20),
        st.sampled_from(
            ["..", "%2e%2e/%2e%2e", "a/b/c", "limit=x", "limit=-1&after=%00", "order=up", "a:b", ":x", "%", "a" * 5000]
        ),
    )

    @BOUNDED
    @given(st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "PATCH"]), names)
    def whatever_is_asked(method: str, name: str) -> None:
        answer = fuzzed.run(fuzzed.ask(method, start + name, b"{}"))
        _no_crash(caplog, answer, (start + name).encode())
        assert answer.status != 500 or start.startswith("/passthrough/")

    whatever_is_asked()


@pytest.mark.parametrize("path", ["/v1/files", "/v1/audio/transcriptions", "/v1/images/edits", "/v1/images/variations"])
def test_a_form_that_is_nearly_right_is_answered_or_refused(
    fuzzed: Fuzzed, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    parts = st.lists(
        st.tuples(
            st.sampled_from(["file", "image", "model", "purpose", "prompt", "stream", "x"]),
            st.sampled_from(["", '; filename="a.jsonl"', '; filename="', "; filename*=x", '; filename="../../x"']),
            st.one_of(
                st.sampled_from([b"openai/whisper-1", b"batch", b"", b"{", b'{"custom_id":1}', b"\r\n--b\r\n"]),
                st.binary(max_size=20),
            ),
        ),
        max_size=4,
    )
    kinds = st.sampled_from(
        ["multipart/form-data; boundary=b", "multipart/form-data", "multipart/form-data; boundary=", "text/plain"]
    )

    @BOUNDED
    @given(parts, st.sampled_from([b"--b--\r\n", b"--b--", b"--b", b""]), kinds)
    def whatever_is_sent(fields: list[tuple[str, str, bytes]], end: bytes, kind: str) -> None:
        heads = [
            f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() for name, more, _ in fields
        ]
        body = b"".join(head + value + b"\r\n" for head, (_, _, value) in zip(heads, fields, strict=True)) + end
        _check(fuzzed, caplog, path, body, **{"content-type": kind})

    whatever_is_sent()

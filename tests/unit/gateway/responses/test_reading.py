"""Whatever is sent as a request for a response is understood or refused, and never breaks the reader."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.completions.asked import read_completion_request
from quarterdeck.gateway.responses.asked import read_responses_request

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
WORDS = st.sampled_from(
    [
        "message", "reasoning", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output",
        "user", "assistant", "system", "developer", "input_text", "input_image", "input_file", "output_text", "refusal",
        "function", "custom", "namespace", "web_search", "allowed_tools", "auto", "required", "json_schema", "grammar",
    ]
)  # fmt: skip
NAMES = st.sampled_from(
    [
        "type", "role", "content", "text", "summary", "call_id", "id", "name", "namespace", "arguments", "output", "input",
        "encrypted_content", "image_url", "file_data", "detail", "parameters", "description", "strict", "format", "tools",
        "mode", "schema", "syntax", "definition", "effort", "refusal", "input_audio", "filename",
    ]
)  # fmt: skip
LIKELY = st.recursive(
    ANYTHING | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, LIKELY, max_size=6)


@settings(max_examples=80, deadline=None)
@given(
    input=st.text(max_size=4) | st.lists(OBJECTS, max_size=4) | LIKELY,
    more=st.fixed_dictionaries(
        {},
        optional={
            "tools": st.lists(OBJECTS, max_size=3),
            "tool_choice": LIKELY,
            "text": OBJECTS | LIKELY,
            "reasoning": OBJECTS,
            "include": LIKELY,
            "instructions": LIKELY,
            "metadata": OBJECTS,
        },
    ),
)
def test_any_request_for_a_response_is_understood_or_refused(input: Any, more: dict[str, Any]) -> None:  # noqa: A002
    try:
        asked = read_responses_request(json.dumps({"model": "m", "input": input, **more}).encode())
    except InvalidInput as refused:
        assert refused.message
    else:
        assert all(isinstance(message.text(), str) for message in asked.request.messages)


@settings(max_examples=40, deadline=None)
@given(
    prompt=LIKELY,
    more=st.dictionaries(
        st.sampled_from(["n", "best_of", "suffix", "logprobs", "echo", "stop", "stream"]), LIKELY, max_size=3
    ),
)
def test_any_completion_request_is_understood_or_refused(prompt: Any, more: dict[str, Any]) -> None:
    try:
        read_completion_request(json.dumps({"model": "m", "prompt": prompt, **more}).encode())
    except InvalidInput as refused:
        assert refused.message

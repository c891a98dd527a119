"""The first words of an input or output, whatever its shape."""

from __future__ import annotations

import pytest

from quarterdeck.observability.previews import preview
from quarterdeck.runtime.tracing import Attribute


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("  two\n lines ", "two lines"),
        ([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}], "Hello?"),
        ([{"role": "user", "content": [{"type": "text", "text": "Look:"}, {"type": "image_url"}]}], "Look:"),
        ([{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}], "Hi"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "Hi"),
        ({"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}}]}, "Hello"),
        ([{"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}], '[{"role":"assistant"'),
        ({"query": "leave days"}, "leave days"),
        ({"id": 1, "score": 0.5}, '{"id":1,"score":0.5}'),
        (["one", "two"], "one two"),
        (42, "42"),
        (True, "true"),
        ({}, ""),
    ],
)
def test_the_words_of_an_input_are_found_in_every_shape(value: Attribute, expected: str) -> None:
    assert preview(value).startswith(expected)
    assert bool(preview(value)) == bool(expected)


def test_a_preview_is_short_and_made_quickly_of_something_huge() -> None:
    assert preview("word " * 1_000_000) == ("word " * 40)[:200]


def test_endless_nesting_ends() -> None:
    nested: Attribute = "deep"
    for _ in range(500):
        nested = {"content": nested}

    assert len(preview(nested)) == 200

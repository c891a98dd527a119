"""What counts as the first token of an answer."""

from __future__ import annotations

from quarterdeck.gateway.conversation import FinishPiece, PassagesPiece, TextPiece, ToolCallPiece, is_token


def test_words_and_tool_calls_are_tokens_and_passages_and_the_end_are_not() -> None:
    tokens = [is_token(TextPiece("Yes")), is_token(ToolCallPiece(0, "call_1", "look_up"))]
    others = [is_token(PassagesPiece([])), is_token(FinishPiece())]

    assert tokens == [True, True]
    assert others == [False, False]

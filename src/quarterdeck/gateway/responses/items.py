"""Reads the items of a conversation in the words of the Responses API into messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.conversation import Message
from quarterdeck.gateway.outcome import signed
from quarterdeck.gateway.responses.request import Json, Strange
from quarterdeck.gateway.responses.sealed import unseal
from quarterdeck.gateway.responses.tools import flat_name


class Transcript:
    """Messages in the making: the items of one turn of the assistant become one message."""

    def __init__(self, strange: Strange) -> None:
        self._strange = strange
        self._system: list[str] = []
        self._messages: list[Message] = []
        self._turn: Message | None = None
        """The assistant's, still open."""
        self._signatures: dict[str, str] = {}
        self._shown: list[Json] = []
        """What tools showed beside words: said by the person after them, because a tool's message carries only words."""

    def instruct(self, words: str | None) -> None:
        """Say something that stands before everything."""
        if words:
            self._system.append(words)

    def read(self, given: str | list[Json] | None) -> None:
        """All items, or the one text."""
        if isinstance(given, str):
            self._say(Message("user", given))
        else:
            for item in given or ():
                self._item(item)

    def messages(self) -> list[Message]:
        """All that was said."""
        self._end_turn()
        self._show()
        # One text before all others, because many servers take no more than that.
        return [Message("system", "\n\n".join(self._system)), *self._messages] if self._system else self._messages

    def _item(self, item: Json) -> None:
        kind = item.get("type") or ("message" if "role" in item else None)
        if kind not in ("function_call_output", "custom_tool_call_output"):
            self._show()
        match kind:
            case "message":
                self._message(item)
            case "reasoning":
                self._think(item)
            case "function_call":
                self._call(item, str(item.get("arguments") or "{}"))
            case "custom_tool_call":
                self._call(item, msgspec.json.encode({"input": item.get("input") or ""}).decode())
            case "function_call_output" | "custom_tool_call_output":
                self._result(item)
            case None:
                raise InvalidInput("An item of `input` has a `type`, or is a message with a `role`.", param="input")
            case _:
                self._strange.note(f"An input item of type `{kind}`")

    def _message(self, item: Json) -> None:
        role, content = item.get("role"), item.get("content")
        match role:
            case "assistant":
                self._answer(_words(content))
            case "system" | "developer":
                words = _words(content)
                if self._messages or self._turn is not None:
                    self._say(Message("system", words))
                elif words:
                    self._system.append(words)
            case "user":
                self._say(Message("user", self._content(content)))
            case _:
                raise InvalidInput(
                    f"A message has the role `{role}`. There are `user`, `assistant`, `system` and `developer`.",
                    param="input",
                )

    def _say(self, message: Message) -> None:
        self._end_turn()
        self._messages.append(message)

    def _show(self) -> None:
        if self._shown:
            self._messages.append(Message("user", self._shown))
            self._shown = []

    def _end_turn(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None and (turn.content or turn.tool_calls):
            if turn.content == "" and turn.tool_calls:
                turn.content = None
            self._messages.append(turn)

    def _open_turn(self) -> Message:
        if self._turn is None:
            self._turn = Message("assistant", "")
        return self._turn

    def _answer(self, words: str) -> None:
        turn = self._open_turn()
        if turn.content and not turn.tool_calls:
            self._end_turn()
            turn = self._open_turn()
        turn.content = f"{turn.content}{words}"

    def _think(self, item: Json) -> None:
        turn = self._open_turn()
        if turn.tool_calls:
            self._end_turn()
            turn = self._open_turn()
        thoughts = unseal(item.get("encrypted_content"))
        if thoughts is not None:
            self._signatures |= thoughts.signatures
            if thoughts.blocks:
                turn.thinking_blocks = [*(turn.thinking_blocks or ()), *thoughts.blocks]
        elif item.get("encrypted_content"):
            self._strange.leave_out("reasoning.encrypted_content")
        words = _words(item.get("content") or item.get("summary") or "")
        if words:
            turn.reasoning_content = (turn.reasoning_content or "") + words

    def _call(self, item: Json, arguments: str) -> None:
        turn = self._open_turn()
        call_id = str(item.get("call_id") or item.get("id") or "")
        name = flat_name(str(item.get("name") or ""), item.get("namespace"))
        call: Json = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        if call_id in self._signatures:
            call |= signed(self._signatures[call_id])
        turn.tool_calls = [*(turn.tool_calls or ()), call]

    def _result(self, item: Json) -> None:
        self._end_turn()
        output = item.get("output")
        if isinstance(output, list):
            parts = [part for one in output for part in self._part(one)]
            words = "\n".join(part["text"] for part in parts if part["type"] == "text")
            self._shown += [part for part in parts if part["type"] != "text"]
        else:
            words = output if isinstance(output, str) else msgspec.json.encode(output).decode()
        self._messages.append(Message("tool", words, tool_call_id=str(item.get("call_id") or "")))

    def _content(self, content: Any) -> str | list[Json]:  # Any: JSON of the client's
        if not isinstance(content, list):
            return str(content or "")
        parts = [part for one in content for part in self._part(one)]
        if all(part["type"] == "text" for part in parts):
            return "\n".join(part["text"] for part in parts)
        return parts

    def _part(self, part: Json) -> Iterator[Json]:
        match part:
            case {"type": "input_text" | "output_text" | "text" | "summary_text", "text": str(text)}:
                yield {"type": "text", "text": text}
            case {"type": "refusal", "refusal": str(text)}:
                yield {"type": "text", "text": text}
            case {"type": "input_image", "image_url": str(url)}:
                detail = {"detail": part["detail"]} if part.get("detail") in ("low", "high", "auto") else {}
                yield {"type": "image_url", "image_url": {"url": url, **detail}}
            case {"type": "input_file", "file_data": str(data)}:
                yield {"type": "file", "file": {"filename": str(part.get("filename") or "file"), "file_data": data}}
            case {"type": "input_audio", "input_audio": dict(audio)}:
                yield {"type": "input_audio", "input_audio": audio}
            case {"type": "input_image" | "input_file" as kind}:
                self._strange.note(f"An `{kind}` that only names a file")
            case _:
                kind = part.get("type") if isinstance(part, dict) else part
                self._strange.note(f"A content part of type `{kind}`")


def _words(content: Any) -> str:  # Any: JSON of the client's
    if isinstance(content, list):
        said = (part.get("text") or part.get("refusal") for part in content if isinstance(part, dict))
        return "\n".join(str(words) for words in said if words)
    return str(content or "")

"""What several dialects need to know of a request's parts: data URLs, tool arguments, and who called which tool."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.unreadable import UNREADABLE
from quarterdeck.gateway.conversation import Message

Json = dict[str, Any]  # Any: JSON, and content parts belong to the client

_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)(?:;[\w=.+-]+)*?;base64,(?P<data>.*)", re.DOTALL)


class Media(NamedTuple):
    """An image, a sound or a document: its bytes in base64, or where it lies."""

    type: str
    """`image/png`; empty when only the URL is known."""
    data: str = ""
    url: str = ""
    name: str = ""


def media_of(part: Json) -> Media | None:
    """What an OpenAI content part carries besides text; None for parts that carry text."""
    match part:
        case {"type": "image_url", "image_url": {"url": str(url)}} | {"type": "image_url", "image_url": str(url)}:
            return _media(url)
        case {"type": "file", "file": {"file_data": str(data), **more}}:
            return _media(data)._replace(name=str(more.get("filename") or ""))
        case {"type": "input_audio", "input_audio": {"data": str(data), **more}}:
            return Media(f"audio/{more.get('format') or 'wav'}", data)
    return None


def text_of(part: Json) -> str | None:
    """The words of a part; None for parts that carry something else."""
    if part.get("type") in ("text", "refusal"):
        return str(part.get("text") or part.get("refusal") or "")
    return None


def not_sent(part: Json, provider: str, takes: str) -> InvalidInput:
    """What to say of a part that a provider has no place for."""
    return InvalidInput(
        f"A content part of type `{part.get('type')}` cannot be sent to {provider}. It takes {takes}.", param="messages"
    )


def tool_arguments(call: Json) -> Json:
    """The arguments of a tool call, as the object that they are."""
    text = (call.get("function") or {}).get("arguments") or "{}"
    try:
        found = msgspec.json.decode(text)
    except UNREADABLE as error:
        raise InvalidInput(
            f"The `arguments` of a tool call are not valid JSON: {text[:100]}", param="messages"
        ) from error
    if not isinstance(found, dict):
        raise InvalidInput("The `arguments` of a tool call are not a JSON object.", param="messages")
    return found


def tool_function(tool: Json, provider: str) -> Json:
    """The function of a tool definition."""
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, dict) or "name" not in function:
        raise InvalidInput(f"Only tools of type `function`, with a name, can be sent to {provider}.", param="tools")
    return function


def tool_names(messages: Sequence[Message]) -> dict[str, str]:
    """Which tool each call id belongs to: a result names only the id."""
    return {
        str(call.get("id")): str((call.get("function") or {}).get("name") or "")
        for message in messages
        for call in message.tool_calls or ()
    }


def is_system(message: Message) -> bool:
    """Whether a message is an instruction and not a turn of the conversation."""
    return message.role in ("system", "developer")


def alternating_turns(
    messages: Sequence[Message], content_of: Callable[[Message], Iterable[Json]], provider: str
) -> list[Json]:
    """Turns of user and assistant, alternating: what several messages in a row say is put together in one."""
    turns: list[Json] = []
    for message in messages:
        if is_system(message):
            continue
        role = "assistant" if message.role == "assistant" else "user"
        content = list(content_of(message))
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += content
        elif content:
            turns.append({"role": role, "content": content})
    if not turns:
        raise InvalidInput(f"{provider} needs at least one message that is not a system message.", param="messages")
    return turns


def stop_words(stop: str | list[str] | None) -> list[str]:
    """`stop`, always as a list."""
    return [stop] if isinstance(stop, str) else list(stop or ())


def _media(url: str) -> Media:
    data = _DATA_URL.fullmatch(url)
    if data is not None:
        return Media(data["type"], data["data"])
    if url.startswith(("http://", "https://", "gs://", "s3://")):
        return Media("", url=url)
    raise InvalidInput("An image or file is an `https:` URL or a `data:…;base64,` URL.", param="messages")

"""Turns a request body into a typed request, once, or says where it is broken."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, TypeVar

import msgspec

from quarterdeck.core.errors import InvalidInput, MalformedBody
from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.wishes import RequestWishes

R = TypeVar("R", bound=msgspec.Struct)


class EmbeddingRequest(RequestWishes):
    """The fields of an embedding request that we understand."""

    model: str
    input: str | list[str | int | list[int]]
    encoding_format: str | None = None
    dimensions: int | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None  # Any: clients put what they like here


_CHAT = msgspec.json.Decoder(ChatRequest)
_EMBEDDING = msgspec.json.Decoder(EmbeddingRequest)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def parse_chat(body: bytes) -> ChatRequest:
    """A chat request; a field that is missing or of the wrong type is named."""
    request = parse(body, _CHAT)
    if not request.messages and not request.model.startswith("prompt:"):
        raise InvalidInput("`messages` is empty. Send at least one message.", param="messages")
    return request


def parse_embedding(body: bytes) -> EmbeddingRequest:
    """An embedding request."""
    request = parse(body, _EMBEDDING)
    if not request.input:
        raise InvalidInput("`input` is empty. Send a text, or a list of texts.", param="input")
    return request


def without_fields(body: bytes, names: Collection[str]) -> bytes:
    """The same JSON object without some of its top-level fields."""
    return msgspec.json.encode({name: value for name, value in _FIELDS.decode(body).items() if name not in names})


def with_fields(body: bytes, **changes: object) -> bytes:
    """The same JSON object with some top-level fields set. All other values keep their very bytes; none is rebuilt."""
    fields: dict[str, object] = {**_FIELDS.decode(body), **changes}
    return msgspec.json.encode(fields)


def parse(body: bytes, decoder: msgspec.json.Decoder[R]) -> R:
    """A body of one kind, or where it is broken."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _wrong_field(str(error)) from error
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body is not UTF-8 text: {error.reason}.") from error
    except RecursionError as error:
        raise MalformedBody("The body is nested too deeply.") from error
    except msgspec.DecodeError as error:
        raise _broken_json(body, str(error)) from error


def _wrong_field(said: str) -> InvalidInput:
    reason, _, path = said.partition(" - at `$")
    field = path.rstrip("`").lstrip(".") or None
    missing = re.search(r"missing required field `(\w+)`", reason)
    if missing is not None:
        name = f"{field}.{missing[1]}" if field else missing[1]
        return InvalidInput(f"`{name}` is missing.", param=name)
    return InvalidInput(f"{f'`{field}`' if field else 'The body'} is not right: {reason.lower()}.", param=field)


def _broken_json(body: bytes, said: str) -> MalformedBody:
    if not body.strip():
        return MalformedBody("The body is empty. Send a JSON object.")
    position = re.search(r"\(byte (\d+)\)", said)
    offset = int(position[1]) if position else len(body)
    reason = said.removeprefix("JSON is malformed: ").partition(" (byte")[0]
    if position is None:
        reason = "it ends too early"
    before = body[:offset]
    line = before.count(b"\n") + 1
    column = len(before.rpartition(b"\n")[2].decode(errors="replace")) + 1
    return MalformedBody(f"The body is not valid JSON: {reason}, at line {line}, column {column} (byte {offset}).")

"""A prompt called like a model: `model="prompt:NAME@label"` is filled in here, and the model that it names is called."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.dialect import Asked, Dialect
from quarterdeck.gateway.envelope import Envelope
from quarterdeck.gateway.parsing import with_fields
from quarterdeck.prompts import rendering
from quarterdeck.prompts.live_prompts import LivePrompts
from quarterdeck.prompts.records import PromptVersion
from quarterdeck.runtime.work import Work

PREFIX = "prompt:"


def with_prompt(work: Work, dialect: Dialect, path: str, asked: Asked, envelope: Envelope) -> tuple[Asked, Envelope]:
    """The request with the prompt filled in, and an envelope that says which version it was."""
    request = asked.request
    prompt = work.part(LivePrompts).find(work.project_id, request.model.removeprefix(PREFIX))
    model = envelope.model or prompt.model
    if model is None:
        raise InvalidInput(
            f"The prompt `{prompt.name}` version {prompt.version} names no model. Add one to the prompt, or send "
            "`x-quarterdeck-model`.",
            param="model",
        )
    filled = _filled(prompt, request, envelope)
    messages: object = msgspec.to_builtins(filled)
    changes: dict[str, object] = {"model": model, "messages": messages}
    changes |= {name: value for name, value in prompt.parameters.items() if not _says(request, name)}
    envelope = replace(envelope, prompt=f"{prompt.name}@{prompt.version}")
    if dialect.name == "openai-chat":
        return dialect.read_again(path, asked, with_fields(asked.body, **changes)), envelope
    # The body of another dialect cannot take our messages: it goes on in ours, and is translated like any other.
    ours: ChatRequest = msgspec.convert({**msgspec.to_builtins(request), **changes}, type(request))
    return replace(asked, body=msgspec.json.encode(ours), request=ours, rewritten=True), envelope


def _filled(prompt: PromptVersion, request: ChatRequest, envelope: Envelope) -> list[Message]:
    """The prompt's own words first; its part for the user, if it has one, stands in place of the last question."""
    asked = [number for number, message in enumerate(request.messages) if message.role == "user"]
    question = request.messages[asked[-1]].text() if asked else ""
    values = {"question": question, **envelope.metadata, **envelope.prompt_variables}
    rendered = rendering.render(prompt.template, values)
    messages = list(request.messages)
    if rendered.user is not None:
        message = Message("user", rendered.user)
        messages = [*messages[: asked[-1]], message, *messages[asked[-1] + 1 :]] if asked else [*messages, message]
    if rendered.system:
        messages = [Message("system", rendered.system), *messages]
    if not messages:
        raise InvalidInput("The prompt fills in to nothing, and there is no message beside it.", param="messages")
    return messages


def _says(request: ChatRequest, name: str) -> bool:
    """Whether the request says something about a parameter itself."""
    if name == "max_tokens" and request.max_completion_tokens is not None:
        return True
    return getattr(request, name) is not None

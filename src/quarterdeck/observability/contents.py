"""What went into a received span and what came out: messages, texts, arguments, documents, wherever its maker put them."""

from __future__ import annotations

from quarterdeck.observability import flattened
from quarterdeck.observability.naming import Named, parsed
from quarterdeck.observability.received import ReceivedSpan
from quarterdeck.runtime.tracing import Attribute

_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}


def input_of(received: ReceivedSpan, named: Named) -> Attribute:
    """What was asked; None when it was not captured, which is the default of most instrumentations."""
    attributes = received.attributes
    return _first(
        named.parsed("langfuse.observation.input", "mlflow.spanInputs"),
        _current_input(named),
        flattened.items(attributes, "llm.input_messages", inside="message"),
        flattened.items(attributes, "embedding.embeddings", inside="embedding"),
        named.parsed("input.value"),
        flattened.items(attributes, "gen_ai.prompt"),
        named.parsed("gen_ai.prompt", "llm.prompts"),
        _messages_of_events(received),
        _in_event(received, "gen_ai.content.prompt", "gen_ai.prompt"),
        named.parsed(
            "gen_ai.tool.call.arguments",
            "gen_ai.retrieval.query.text",
            "traceloop.entity.input",
            "langfuse.trace.input",
            "ai.prompt.messages",
            "ai.prompt",
            "ai.toolCall.args",
            "ai.value",
            "tool_arguments",
            "request_data",
        ),
    )


def output_of(received: ReceivedSpan, named: Named) -> Attribute:
    """What was answered; None when it was not captured."""
    attributes = received.attributes
    return _first(
        named.parsed("langfuse.observation.output", "mlflow.spanOutputs"),
        named.parsed("gen_ai.output.messages"),
        flattened.items(attributes, "llm.output_messages", inside="message"),
        flattened.items(attributes, "retrieval.documents", inside="document"),
        named.parsed("output.value"),
        flattened.items(attributes, "gen_ai.completion"),
        named.parsed("gen_ai.completion"),
        _choices_of_events(received),
        _in_event(received, "gen_ai.content.completion", "gen_ai.completion"),
        named.parsed(
            "gen_ai.tool.call.result",
            "gen_ai.retrieval.documents",
            "traceloop.entity.output",
            "langfuse.trace.output",
            "ai.response.text",
            "ai.response.object",
            "ai.response.toolCalls",
            "ai.toolCall.result",
            "final_result",
            "tool_response",
            "pydantic_ai.all_messages",
        ),
    )


def _first(*values: Attribute) -> Attribute:
    return next((value for value in values if value is not None), None)


def _current_input(named: Named) -> Attribute:
    """Messages, with the instructions that OpenTelemetry keeps apart put before them."""
    messages = named.parsed("gen_ai.input.messages")
    instructions = named.parsed("gen_ai.system_instructions")
    if instructions is None:
        return messages
    system: Attribute = {"role": "system", ("parts" if isinstance(instructions, list) else "content"): instructions}
    return [system, *(messages if isinstance(messages, list) else [messages] if messages is not None else [])]


def _messages_of_events(received: ReceivedSpan) -> Attribute:
    messages: list[Attribute] = [
        {"role": _ROLES[event.name], **{name: parsed(value) for name, value in event.attributes.items()}}
        for event in received.events
        if event.name in _ROLES
    ]
    return messages or None


def _choices_of_events(received: ReceivedSpan) -> Attribute:
    choices: list[Attribute] = []
    for event in received.events:
        if event.name == "gen_ai.choice":
            message = parsed(event.attributes.get("message"))
            choices.append(message if isinstance(message, dict) else dict(event.attributes))
    return choices or None


def _in_event(received: ReceivedSpan, event_name: str, attribute: str) -> Attribute:
    return next(
        (parsed(event.attributes.get(attribute)) for event in received.events if event.name == event_name), None
    )

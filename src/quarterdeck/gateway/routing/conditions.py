"""Whether a request is one that a target is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from quarterdeck.gateway.conversation import ChatRequest
from quarterdeck.gateway.routing.records import Condition, Feature
from quarterdeck.gateway.routing.strategy import Question


def holds(condition: Condition | None, question: Question) -> bool:
    """Whether everything that a condition says holds for a request."""
    if condition is None:
        return True
    envelope, actor = question.envelope, question.work.actor
    return (
        _one_of(condition.tags, *envelope.tags)
        and all(envelope.metadata.get(name) == value for name, value in condition.metadata.items())
        and _one_of(condition.keys, actor.id, actor.name)
        and _one_of(condition.users, envelope.user_id)
        and _one_of(condition.environments, envelope.environment)
        and (condition.least_input_tokens is None or question.input_tokens >= condition.least_input_tokens)
        and (condition.most_input_tokens is None or question.input_tokens <= condition.most_input_tokens)
        and (not condition.uses or any(uses(question.request, feature) for feature in condition.uses))
        and not any(uses(question.request, feature) for feature in condition.uses_none_of)
    )


def uses(request: ChatRequest | None, feature: Feature) -> bool:
    """Whether a request uses something that not every model can."""
    return request is not None and _USES[feature](request)


def _one_of(wanted: tuple[str, ...], *there: str | None) -> bool:
    return not wanted or any(one in wanted for one in there)


def _has_part(*kinds: str) -> Callable[[ChatRequest], bool]:
    def looks(request: ChatRequest) -> bool:
        return any(
            str(part.get("type")) in kinds
            for message in request.messages
            if isinstance(message.content, list)
            for part in message.content
        )

    return looks


_USES: Mapping[Feature, Callable[[ChatRequest], bool]] = {
    "tools": lambda request: bool(request.tools),
    "images": _has_part("image_url", "input_image", "image"),
    "audio": _has_part("input_audio"),
    "files": _has_part("file", "input_file", "document"),
    "json": lambda request: request.response_format is not None and "json" in str(request.response_format.get("type")),
    "reasoning": lambda request: request.reasoning_effort is not None or request.thinking is not None,
    "stream": lambda request: bool(request.stream),
}

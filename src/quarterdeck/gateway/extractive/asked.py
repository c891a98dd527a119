"""Finds the question and the passages in a chat request, however the client has put them there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.conversation import ChatRequest, SourceDocument
from quarterdeck.gateway.extractive.follow_up import with_context

_LONG_MESSAGE = 400
_PASSAGE = re.compile(r"<(passage|document|context|source)\b[^>]*>\n?(.*?)</\1>", re.DOTALL | re.IGNORECASE)
_CONTEXT_LABEL = re.compile(
    r"^(?:context|passages|documents|sources|background)\s*:[ \t]*\n?", re.IGNORECASE | re.MULTILINE
)
_QUESTION_LABEL = re.compile(r"^(?:question|query|user question|q)\s*:\s*", re.IGNORECASE | re.MULTILINE)


def question_and_passages(request: ChatRequest) -> tuple[str, list[SourceDocument]]:
    """The last user message, and `documents`; without these, the texts that stand around the question."""
    users = [message for message in request.messages if message.role == "user" and message.text().strip()]
    if not users:
        raise InvalidInput("`messages` has no user message with a text. Ask something.", param="messages")
    last = users[-1].text()
    if request.documents:
        return with_context(request.messages), list(request.documents)
    question, around = _question_in(last)
    texts = [message.text() for message in request.messages if message is not users[-1]]
    return question, list(_documents([*texts, around]))


def _question_in(message: str) -> tuple[str, str]:
    """A long message carries its context: the question is what is labelled so, or its last paragraph."""
    labelled = list(_QUESTION_LABEL.finditer(message))
    if labelled:
        label = labelled[-1]
        question, _, rest = message[label.end() :].partition("\n\n")
        if question.strip():
            return question.strip(), f"{message[: label.start()]}\n\n{rest}"
    if len(message) <= _LONG_MESSAGE:
        return message, ""
    paragraphs = [part for part in re.split(r"\n\s*\n", message.strip()) if part.strip()]
    if len(paragraphs) == 1:
        return message, ""
    place = len(paragraphs) - 1 if "?" in paragraphs[-1] or "?" not in paragraphs[0] else 0
    return paragraphs[place], "\n\n".join(part for number, part in enumerate(paragraphs) if number != place)


def _documents(texts: list[str]) -> Iterator[SourceDocument]:
    """Each marked passage is a document; of texts without marks, each whole text is one."""
    number = 0
    for text in texts:
        text = _CONTEXT_LABEL.sub("", text)
        marked = [match.group(2) for match in _PASSAGE.finditer(text)]
        for part in marked or [text]:
            if part.strip():
                number += 1
                yield SourceDocument(id=str(number), text=part)

"""What is sent to the model: the release's prompt filled with passages, after the conversation so far."""

from __future__ import annotations

from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.orchestration.asking import LOCAL_MODEL
from quarterdeck.orchestration.passages import Found
from quarterdeck.orchestration.recipe import Recipe
from quarterdeck.prompts import rendering
from quarterdeck.runtime.work import Work

_MOST_HISTORY = 8


def fill(
    work: Work, recipe: Recipe, request: ChatRequest, found: Found, shown: Found
) -> tuple[ChatRequest, ChatRequest]:
    """The request for the release's model, and the one for `local/extractive`, which takes passages without a prompt.

    A model reads the passages as they are `shown`, `local/extractive` as they were `found`: it needs no saving.

    A system message of the client is left out: what the model is told is part of the release.
    """
    conversation = [message for message in request.messages if message.role in ("user", "assistant")]
    while conversation[-1].role != "user":
        conversation.pop()
    *before, last = conversation[-_MOST_HISTORY - 1 :]
    to_local = ChatRequest(model=LOCAL_MODEL, messages=[*before, last], stream=True, documents=found.documents())
    with work.span(f"prompt {recipe.prompt.name}", "prompt") as span:
        rendered = rendering.render(recipe.prompt.template, _values(recipe, last.text(), shown))
        messages = [
            Message("system", rendered.system),
            *before,
            last if rendered.user is None else Message("user", rendered.user),
        ]
        span.put(input=recipe.prompt.template, output="\n\n".join([rendered.system, messages[-1].text()]))
        span.attributes |= {
            "gen_ai.prompt.name": recipe.prompt.name,
            "gen_ai.prompt.version": str(recipe.prompt.version),
            "quarterdeck.prompt.sha256": recipe.prompt.sha256,
            "quarterdeck.prompt.sent": recipe.model != LOCAL_MODEL,
        }
    if recipe.model == LOCAL_MODEL:
        return to_local, to_local
    to_model = ChatRequest(
        model=recipe.model,
        messages=messages,
        stream=True,
        temperature=recipe.parameters.temperature,
        max_tokens=request.max_completion_tokens or request.max_tokens or recipe.parameters.max_tokens,
        user=request.user,
        documents=shown.documents(),
    )
    return to_model, to_local


def _values(recipe: Recipe, question: str, found: Found) -> dict[str, object]:
    return {
        "app": {"name": recipe.app.name, "description": recipe.app.description},
        "knowledge": recipe.knowledge,
        "question": question,
        "passages": [
            {
                "n": n,
                "title": hit.title,
                "headings": hit.heading_path,
                "path": hit.path,
                "source": " › ".join([hit.title, *hit.heading_path]).replace('"', "'"),
                # A passage must not be able to end itself and go on as an instruction.
                "text": hit.text.replace("</passage", "< /passage"),
            }
            for n, hit in enumerate(found.hits, start=1)
            if hit.text
        ],
    }

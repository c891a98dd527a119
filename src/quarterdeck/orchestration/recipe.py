"""A release with its members at hand: all it takes to answer, read once when the release goes live."""

from __future__ import annotations

from dataclasses import dataclass

from quarterdeck.orchestration import parameters
from quarterdeck.orchestration.records import App, Parameters, Release
from quarterdeck.prompts import store as prompt_store
from quarterdeck.prompts.records import PromptVersion
from quarterdeck.runtime.runtime import Runtime


@dataclass(frozen=True)
class Recipe:
    """What an app answers by."""

    app: App
    release: Release
    prompt: PromptVersion
    model: str
    knowledge: str
    index_id: str
    parameters: Parameters

    @property
    def declined(self) -> str:
        """What the app says when the documents do not answer."""
        return f"I could not find an answer to this in “{self.knowledge}”."


async def recipe_of(runtime: Runtime, project_id: str, app: App, release: Release) -> Recipe:
    """A release with its members at hand."""
    prompt, model, index = (release.member("prompt"), release.member("model"), release.member("index"))
    version = await prompt_store.version(runtime.database, project_id, prompt.name, prompt.version)
    if version is None:
        raise LookupError(f"the prompt {prompt.name} has no version {prompt.version}")
    return Recipe(
        app=app,
        release=release,
        prompt=version,
        model=str(model.content["model"]),
        knowledge=index.name,
        index_id=str(index.content["index_id"]),
        parameters=parameters.from_content(release.member("parameters").content),
    )

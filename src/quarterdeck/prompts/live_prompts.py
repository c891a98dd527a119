"""The prompts of all projects as the gateway asks for them: a snapshot in memory, reloaded when one changes."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from quarterdeck.core.errors import NotFound
from quarterdeck.prompts import store
from quarterdeck.prompts.records import PromptsChanged, PromptVersion
from quarterdeck.runtime.runtime import Runtime

DEFAULT_LABEL = "production"


class PromptNotFound(NotFound):
    """No prompt, or no version of it, has this name."""


class LivePrompts:
    """Answers "which wording is `greeting@production`?" from memory."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._versions: Mapping[tuple[str, str], list[PromptVersion]] = {}
        self._labels: Mapping[tuple[str, str], dict[str, int]] = {}

    async def reload(self, _event: PromptsChanged | None = None) -> None:
        """Take a new snapshot."""
        versions: dict[tuple[str, str], list[PromptVersion]] = {}
        labels: dict[tuple[str, str], dict[str, int]] = {}
        found, named = await store.everything(self._runtime.database)
        for project_id, version in found:
            versions.setdefault((project_id, version.name), []).append(version)
        for project_id, name, label, number in named:
            labels.setdefault((project_id, name), {})[label] = number
        self._versions, self._labels = versions, labels

    def find(self, project_id: str, reference: str) -> PromptVersion:
        """`NAME`, `NAME@production`, `NAME@latest`, `NAME@v3` or `NAME@3`. A bare name means `production`, else the newest."""
        name, _, wanted = reference.partition("@")
        versions = self._versions.get((project_id, name))
        if versions is None:
            raise self._unknown(project_id, name)
        labels = self._labels.get((project_id, name), {})
        number = labels.get(wanted or DEFAULT_LABEL)
        if number is None and wanted in ("", "latest"):
            number = len(versions)
        if number is None and wanted.removeprefix("v").isdecimal():
            number = int(wanted.removeprefix("v"))
        # Versions count up from 1 without gaps.
        if number is None or not 1 <= number <= len(versions):
            there = ", ".join(f"`{label}`" for label in ["latest", *sorted(labels)])
            raise PromptNotFound(
                f"The prompt `{name}` has no `{wanted}`. There are {there}, and versions 1 to {len(versions)}.",
                param="model",
            )
        return versions[number - 1]

    def names(self, project_id: str) -> list[str]:
        """The prompts of a project."""
        return sorted(name for project, name in self._versions if project == project_id)

    def _unknown(self, project_id: str, name: str) -> PromptNotFound:
        known = self.names(project_id)
        close = get_close_matches(name, known, n=1)
        hint = f" Did you mean `{close[0]}`?" if close else f" There are: {known[:12]}."
        return PromptNotFound(f"No prompt is called `{name}`.{hint}", param="model")

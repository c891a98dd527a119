"""Declared prompts: a new wording becomes the next version, and the labels move to it."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.declared.section import Fields, Section, Standing, without
from quarterdeck.prompts import library
from quarterdeck.prompts.records import PromptsChanged
from quarterdeck.runtime.work import Work


class Prompts(Section):
    """The newest version of each prompt, by name."""

    key = "prompts"
    kind = "prompt"
    changed = PromptsChanged
    owned = False

    async def live(self, work: Work) -> dict[str, Standing]:
        found = {}
        for prompt in (await library.all_prompts(work)).items:
            newest = prompt.newest
            labels = sorted(one.label for one in prompt.labels if one.version == newest.version)
            found[prompt.name] = Standing(
                "ui",
                {
                    "template": newest.template,
                    "model": newest.model,
                    "parameters": dict(newest.parameters),
                    "labels": labels,
                },
            )
        return found

    async def wanted(
        self, work: Work, declared: Mapping[str, Fields], live: Mapping[str, Standing]
    ) -> dict[str, Fields]:
        found = {}
        for name, fields in declared.items():
            there = set(live[name].fields["labels"]) if name in live else set()
            # Labels beside those that are declared stay where people have put them.
            found[name] = {**without(fields, "note"), "labels": sorted(there.union(fields["labels"]))}
        return found

    async def put(self, work: Work, name: str, fields: Fields, *, owner: str) -> str | None:
        made = await library.add_version(
            work,
            name,
            fields["template"],
            note=fields["note"],
            model=fields["model"],
            parameters=fields["parameters"],
        )
        for label in fields["labels"]:
            await library.move_label(work, name, label, made.version)
        return None

    async def remove(self, work: Work, name: str, *, owner: str) -> None:
        """Versions stay for ever: nothing is taken away."""

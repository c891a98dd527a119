"""Makes live what is declared: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from quarterdeck.access import projects
from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.core.ownership import of_file
from quarterdeck.declared.document import Declaration, Sections
from quarterdeck.declared.planning import SECTIONS, SectionPlan, in_project, of_projects, of_section
from quarterdeck.declared.records import Application, Change, MadeKey
from quarterdeck.declared.sections.aliases import Aliases
from quarterdeck.runtime.work import Work


async def apply(work: Work, declaration: Declaration, *, source: str, prune: bool = False) -> Application:
    """Make live what a file declares. With `prune`, what it declared once and does not any more is taken away."""
    changes: list[Change] = []
    made_keys: list[MadeKey] = []
    unchanged = 0
    async with _as_a_whole(work):
        for name, sections in of_projects(work, declaration):
            inside = await in_project(work, name)
            if inside is None:
                await projects.create(work, name)
                changes.append(Change(name, "project", name, "create"))
                inside = await in_project(work, name)
            if inside is None:
                raise QuarterdeckError(f"The project `{name}` was made and cannot be found.")
            done = await _apply_to(inside, sections, source, prune, made_keys)
            for one in done:
                changes += [*one.changes, *one.adoptions, *(one.leftovers if prune else ())]
                unchanged += one.unchanged
    return Application(source, changes, unchanged, made_keys)


async def _apply_to(
    work: Work, sections: Sections, source: str, prune: bool, made_keys: list[MadeKey]
) -> list[SectionPlan]:
    done = []
    for section in SECTIONS:
        # Compared only now, when what it may refer to has been made.
        planned = await of_section(work, section, sections, source)
        await _put(work, planned, source, made_keys)
        done.append(planned)
    if prune:
        for planned in reversed(done):
            for change in planned.leftovers:
                with _named(change):
                    await planned.section.remove(work, change.name, owner=of_file(source))
    return done


async def _put(work: Work, planned: SectionPlan, source: str, made_keys: list[MadeKey]) -> None:
    owner = of_file(source)
    if isinstance(planned.section, Aliases):
        new = {change.name for change in planned.changes if change.verb == "create"}
        await planned.section.begin(work, planned.wanted, new, owner=owner)
    for change in (*planned.changes, *planned.adoptions):
        with _named(change):
            secret = await planned.section.put(work, change.name, planned.wanted[change.name], owner=owner)
        if secret is not None:
            made_keys.append(MadeKey(work.actor.project_name, change.name, secret))


class _named:  # noqa: N801  # read like a function: `with _named(change):`
    """Says of an error which object it is about, and that nothing was changed."""

    def __init__(self, change: Change) -> None:
        self._change = change

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, QuarterdeckError):
            what = f"The {self._change.kind} `{self._change.name}` of the project `{self._change.project}`"
            error.message = f"{what} cannot be applied, and nothing was changed: {error.message}"
            error.args = (error.message,)


@asynccontextmanager
async def _as_a_whole(work: Work) -> AsyncIterator[None]:
    try:
        async with work.runtime.database.together():
            yield
    finally:
        # What this process has in memory was read within the transaction. Now it is read as it has ended.
        for kind in dict.fromkeys(section.changed for section in SECTIONS):
            await work.runtime.events.publish(kind())

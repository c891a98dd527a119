"""Compares what is declared with what is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from quarterdeck.access import projects
from quarterdeck.core.errors import InvalidInput, NotAllowed
from quarterdeck.core.ownership import is_file, of_file, require_owner
from quarterdeck.declared import references, store
from quarterdeck.declared.document import SECRET_FIELDS, Declaration, Sections
from quarterdeck.declared.records import Change, ChangePlan, FieldChange, Verb
from quarterdeck.declared.section import Fields, Section, Standing
from quarterdeck.declared.sections.aliases import Aliases
from quarterdeck.declared.sections.guardrails import Guardrails
from quarterdeck.declared.sections.keys import Keys
from quarterdeck.declared.sections.limits import Limits
from quarterdeck.declared.sections.mcp_servers import McpServers
from quarterdeck.declared.sections.prices import SetPrices, name_of, normal
from quarterdeck.declared.sections.prompts import Prompts
from quarterdeck.declared.sections.providers import Providers
from quarterdeck.declared.sections.semantic_caches import SemanticCaches
from quarterdeck.declared.sections.teams import Teams
from quarterdeck.runtime.work import Work

# In the order in which they need each other; they are taken away the other way round.
SECTIONS: Sequence[Section] = (
    Teams(), Keys(), Providers(), McpServers(), Aliases(), SetPrices(), Guardrails(), Prompts(), Limits(), SemanticCaches(),
)  # fmt: skip
HIDDEN = "(hidden)"


@dataclass(frozen=True)
class SectionPlan:
    """What would be done in one section of one project."""

    section: Section
    wanted: Mapping[str, Fields]
    """What is declared of each object that changes or is adopted, as its verb takes it."""
    changes: Sequence[Change]
    adoptions: Sequence[Change]
    leftovers: Sequence[Change]
    unchanged: int


async def plan(work: Work, declaration: Declaration, *, source: str) -> ChangePlan:
    """What applying would do, without doing it."""
    found: list[SectionPlan] = []
    made: list[Change] = []
    for name, sections in of_projects(work, declaration):
        inside = await in_project(work, name)
        if inside is None:
            made.append(Change(name, "project", name, "create"))
            made += _all_new(name, sections)
            continue
        found += [await of_section(inside, section, sections, source) for section in SECTIONS]
    return ChangePlan(
        source=source,
        changes=[*made, *(change for one in found for change in one.changes)],
        unchanged=sum(one.unchanged for one in found),
        adoptions=[change for one in found for change in one.adoptions],
        leftovers=[change for one in found for change in one.leftovers],
    )


def of_projects(work: Work, declaration: Declaration) -> list[tuple[str, Sections]]:
    """What is declared, project by project; what stands at the top is for the project of the work."""
    mine = work.actor.project_name
    if declaration.projects and work.actor.kind == "key":
        raise NotAllowed("A key belongs to one project. Only the administrator applies `projects:`.", param="projects")
    if mine in declaration.projects:
        raise InvalidInput(
            f"`{mine}` is the project that the file is applied to: put it at the top, and not under `projects`.",
            param="projects",
        )
    top = Sections.model_construct(**{name: getattr(declaration, name) for name in Sections.model_fields})
    return [(mine, top), *declaration.projects.items()]


async def in_project(work: Work, name: str) -> Work | None:
    """The same work in another project; None when there is none of the name."""
    if name == work.actor.project_name:
        return work
    found = next((one for one in (await projects.visible(work)).items if one.name == name), None)
    return None if found is None else replace(work, actor=replace(work.actor, project_id=found.id, project_name=name))


async def of_section(work: Work, section: Section, sections: Sections, source: str) -> SectionPlan:
    """What would be done in one section of one project."""
    owner, project = of_file(source), work.actor.project_name
    live = await section.live(work)
    declared = {
        name: _resolved(fields, await _secrets(work, live, section))
        for name, fields in declared_in(sections, section).items()
    }
    wanted = await section.wanted(work, declared, live)
    names = (
        dict(zip(wanted, declared, strict=True)) if len(wanted) == len(declared) else {name: name for name in wanted}
    )
    changes: list[Change] = []
    adoptions: list[Change] = []
    for name, fields in wanted.items():
        there = live.get(name)
        if there is None:
            changes.append(Change(project, section.kind, name, "create", _new_fields(section, fields)))
            continue
        differing = _differing(section, there, fields)
        if differing:
            require_owner(f"The {section.kind} `{name}`", there.owner, owner=owner)
            changes.append(Change(project, section.kind, name, "change", differing, there.owner))
        elif section.owned and not is_file(there.owner):
            adoptions.append(Change(project, section.kind, name, "adopt", owner=there.owner))
    leftovers = [
        Change(project, section.kind, name, "remove", owner=standing.owner)
        for name, standing in live.items()
        if section.owned and standing.owner == owner and name not in wanted
    ]
    touched = {change.name for change in (*changes, *adoptions)}
    return SectionPlan(
        section=section,
        wanted={name: declared[names[name]] for name in wanted if name in touched},
        changes=changes,
        adoptions=adoptions,
        leftovers=leftovers,
        unchanged=len(wanted) - len(touched),
    )


def declared_in(sections: Sections, section: Section) -> dict[str, Fields]:
    """What a file says of one section, as JSON, by name."""
    dumped = sections.model_dump(mode="json", include={section.key})[section.key]
    if isinstance(dumped, list):
        named = [(name_of(normal(fields)), fields) for fields in dumped]
        twice = {name for name, _ in named if sum(other == name for other, _ in named) > 1}
        if twice:
            raise InvalidInput(f"The price of `{min(twice)}` is declared twice.", param=section.key)
        return dict(named)
    return dict(dumped)


async def _secrets(work: Work, live: Mapping[str, Standing], section: Section) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, standing in live.items():
        kept |= section.secrets(name, standing.fields)
    # A secret that somebody has set by this name goes before what the object has.
    return kept | await store.opened(work.runtime.database, work.runtime.vault, work.project_id)


def _resolved(value: Fields, secrets: Mapping[str, str]) -> Fields:
    return {name: _resolved_value(one, secrets) for name, one in value.items()}


def _resolved_value(value: object, secrets: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return references.resolve(value, secrets)
    if isinstance(value, dict):
        return {name: _resolved_value(one, secrets) for name, one in value.items()}
    return [_resolved_value(one, secrets) for one in value] if isinstance(value, list) else value


def _differing(section: Section, there: Standing, fields: Fields) -> list[FieldChange]:
    return [
        _shown(section, name, there.fields.get(name), value)
        for name, value in fields.items()
        if there.fields.get(name) != value
    ]


def _new_fields(section: Section, fields: Fields) -> list[FieldChange]:
    return [_shown(section, name, None, value) for name, value in fields.items() if value not in (None, [], {}, "")]


def _shown(section: Section, name: str, was: object, becomes: object) -> FieldChange:
    if name in SECRET_FIELDS.get(section.key, ()):
        return FieldChange(name, HIDDEN if was else None, HIDDEN if becomes else None)
    return FieldChange(name, was, becomes)  # type: ignore[arg-type]  # JSON both


def _all_new(project: str, sections: Sections) -> list[Change]:
    verb: Verb = "create"
    return [
        Change(project, section.kind, name, verb) for section in SECTIONS for name in declared_in(sections, section)
    ]

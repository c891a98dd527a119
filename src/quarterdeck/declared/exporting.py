"""Writes what is live as a file that would make it so: credentials as references, defaults left out."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from pydantic import TypeAdapter

from quarterdeck.access import projects
from quarterdeck.declared import references
from quarterdeck.declared.document import Declaration
from quarterdeck.declared.planning import SECTIONS, in_project
from quarterdeck.declared.section import Fields, Section
from quarterdeck.gateway.routing.records import Plan
from quarterdeck.runtime.work import Work

_PLAN = TypeAdapter(Plan)


async def export(work: Work, *, all_projects: bool = False) -> Fields:
    """A project as a file would declare it; with `all_projects`, the others below it."""
    found: Fields = {"version": 1, **await _sections(work)}
    if all_projects:
        others = [one.name for one in (await projects.visible(work)).items if one.name != work.actor.project_name]
        inside = [(name, await in_project(work, name)) for name in others]
        found["projects"] = {name: await _sections(other) for name, other in inside if other is not None}
    Declaration.model_validate(found)  # what is written can be read
    return found


async def _sections(work: Work) -> Fields:
    found: Fields = {}
    for section in SECTIONS:
        live = await section.live(work)
        objects = {name: _lean(section, _as_written(section, name, one.fields)) for name, one in sorted(live.items())}
        if objects:
            found[section.key] = list(objects.values()) if section.key == "prices" else objects
    return found


def _as_written(section: Section, name: str, given: Fields) -> Fields:
    """The fields, with nothing in them that would be taken for a reference but the references themselves."""
    referring = section.referring(name, given)
    return {field: value if value != given.get(field) else _escaped(value) for field, value in referring.items()}


def _escaped(value: Any) -> Any:  # Any: JSON
    if isinstance(value, str):
        return references.written(value)
    if isinstance(value, dict):
        return {name: _escaped(one) for name, one in value.items()}
    return [_escaped(one) for one in value] if isinstance(value, list | tuple) else value


def _lean(section: Section, given: Fields) -> Fields:
    if section.key == "routes":
        return dict(_lean_record(_PLAN.validate_python(given)))
    annotation = Declaration.model_fields[section.key].annotation
    model = annotation.__args__[-1]  # type: ignore[union-attr]  # `dict[str, X]` or `list[X]`
    lean: Fields = model.model_validate(given).model_dump(mode="json", exclude_defaults=True)
    if section.key == "prices":
        lean |= {name: given[name] for name in ("prices", "above") if lean.get(name)}  # as numbers, not as texts
    return lean


def _lean_record(record: Any) -> Any:  # Any: a frozen record of routing, or a value in one
    if is_dataclass(record) and not isinstance(record, type):
        found = {}
        for one in fields(record):
            value = getattr(record, one.name)
            default = one.default_factory() if one.default_factory is not MISSING else one.default
            if value != default:
                found[one.name] = _lean_record(value)
        return found
    if isinstance(record, list | tuple):
        return [_lean_record(one) for one in record]
    return record

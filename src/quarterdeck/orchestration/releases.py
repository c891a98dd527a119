"""Makes releases: everything that decides what an app answers, bundled under the address of its content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput, NotFound
from quarterdeck.core.hashing import Json, content_hash
from quarterdeck.core.paging import Page
from quarterdeck.gateway.application import Applications
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.orchestration import parameters as parameter_rules
from quarterdeck.orchestration import store
from quarterdeck.orchestration.default_prompt import VARIABLES
from quarterdeck.orchestration.records import Member, MemberRole, Parameters, Release
from quarterdeck.orchestration.store import AppRow
from quarterdeck.prompts import library as prompts
from quarterdeck.prompts import rendering
from quarterdeck.retrieval import library as knowledge_library
from quarterdeck.runtime.tracing import Attribute
from quarterdeck.runtime.work import Work

_ID_DIGITS = 20


async def propose(
    work: Work,
    app: AppRow,
    *,
    prompt: tuple[str, int | None] | None = None,
    model: str | None = None,
    index: tuple[str, int | None] | None = None,
    parameters: Mapping[str, object] | None = None,
    notes: str = "",
) -> Release:
    """A release of an app. What is not named is as in the live release, except the prompt and index: those are the newest."""
    history = await store.releases_of(work.runtime.database, app)
    live = next((release for release in history if release.id == app.as_app().release_id), None)
    if live is None and (prompt is None or model is None or index is None):
        raise InvalidInput(f"`{app.name}` has no live release to take the rest from. Name prompt, model and index.")
    was = {member.role: member for member in live.members} if live else {}
    chosen = parameter_rules.changed(
        parameter_rules.from_content(was["parameters"].content) if live else Parameters(), parameters or {}
    )
    members = [
        await _prompt(work, prompt or (was["prompt"].name, None)),
        _model(work, model or was["model"].name, history),
        await _index(work, index or (was["index"].name, None)),
        _numbered("parameters", app.name, parameter_rules.as_content(chosen), history),
    ]
    address = content_hash(sorted([member.role, member.name, member.sha256] for member in members))
    release = Release(
        id=f"rel_{address[:_ID_DIGITS]}",
        app=app.name,
        members=members,
        notes=notes,
        created_at=clock.iso(clock.now()),
        created_by=work.actor.name,
        live=False,
    )
    await store.add_release(work.runtime.database, app.id, release, address)
    return await get(work, app, release.id)


async def get(work: Work, app: AppRow, release_id: str) -> Release:
    """One release of an app."""
    found = await store.releases_of(work.runtime.database, app, release_id)
    if not found:
        raise NotFound(f"`{app.name}` has no release `{release_id}`.", param="release_id")
    return found[0]


async def all_releases(work: Work, app: AppRow) -> Page[Release]:
    """The releases of an app, newest first."""
    return Page(await store.releases_of(work.runtime.database, app))


async def _prompt(work: Work, wanted: tuple[str, int | None]) -> Member:
    version = await prompts.version(work, *wanted)
    unknown = rendering.check(version.template) - VARIABLES
    if unknown:
        raise InvalidInput(
            f"The prompt `{version.name}` uses {sorted(unknown)}, which apps do not have. They have {sorted(VARIABLES)}.",
            param="prompt",
        )
    return Member("prompt", version.name, version.version, version.sha256)


def _model(work: Work, model: str, history: Sequence[Release]) -> Member:
    if work.part(Applications).find(work.project_id, model) is not None:
        raise InvalidInput(f"`{model}` is an app. An app answers with a model of a provider.", param="model")
    route = work.part(Catalogue).route(work.project_id, model)
    return _numbered("model", route.id, {"model": route.id}, history)


async def _index(work: Work, wanted: tuple[str, int | None]) -> Member:
    name, version = wanted
    if version is None:
        index = await knowledge_library.index(work, name)
        return Member("index", name, index.version, index.sha256, {"index_id": index.id})
    detail = await knowledge_library.knowledge(work, name)
    index_id = next((one.index_id for one in detail.versions if one.version == version), None)
    if index_id is None:
        raise NotFound(f"`{name}` has no version {version}.", param="index")
    index = await knowledge_library.index(work, name, index_id)
    return Member("index", name, index.version, index.sha256, {"index_id": index.id})


def _numbered(role: MemberRole, name: str, content: dict[str, Json], history: Sequence[Release]) -> Member:
    """A member that the release itself keeps: numbered by the contents that this app has had before."""
    address = content_hash(content)
    earlier = [release.member(role) for release in reversed(history)]
    for member in earlier:
        if (member.name, member.sha256) == (name, address):
            return member
    newest = max((member.version for member in earlier if member.name == name), default=0)
    return Member(role, name, newest + 1, address, content)


def describe(member: Member) -> dict[str, Attribute]:
    """A member as spans carry it."""
    return {"role": member.role, "name": member.name, "version": member.version, "sha256": member.sha256}

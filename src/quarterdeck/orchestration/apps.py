"""Apps: made once with their first release, then changed by releasing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from quarterdeck.core import clock
from quarterdeck.core.errors import Conflict, InvalidInput, NotFound
from quarterdeck.core.ids import new_id
from quarterdeck.core.paging import Page
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.orchestration import deployments, releases, store
from quarterdeck.orchestration import parameters as parameter_rules
from quarterdeck.orchestration.default_prompt import TEMPLATE
from quarterdeck.orchestration.records import App, AppDetail, Parameters
from quarterdeck.orchestration.store import AppRow
from quarterdeck.prompts import library as prompts
from quarterdeck.retrieval import library as knowledge_library
from quarterdeck.runtime.work import Work

DEFAULT_MODEL = "local/extractive"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


async def create(
    work: Work,
    name: str,
    *,
    description: str,
    knowledge: str,
    prompt: str | None = None,
    model: str = DEFAULT_MODEL,
    parameters: Mapping[str, object] | None = None,
    suggested_questions: Sequence[str] = (),
) -> App:
    """Make an app that answers from a knowledge base, and put its first release live."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"`{name}` is no name for an app. Use lower-case letters, digits, `-`, `_` and `.`.", param="name"
        )
    there = await store.app(work.runtime.database, work.project_id, name)
    if there is not None and there.live:
        raise Conflict(f"There is an app `{name}` already. Change it with a new release, or choose another name.")
    # Everything that could be refused is asked first: an app is made whole or not at all.
    await knowledge_library.index(work, knowledge)
    work.part(Catalogue).route(work.project_id, model)
    parameter_rules.changed(Parameters(), parameters or {})
    version = await prompts.add_version(work, name, prompt or TEMPLATE, note="first prompt of the app")
    await store.add_app(
        work.runtime.database,
        app_id=new_id("app"),
        project_id=work.project_id,
        name=name,
        description=description,
        created_at=clock.iso(clock.now()),
        suggested_questions=suggested_questions,
    )
    row = await find(work, name)
    release = await releases.propose(
        work,
        row,
        prompt=(version.name, version.version),
        model=model,
        index=(knowledge, None),
        parameters=parameters,
        notes="first release",
    )
    await deployments.deploy(work, row, release.id, reason="first release")
    return (await find(work, name)).as_app()


async def ensure(
    work: Work,
    name: str,
    *,
    description: str,
    knowledge: str,
    prompt: str | None = None,
    model: str = DEFAULT_MODEL,
    parameters: Mapping[str, object] | None = None,
    suggested_questions: Sequence[str] = (),
) -> App:
    """The app with this name, made if it is not there yet. One that is there stays as it is."""
    there = await store.app(work.runtime.database, work.project_id, name)
    if there is not None and there.live:
        return there.as_app()
    return await create(
        work,
        name,
        description=description,
        knowledge=knowledge,
        prompt=prompt,
        model=model,
        parameters=parameters,
        suggested_questions=suggested_questions,
    )


async def find(work: Work, name: str) -> AppRow:
    """An app of the project, for the verbs of this room."""
    row = await store.app(work.runtime.database, work.project_id, name)
    if row is None:
        known = ", ".join(f"`{one.name}`" for one in await store.apps_of(work.runtime.database, work.project_id))
        raise NotFound(f"No app is called `{name}`. " + (f"There are: {known}." if known else "There is none yet."))
    return row


async def all_apps(work: Work) -> Page[App]:
    """Every app of the project, by name."""
    return Page([row.as_app() for row in await store.apps_of(work.runtime.database, work.project_id)])


async def get(work: Work, name: str) -> AppDetail:
    """An app with its live release."""
    row = await find(work, name)
    app = row.as_app()
    release = await releases.get(work, row, app.release_id) if app.release_id else None
    return AppDetail(**vars(app), release=release)

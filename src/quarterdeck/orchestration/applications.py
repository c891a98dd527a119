"""The directory of live apps: in memory, asked on every request, reloaded when something is deployed."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.gateway.application import Application, Applications
from quarterdeck.gateway.conversation import ChatRequest, Piece
from quarterdeck.orchestration import answering, store
from quarterdeck.orchestration.recipe import Recipe, recipe_of
from quarterdeck.orchestration.records import PRODUCTION, ReleaseDeployed
from quarterdeck.orchestration.store import AppRow
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.tracing import ActiveSpan
from quarterdeck.runtime.work import Work

log = logging.getLogger(__name__)

_Key = tuple[str, str, str]
"""Project, app, environment."""


class LiveApplication(Application):
    """An app at the release that is live."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.name = recipe.app.name
        self.release_id = recipe.release.id

    def answer(self, work: Work, request: ChatRequest, span: ActiveSpan) -> AsyncGenerator[Piece, None]:
        return answering.answer(work, self.recipe, request, span)


class LiveApplications(Applications):
    """All live apps of all projects. `policy-bot` means production, `policy-bot@staging` another environment."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._live: dict[_Key, LiveApplication] = {}

    async def open(self) -> None:
        """Read what is live."""
        for row in await store.apps_of(self._runtime.database):
            await self._read(row)

    async def reload(self, deployed: ReleaseDeployed) -> None:
        """Another release of one app is live."""
        row = await store.app(self._runtime.database, deployed.project_id, deployed.app)
        if row is not None:
            await self._read(row)

    def find(self, project_id: str, name: str) -> Application | None:
        app, _, environment = name.partition("@")
        return self._live.get((project_id, app, environment or PRODUCTION))

    def names(self, project_id: str) -> list[str]:
        return sorted({app for project, app, _ in self._live if project == project_id})

    async def _read(self, row: AppRow) -> None:
        for environment, release_id in row.live.items():
            try:
                found = await store.releases_of(self._runtime.database, row, release_id)
                recipe = await recipe_of(self._runtime, row.project_id, row.as_app(), found[0])
            except (QuarterdeckError, LookupError):
                # One app that cannot be read must not take the others with it; it is then unknown, and this says why.
                log.exception("the app %s cannot answer: its release %s is incomplete", row.name, release_id)
                self._live.pop((row.project_id, row.name, environment), None)
                continue
            self._live[row.project_id, row.name, environment] = LiveApplication(recipe)

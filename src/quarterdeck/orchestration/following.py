"""Apps pick up new documents: a published index version becomes a release of every app that follows its knowledge."""

from __future__ import annotations

import logging

from quarterdeck.core.errors import QuarterdeckError
from quarterdeck.orchestration import deployments, parameters, releases, store
from quarterdeck.orchestration.records import PRODUCTION
from quarterdeck.orchestration.store import AppRow
from quarterdeck.retrieval.records import IndexPublished
from quarterdeck.retrieval.store.index_rows import index as newest_index
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Actor, Work

log = logging.getLogger(__name__)


class Following:
    """Listens for published index versions, and catches up on those that a crash has kept from being heard."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def open(self) -> None:
        """Bring every app that follows its knowledge up to the newest version."""
        for row in await store.apps_of(self._runtime.database):
            await self._follow(row)

    async def heard(self, published: IndexPublished) -> None:
        """A knowledge base has a new version."""
        for row in await store.apps_of(self._runtime.database, published.project_id):
            await self._follow(row, knowledge=published.knowledge)

    async def _follow(self, row: AppRow, knowledge: str | None = None) -> None:
        release_id = row.live.get(PRODUCTION)
        if release_id is None:
            return
        live = (await store.releases_of(self._runtime.database, row, release_id))[0]
        index = live.member("index")
        if (
            knowledge not in (None, index.name)
            or not parameters.from_content(live.member("parameters").content).follow_index
        ):
            return
        newest = await newest_index(self._runtime.database, row.project_id, knowledge=index.name, index_id=None)
        if newest is None or newest.sha256 == index.sha256 or newest.version <= index.version:
            return
        reason = f"index version {newest.version}"
        work = Work(runtime=self._runtime, actor=_house(row))
        prompt = live.member("prompt")
        try:
            release = await releases.propose(
                work,
                row,
                prompt=(prompt.name, prompt.version),
                index=(index.name, newest.version),
                notes=reason,
            )
            await deployments.deploy(work, row, release.id, reason=reason)
        except QuarterdeckError:
            # The documents are published whatever becomes of one app; that app goes on with the version it has.
            log.exception("the app %s does not follow %s to %s", row.name, index.name, reason)


def _house(row: AppRow) -> Actor:
    return Actor(
        id="system",
        name="quarterdeck",
        kind="system",
        project_id=row.project_id,
        project_name=row.project_name,
        scopes=frozenset({"read", "write"}),
    )

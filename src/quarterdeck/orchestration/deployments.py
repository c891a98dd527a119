"""Puts releases live. Nothing is ever changed: what is live is the newest line, and a rollback is one more."""

from __future__ import annotations

import re

from quarterdeck.core import clock
from quarterdeck.core.errors import InvalidInput
from quarterdeck.core.ids import new_id
from quarterdeck.core.paging import Page
from quarterdeck.orchestration import releases, store
from quarterdeck.orchestration.records import PRODUCTION, Deployment, ReleaseDeployed
from quarterdeck.orchestration.store import AppRow
from quarterdeck.runtime.work import Work

_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]{0,39}")


async def deploy(
    work: Work, app: AppRow, release_id: str, *, environment: str = PRODUCTION, reason: str = ""
) -> Deployment:
    """Make a release the one that answers in an environment."""
    if not _ENVIRONMENT.fullmatch(environment):
        raise InvalidInput(f"`{environment}` is no name of an environment. Say `production`.", param="environment")
    release = await releases.get(work, app, release_id)
    deployment = Deployment(
        id=new_id("dep"),
        app=app.name,
        environment=environment,
        release_id=release.id,
        weight=100,
        started_at=clock.iso(clock.now()),
        actor=work.actor.name,
        reason=reason,
    )
    await store.add_deployment(work.runtime.database, app.id, deployment)
    await work.runtime.events.publish(ReleaseDeployed(app.project_id, app.name, release.id))
    return deployment


async def history(work: Work, app: AppRow) -> Page[Deployment]:
    """What has been live, newest first."""
    return Page(await store.deployments_of(work.runtime.database, app))

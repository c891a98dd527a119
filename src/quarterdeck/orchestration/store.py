"""The SQL of orchestration: apps, their releases, and what is live where."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, Select, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from quarterdeck.orchestration.records import PRODUCTION, App, Deployment, Member, Release
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import apps, deployments, projects, releases


@dataclass(frozen=True)
class AppRow:
    """An app with what only this room knows of it."""

    id: str
    project_id: str
    project_name: str
    name: str
    description: str
    created_at: str
    suggested_questions: list[str]
    live: dict[str, str]
    """The release that is live, by environment."""

    def as_app(self) -> App:
        return App(
            name=self.name,
            description=self.description,
            release_id=self.live.get(PRODUCTION),
            created_at=self.created_at,
            suggested_questions=self.suggested_questions,
        )


async def add_app(
    database: Database,
    *,
    app_id: str,
    project_id: str,
    name: str,
    description: str,
    created_at: str,
    suggested_questions: Sequence[str],
) -> bool:
    """Keep an app; False when its name is taken in the project."""
    async with database.writing() as connection:
        result = await connection.execute(
            upsert(apps)
            .values(
                id=app_id,
                project_id=project_id,
                name=name,
                description=description,
                created_at=created_at,
                suggested_questions=json.dumps(list(suggested_questions), ensure_ascii=False),
            )
            .on_conflict_do_nothing()
        )
    return result.rowcount == 1


async def app(database: Database, project_id: str, name: str) -> AppRow | None:
    """One app of a project."""
    found = await _apps(database, _app_rows().where(apps.c.project_id == project_id, apps.c.name == name))
    return found[0] if found else None


async def apps_of(database: Database, project_id: str | None = None) -> list[AppRow]:
    """The apps of a project, or of all projects, by name."""
    statement = _app_rows().order_by(apps.c.name)
    return await _apps(database, statement if project_id is None else statement.where(apps.c.project_id == project_id))


async def add_release(database: Database, app_id: str, release: Release, sha256: str) -> None:
    """Keep a release. The same content is there already: the first one stands."""
    async with database.writing() as connection:
        await connection.execute(
            upsert(releases)
            .values(
                id=release.id,
                app_id=app_id,
                sha256=sha256,
                members=json.dumps([asdict(member) for member in release.members]),
                notes=release.notes,
                created_at=release.created_at,
                created_by=release.created_by,
            )
            .on_conflict_do_nothing()
        )


async def releases_of(database: Database, row: AppRow, release_id: str | None = None) -> list[Release]:
    """The releases of an app, newest first; or the one with an id."""
    statement = select(releases).where(releases.c.app_id == row.id)
    if release_id is not None:
        statement = statement.where(releases.c.id == release_id)
    async with database.reading() as connection:
        found = await connection.execute(statement.order_by(releases.c.created_at.desc(), releases.c.id))
    return [_release(one, row) for one in found]


async def add_deployment(database: Database, app_id: str, deployment: Deployment) -> None:
    """Note what is live from now on."""
    async with database.writing() as connection:
        await connection.execute(
            insert(deployments).values(
                id=deployment.id,
                app_id=app_id,
                environment=deployment.environment,
                release_id=deployment.release_id,
                weight=deployment.weight,
                started_at=deployment.started_at,
                actor=deployment.actor,
                reason=deployment.reason,
            )
        )


async def deployments_of(database: Database, row: AppRow) -> list[Deployment]:
    """What has been live, newest first."""
    statement = select(deployments).where(deployments.c.app_id == row.id)
    async with database.reading() as connection:
        found = await connection.execute(statement.order_by(deployments.c.started_at.desc(), deployments.c.id.desc()))
    return [
        Deployment(
            id=one.id,
            app=row.name,
            environment=one.environment,
            release_id=one.release_id,
            weight=one.weight,
            started_at=one.started_at,
            actor=one.actor,
            reason=one.reason,
        )
        for one in found
    ]


def _app_rows() -> Select[Any]:  # Any: a row of two joined tables, typed at run time
    return select(apps, projects.c.name.label("project_name")).join(projects, projects.c.id == apps.c.project_id)


async def _apps(database: Database, statement: Select[Any]) -> list[AppRow]:
    async with database.reading() as connection:
        found = (await connection.execute(statement)).all()
        live = await connection.execute(
            select(deployments.c.app_id, deployments.c.environment, deployments.c.release_id)
            .where(deployments.c.app_id.in_([one.id for one in found]))
            .order_by(deployments.c.started_at, deployments.c.id)
        )
    by_app: dict[str, dict[str, str]] = {}
    for one in live:  # oldest first, so that the newest stays
        by_app.setdefault(one.app_id, {})[one.environment] = one.release_id
    return [
        AppRow(
            id=one.id,
            project_id=one.project_id,
            project_name=one.project_name,
            name=one.name,
            description=one.description,
            created_at=one.created_at,
            suggested_questions=json.loads(one.suggested_questions),
            live=by_app.get(one.id, {}),
        )
        for one in found
    ]


def _release(row: Row[Any], of: AppRow) -> Release:  # Any: a row of `releases`, typed at run time
    members: Sequence[dict[str, Any]] = json.loads(row.members)  # Any: JSON
    return Release(
        id=row.id,
        app=of.name,
        members=[Member(**member) for member in members],
        notes=row.notes,
        created_at=row.created_at,
        created_by=row.created_by,
        live=row.id in of.live.values(),
    )

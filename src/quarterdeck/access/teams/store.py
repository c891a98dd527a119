"""The SQL of teams."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from quarterdeck.access.teams.records import Team
from quarterdeck.core.errors import Conflict
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import api_keys
from quarterdeck.storage.tables import teams as team_table


async def teams(database: Database, project_id: str) -> list[Team]:
    """The teams of a project, by name."""
    async with database.reading() as connection:
        rows = await connection.execute(_with_keys(project_id).order_by(team_table.c.name))
    return [_team(row) for row in rows]


async def team(database: Database, project_id: str, name: str) -> Team | None:
    """One team, by its name."""
    async with database.reading() as connection:
        row = (await connection.execute(_with_keys(project_id).where(team_table.c.name == name))).first()
    return None if row is None else _team(row)


async def add(database: Database, project_id: str, team: Team) -> None:
    """Keep a new team; a project has one of a name."""
    row = {
        "id": team.id,
        "project_id": project_id,
        "name": team.name,
        "description": team.description,
        "owner": team.owner,
        "created_at": team.created_at,
    }
    try:
        async with database.writing() as connection:
            await connection.execute(insert(team_table).values(row))
    except IntegrityError as error:
        raise Conflict(f"There is a team `{team.name}` already. Choose another name.", param="name") from error


async def change(database: Database, project_id: str, team: Team) -> None:
    """Keep what a team is said to be."""
    statement = update(team_table).where(team_table.c.project_id == project_id, team_table.c.id == team.id)
    async with database.writing() as connection:
        await connection.execute(statement.values(description=team.description, owner=team.owner))


async def remove(database: Database, project_id: str, team_id: str) -> None:
    """Forget a team. Keys that were revoked or have ended let go of it."""
    async with database.writing() as connection:
        await connection.execute(
            update(api_keys)
            .where(api_keys.c.project_id == project_id, api_keys.c.team_id == team_id)
            .values(team_id=None)
        )
        await connection.execute(
            delete(team_table).where(team_table.c.project_id == project_id, team_table.c.id == team_id)
        )


def _with_keys(project_id: str) -> Select[Any]:  # Any: the columns of a team and a count, typed at run time
    working = (
        select(func.count())
        .where(
            api_keys.c.project_id == team_table.c.project_id,
            api_keys.c.team_id == team_table.c.id,
            api_keys.c.revoked_at.is_(None),
        )
        .scalar_subquery()
    )
    return select(team_table, working.label("keys")).where(team_table.c.project_id == project_id)


def _team(row: Row[Any]) -> Team:  # Any: a row of `teams`, whose columns SQLAlchemy types at run time
    return Team(
        id=row.id, name=row.name, description=row.description, created_at=row.created_at, owner=row.owner, keys=row.keys
    )

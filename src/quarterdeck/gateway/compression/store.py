"""The SQL of input budgets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from quarterdeck.gateway.compression.records import InputBudget, InputBudgetCard
from quarterdeck.storage.database import Database
from quarterdeck.storage.tables import input_budgets


async def everybodys(database: Database) -> dict[tuple[str, str], InputBudget]:
    """The budgets of all projects, by project and target."""
    async with database.reading() as connection:
        rows = (await connection.execute(select(input_budgets))).all()
    return {(row.project_id, row.target): InputBudget(row.most_tokens, row.when_over, row.keep_share) for row in rows}


async def budgets(database: Database, project_id: str) -> list[InputBudgetCard]:
    """The budgets of a project."""
    query = select(input_budgets).where(input_budgets.c.project_id == project_id).order_by(input_budgets.c.target)
    async with database.reading() as connection:
        return [_card(row) for row in (await connection.execute(query)).all()]


async def put(database: Database, project_id: str, target: str, budget: InputBudget, now: str) -> None:
    """Set a budget."""
    values = {**vars(budget), "changed_at": now}
    statement = upsert(input_budgets).values(project_id=project_id, target=target, **values)
    async with database.writing() as connection:
        await connection.execute(statement.on_conflict_do_update(index_elements=["project_id", "target"], set_=values))


async def remove(database: Database, project_id: str, target: str) -> bool:
    """Forget a budget; False when there was none."""
    async with database.writing() as connection:
        result = await connection.execute(
            delete(input_budgets).where(input_budgets.c.project_id == project_id, input_budgets.c.target == target)
        )
    return bool(result.rowcount)


def _card(row: Row[Any]) -> InputBudgetCard:
    return InputBudgetCard(row.target, row.most_tokens, row.when_over, row.keep_share, row.changed_at)

"""Whether the control database answers and takes writes."""

from __future__ import annotations

import asyncio

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from quarterdeck.storage.database import Database

_PATIENCE_S = 2.0


async def trouble(database: Database) -> str | None:
    """What is wrong with the database, in a few words; None when nothing is."""
    try:
        async with asyncio.timeout(_PATIENCE_S), database.reading() as connection:
            await connection.execute(text("SELECT 1 FROM projects LIMIT 1"))
    except TimeoutError:
        return "does not answer in time"
    except SQLAlchemyError as error:
        return f"does not answer: {type(error).__name__}"
    return None

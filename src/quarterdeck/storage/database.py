"""One connection pool to the control database, set up so that a crash loses nothing and readers never wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine


class Database:
    """The control database. `reading` and `writing` hand out connections; a write is one transaction."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_async_engine(url, pool_size=5, max_overflow=5)
        if self._engine.dialect.name == "sqlite":
            _set_up_sqlite(self._engine)
        self._together: dict[asyncio.Task[object] | None, AsyncConnection] = {}

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read from."""
        joined = self._together.get(asyncio.current_task()) if self._together else None
        if joined is not None:
            yield joined
            return
        async with self._engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed when the block ends well, rolled back when it raises."""
        joined = self._together.get(asyncio.current_task()) if self._together else None
        if joined is not None:
            yield joined
            return
        async with self._engine.connect() as connection:
            # IMMEDIATE takes SQLite's write lock at once: two writers queue here instead of failing at commit.
            if connection.dialect.name == "sqlite":
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                await connection.rollback()
                raise
            await connection.commit()

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """One transaction of all that this task reads and writes in the block: everything of it happens, or nothing.

        Other tasks see nothing of it before the end, and whoever of them wants to write waits.
        """
        task = asyncio.current_task()
        async with self.writing() as connection:
            self._together[task] = connection
            try:
                yield
            finally:
                del self._together[task]

    async def close(self) -> None:
        """Give every connection back to the operating system."""
        await self._engine.dispose()


def sqlite_url(home: Path) -> str:
    """The address of the embedded database of a data folder."""
    return f"sqlite+aiosqlite:///{home / 'quarterdeck.db'}"


def _set_up_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:  # Any: the driver's own connection type
        connection.isolation_level = None  # we begin transactions ourselves, see `writing`
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

"""The control database: writes are whole or not at all, queue instead of failing, and never hold readers up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from quarterdeck.storage.database import Database, sqlite_url


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(sqlite_url(tmp_path))
    async with database.writing() as connection:
        await connection.execute(text("CREATE TABLE counts (n INTEGER NOT NULL)"))
        await connection.execute(text("INSERT INTO counts VALUES (0)"))
    yield database
    await database.close()


async def count(database: Database) -> int:
    async with database.reading() as connection:
        return int(await connection.scalar(text("SELECT n FROM counts")) or 0)


async def test_a_write_that_raises_has_not_happened(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.writing() as connection:
            await connection.execute(text("UPDATE counts SET n = 7"))
            raise ZeroDivisionError

    assert await count(database) == 0


async def test_a_write_that_is_cancelled_has_not_happened_and_leaves_no_lock(database: Database) -> None:
    written = asyncio.Event()

    async def write_and_hang() -> None:
        async with database.writing() as connection:
            await connection.execute(text("UPDATE counts SET n = 7"))
            written.set()
            await asyncio.sleep(3600)

    hanging = asyncio.create_task(write_and_hang())
    await written.wait()
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    async with database.writing() as connection:
        await connection.execute(text("UPDATE counts SET n = n + 1"))

    assert await count(database) == 1


async def test_writers_that_read_first_queue_and_lose_nothing(database: Database) -> None:
    async def add_one() -> None:
        async with database.writing() as connection:
            n = await connection.scalar(text("SELECT n FROM counts"))
            await connection.execute(text("UPDATE counts SET n = :n"), {"n": int(n or 0) + 1})

    await asyncio.gather(*(add_one() for _ in range(40)))

    assert await count(database) == 40


async def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("UPDATE counts SET n = 7"))
        async with asyncio.timeout(1):
            seen = await count(database)

    assert seen == 0

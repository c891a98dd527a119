"""Builds the live objects of a process, opened from the bottom up and closed from the top down.

This is the only file that knows plug-ins by name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import aiohttp

from quarterdeck.access import projects
from quarterdeck.access.keyring import Keyring
from quarterdeck.access.login_links import LoginLinks
from quarterdeck.access.records import KeysChanged
from quarterdeck.access.throttle import LoginThrottle
from quarterdeck.config.settings import Settings
from quarterdeck.core.events import Events
from quarterdeck.jobs.dbos_jobs import DbosJobs
from quarterdeck.jobs.jobs import Jobs
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.storage.blobs import Blobs
from quarterdeck.storage.database import Database, sqlite_url
from quarterdeck.storage.folder import locked_folder
from quarterdeck.storage.migrations import migrate
from quarterdeck.storage.vault import open_vault


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Runtime]:
    """Everything the rooms need, ready to use; put away in the right order when the block ends."""
    async with AsyncExitStack() as stack:
        home = stack.enter_context(locked_folder(settings.home))
        settings = replace(settings, home=home)
        migrate(sqlite_url(home))
        database = Database(sqlite_url(home))
        stack.push_async_callback(database.close)
        http = await stack.enter_async_context(_upstream_session(settings))
        runtime = Runtime(
            settings=settings,
            database=database,
            blobs=Blobs(home / "blobs"),
            vault=open_vault(home, settings.secret_key),
            events=Events(),
            http=http,
        )
        await _install_access(runtime, stack)
        jobs = runtime.install(Jobs, DbosJobs(home / "jobs.db"))
        stack.push_async_callback(jobs.close)
        await jobs.open()
        yield runtime


async def _install_access(runtime: Runtime, stack: AsyncExitStack) -> None:
    await projects.ensure_default(runtime.database)
    runtime.install(LoginLinks, LoginLinks())
    runtime.install(LoginThrottle, LoginThrottle())
    keyring = runtime.install(Keyring, Keyring(runtime.database, bound_to=runtime.settings.host))
    await keyring.open()
    stack.push_async_callback(keyring.close)
    runtime.events.subscribe(KeysChanged, keyring.reload)


def _upstream_session(settings: Settings) -> aiohttp.ClientSession:
    # No total timeout: a model may speak for minutes. Silence is what the gateway limits.
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.upstream_connect_timeout_s),
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, keepalive_timeout=60),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )

"""Builds the live objects of a process, opened from the bottom up and closed from the top down.

This is the only file that knows plug-ins by name.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import aiohttp

from quarterdeck.access import projects
from quarterdeck.access.keyring import Keyring
from quarterdeck.access.limits.counter_stores.in_process import InProcessCounters
from quarterdeck.access.limits.counter_stores.over_socket import SocketCounters
from quarterdeck.access.limits.counter_stores.redis import RedisCounters
from quarterdeck.access.limits.counters import Counters
from quarterdeck.access.limits.journal import Journal
from quarterdeck.access.limits.parts import install_limits, store_teller
from quarterdeck.access.limits.records import StoreFailure
from quarterdeck.access.login_links import LoginLinks
from quarterdeck.access.records import KeysChanged
from quarterdeck.access.throttle import LoginThrottle
from quarterdeck.config.settings import Settings, environment
from quarterdeck.core.events import Events
from quarterdeck.declared.watching import Watch
from quarterdeck.gateway.batching import records as batch_records
from quarterdeck.gateway.batching import running as running_batches
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.gateway.embedders.minilm import open_minilm
from quarterdeck.gateway.mcp.directory import McpDirectory
from quarterdeck.gateway.money import repricing
from quarterdeck.gateway.parts import install_gateway
from quarterdeck.gateway.routing.checking import HealthChecks
from quarterdeck.gateway.routing.shadowing import Shadows
from quarterdeck.gateway.semantic.cache import SemanticCache
from quarterdeck.gateway.wire.lines import Connector
from quarterdeck.jobs.dbos_jobs import DbosJobs
from quarterdeck.jobs.jobs import Jobs, JobsElsewhere
from quarterdeck.observability.recorder import Recorder
from quarterdeck.observability.span_stores.duckdb import DuckDbSpanStore
from quarterdeck.orchestration.parts import install_orchestration
from quarterdeck.prompts.live_prompts import LivePrompts
from quarterdeck.prompts.records import PromptsChanged
from quarterdeck.retrieval import embedding_job
from quarterdeck.retrieval.parts import install_retrieval
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.safety.live_guardrails import LiveGuardrails
from quarterdeck.safety.records import GuardrailsChanged
from quarterdeck.server.workers.handoff import Handoff
from quarterdeck.server.workers.relaying import RelayedSpans
from quarterdeck.storage.blobs import Blobs
from quarterdeck.storage.database import Database, sqlite_url
from quarterdeck.storage.folder import locked_folder
from quarterdeck.storage.migrations import migrate
from quarterdeck.storage.spool import Spool
from quarterdeck.storage.vault import open_vault


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Runtime]:
    """Everything the rooms need, ready to use; put away in the right order when the block ends."""
    async with AsyncExitStack() as house:
        home = house.enter_context(locked_folder(settings.home))
        runtime = await _foundation(replace(settings, home=home), house)
        await _observability(runtime, house)
        await _access(runtime, house)
        await _prompts(runtime)
        await _safety(runtime)
        await _gateway(runtime, house)
        await _retrieval(runtime, house)
        await install_orchestration(runtime)
        await _declared(runtime, house)
        yield runtime


@asynccontextmanager
async def running_worker(settings: Settings, handoff: Handoff) -> AsyncIterator[Runtime]:
    """What a worker needs to answer the data plane, beside a main process that holds the folder and all that is written."""
    async with AsyncExitStack() as house:
        runtime = await _foundation(settings, house, migrating=False)
        spool = settings.home / "spool" / f"worker-{handoff.number}"
        spool.mkdir(parents=True, exist_ok=True)
        relayed = RelayedSpans(handoff.path("spans"), spool / "position.json")
        recorder = runtime.install(Recorder, Recorder(Spool(spool), relayed))
        await recorder.open()
        house.push_async_callback(recorder.close)
        shared = SocketCounters(handoff.path("counters"), sharers=handoff.workers, told=store_teller(runtime.events))
        await _access(runtime, house, shared if settings.redis_url is None else None)
        await _prompts(runtime)
        await _safety(runtime)
        await _gateway(runtime, house)
        runtime.install(Jobs, JobsElsewhere())
        house.callback(install_retrieval(runtime).close)
        await install_orchestration(runtime)
        yield runtime


async def _foundation(settings: Settings, house: AsyncExitStack, *, migrating: bool = True) -> Runtime:
    url = sqlite_url(settings.home)
    if migrating:
        await asyncio.to_thread(migrate, url)
    database = Database(url)
    house.push_async_callback(database.close)
    return Runtime(
        settings=settings,
        database=database,
        blobs=Blobs(settings.home / "blobs"),
        vault=open_vault(settings.home, settings.secret_key),
        events=Events(),
        http=await house.enter_async_context(_upstream_session(settings)),
    )


async def _observability(runtime: Runtime, house: AsyncExitStack) -> None:
    spans = DuckDbSpanStore(runtime.home / "spans.duckdb", memory_mb=runtime.settings.duckdb_memory_mb)
    recorder = runtime.install(Recorder, Recorder(Spool(runtime.home / "spool"), spans))
    await recorder.open()
    house.push_async_callback(recorder.close)


async def _access(runtime: Runtime, house: AsyncExitStack, counters: Counters | None = None) -> None:
    await projects.ensure_default(runtime.database)
    runtime.install(LoginLinks, LoginLinks())
    runtime.install(LoginThrottle, LoginThrottle())
    proxies = [text for text in runtime.settings.trusted_proxies.split(",") if text.strip()]
    keyring = Keyring(runtime.database, bound_to=runtime.settings.host, trusted_proxies=proxies)
    runtime.install(Keyring, keyring)
    await keyring.open()
    house.push_async_callback(keyring.close)
    runtime.events.subscribe(KeysChanged, keyring.reload)
    limiter = await install_limits(runtime, counters or _counters(runtime))
    house.push_async_callback(limiter.close)


def _counters(runtime: Runtime) -> Counters:
    settings = runtime.settings
    if settings.redis_url is not None:
        on_failure: StoreFailure = settings.on_store_failure  # type: ignore[assignment]  # checked by the settings
        return RedisCounters(
            settings.redis_url, on_failure=on_failure, sharers=settings.gateways, told=store_teller(runtime.events)
        )
    spool = Spool(runtime.home / "limits", segment_bytes=4 * 1024 * 1024)
    return InProcessCounters(Journal(spool, runtime.database))


async def _prompts(runtime: Runtime) -> None:
    prompts = runtime.install(LivePrompts, LivePrompts(runtime))
    await prompts.reload()
    runtime.events.subscribe(PromptsChanged, prompts.reload)


async def _safety(runtime: Runtime) -> None:
    guardrails = runtime.install(LiveGuardrails, LiveGuardrails(runtime))
    await guardrails.reload()
    runtime.events.subscribe(GuardrailsChanged, guardrails.reload)


async def _gateway(runtime: Runtime, house: AsyncExitStack) -> None:
    runtime.install(Embedder, open_minilm(runtime.home, threads=runtime.settings.embedding_threads))
    await install_gateway(runtime)
    house.push_async_callback(runtime.part(SemanticCache).close)
    house.push_async_callback(runtime.part(HealthChecks).close)
    house.push_async_callback(runtime.part(Shadows).close)
    house.push_async_callback(runtime.part(McpDirectory).sessions.close)


async def _retrieval(runtime: Runtime, house: AsyncExitStack) -> None:
    jobs = runtime.install(Jobs, DbosJobs(runtime.home / "jobs.db"))
    house.callback(install_retrieval(runtime).close)
    jobs.register(repricing.KIND, repricing.repricing_job(runtime))
    jobs.register(batch_records.JOB, running_batches.batch_job(runtime))
    house.push_async_callback(jobs.close)
    await jobs.open()
    await embedding_job.resume(runtime)
    await repricing.resume(runtime)
    await running_batches.resume(runtime)


async def _declared(runtime: Runtime, house: AsyncExitStack) -> None:
    watch = runtime.install(Watch, Watch(runtime, runtime.settings.config_file, environment()))
    house.push_async_callback(watch.close)
    await watch.open()


def _upstream_session(settings: Settings) -> aiohttp.ClientSession:
    # No total timeout: a model may speak for minutes. Silence is what the gateway limits.
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.upstream_connect_timeout_s),
        connector=Connector(limit=0, ttl_dns_cache=60, keepalive_timeout=60),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )

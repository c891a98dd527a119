"""The parts of orchestration, made and installed in the right order; the wiring calls this once, last of all rooms."""

from __future__ import annotations

from quarterdeck.gateway.application import Applications
from quarterdeck.orchestration.applications import LiveApplications
from quarterdeck.orchestration.following import Following
from quarterdeck.orchestration.records import ReleaseDeployed
from quarterdeck.retrieval.records import IndexPublished
from quarterdeck.runtime.runtime import Runtime


async def install_orchestration(runtime: Runtime) -> None:
    """Install `Applications`, and have apps follow their knowledge."""
    live = LiveApplications(runtime)
    runtime.install(Applications, live)
    runtime.events.subscribe(ReleaseDeployed, live.reload)
    following = Following(runtime)
    await following.open()
    await live.open()
    runtime.events.subscribe(IndexPublished, following.heard)

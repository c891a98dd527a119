"""Loads the demo into a server: the handbook as knowledge, and `policy-bot`, which answers from it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from quarterdeck.access.keyring import Keyring
from quarterdeck.demo.questions import APP, HANDBOOK, KNOWLEDGE
from quarterdeck.lifecycle import shipping
from quarterdeck.orchestration import apps, deployments, releases
from quarterdeck.retrieval.records import IndexVersion
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

log = logging.getLogger(__name__)

_DESCRIPTION = "Answers from the handbook of Halyard Instruments, or says that it does not know."

_QUESTIONS = (
    "How many days of annual leave do I get?",
    "What is the most a hotel room in Norway may cost per night?",
    "My laptop was stolen on the train. What do I do?",
    "Everyone was promised a 20 % raise. When is it paid?",
    "Who won the chess world championship in 1972?",
)


async def seed(runtime: Runtime) -> None:
    """Bring the demo up to date. Meant to run beside a server that answers already; what is there is left alone."""
    administrator = runtime.part(Keyring).administrator("admin", name="demo")
    work = Work(runtime=runtime, actor=replace(administrator, kind="system"))
    files = await asyncio.to_thread(_read_handbook)
    shipped = await shipping.ship(
        work, files, app=APP, knowledge=KNOWLEDGE, description=_DESCRIPTION, suggested_questions=_QUESTIONS
    )
    await _follow(work, shipped.index)
    log.info("the demo is loaded: ask `%s`", APP)


async def _follow(work: Work, index: IndexVersion) -> None:
    """Let the app answer from the handbook of this program, unless somebody else has released it since."""
    app = await apps.find(work, APP)
    live = (await apps.get(work, APP)).release
    if live is None or live.created_by != work.actor.name or live.member("index").sha256 == index.sha256:
        return
    release = await releases.propose(work, app, notes="the handbook has changed")
    await deployments.deploy(work, app, release.id, reason="the handbook has changed")


def _read_handbook() -> dict[str, bytes]:
    files = sorted(path for path in HANDBOOK.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(HANDBOOK).as_posix(): path.read_bytes() for path in files}

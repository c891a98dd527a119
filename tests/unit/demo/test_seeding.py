"""Loading the demo: all of it, once, and without touching what somebody has made of it."""

from __future__ import annotations

from dataclasses import replace

from quarterdeck.demo.questions import APP, HANDBOOK, KNOWLEDGE
from quarterdeck.demo.seeding import seed
from quarterdeck.orchestration import apps, deployments, releases
from quarterdeck.retrieval import ingestion, library
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work


async def test_the_whole_handbook_is_loaded_and_its_app_is_live(runtime: Runtime, work: Work) -> None:
    await seed(runtime)

    handbook = await library.knowledge(work, KNOWLEDGE)
    app = await apps.get(work, APP)
    assert handbook.failures == []
    assert handbook.documents == len([path for path in HANDBOOK.rglob("*") if path.is_file()])
    assert app.release is not None
    assert app.release.member("index").name == KNOWLEDGE


async def test_loading_it_again_changes_nothing(runtime: Runtime, work: Work) -> None:
    await seed(runtime)
    before = await apps.get(work, APP), (await library.knowledge(work, KNOWLEDGE)).versions[0].index_id

    await seed(runtime)

    assert (await apps.get(work, APP), (await library.knowledge(work, KNOWLEDGE)).versions[0].index_id) == before


async def test_the_edition_of_an_older_program_is_brought_up_to_date_and_released(runtime: Runtime, work: Work) -> None:
    demo = replace(work, actor=replace(work.actor, name="demo"))
    older = b"# Annual leave\n\nEveryone has 20 days of leave.\n"
    await ingestion.stage_file(demo, KNOWLEDGE, "time-off/annual-leave.md", older)
    await ingestion.publish(demo, KNOWLEDGE)
    before = await apps.ensure(demo, APP, description="", knowledge=KNOWLEDGE)

    await seed(runtime)

    app, handbook = await apps.get(work, APP), await library.knowledge(work, KNOWLEDGE)
    assert app.release is not None
    assert app.release.id != before.release_id
    assert app.release.member("index").version == handbook.version == 2


async def test_what_somebody_has_released_stays_live(runtime: Runtime, work: Work) -> None:
    await seed(runtime)
    app = await apps.find(work, APP)
    theirs = await releases.propose(work, app, parameters={"passages": 3}, notes="fewer passages")
    await deployments.deploy(work, app, theirs.id, reason="trying")

    await seed(runtime)

    assert (await apps.get(work, APP)).release_id == theirs.id

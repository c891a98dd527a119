"""Releases are bundles under the address of their content; deployments only ever add a line."""

from __future__ import annotations

import pytest

from quarterdeck.core.errors import Conflict, InvalidInput, ModelNotFound, NotFound
from quarterdeck.gateway.application import Applications
from quarterdeck.orchestration import apps, deployments, releases
from quarterdeck.orchestration.applications import LiveApplications
from quarterdeck.prompts import library as prompts
from tests.unit.orchestration.conftest import HANDBOOK, House


async def test_a_new_app_is_live_with_all_four_members(house: House) -> None:
    await house.bot(passages=4)

    app = await apps.get(house.work, "bot")
    assert app.release is not None
    assert app.release.live
    assert [(one.role, one.name, one.version) for one in app.release.members] == [
        ("prompt", "bot", 1),
        ("model", "local/extractive", 1),
        ("index", "handbook", 1),
        ("parameters", "bot", 1),
    ]
    assert app.release.member("parameters").content["passages"] == 4
    assert app.release_id == app.release.id
    assert app.release.id.startswith("rel_")


async def test_the_same_content_is_the_same_release(house: House) -> None:
    await house.bot()
    app = await apps.find(house.work, "bot")
    first = await apps.get(house.work, "bot")

    again = await releases.propose(house.work, app, notes="again")
    other = await releases.propose(house.work, app, parameters={"passages": 3})
    back = await releases.propose(house.work, app, parameters={"passages": 6})

    assert again.id == back.id == first.release_id
    assert again.notes == "first release"
    assert other.id != again.id
    assert other.member("parameters").version == 2


async def test_the_members_of_a_release_stay_while_newer_ones_are_made(house: House) -> None:
    await house.bot()
    app = await apps.find(house.work, "bot")
    first = (await apps.get(house.work, "bot")).release
    await prompts.add_version(house.work, "bot", "Answer {{ question }} with {{ passages }}.")

    newer = await releases.propose(house.work, app)

    assert newer.member("prompt").version == 2
    assert first is not None
    assert await releases.get(house.work, app, first.id) == first
    assert newer.live is False


async def test_deploying_makes_it_live_at_once_and_a_rollback_is_one_more_line(house: House) -> None:
    await house.bot()
    app = await apps.find(house.work, "bot")
    first = str(app.as_app().release_id)
    second = (await releases.propose(house.work, app, parameters={"passages": 3})).id

    await deployments.deploy(house.work, app, second, reason="fewer passages")
    live = house.runtime.part(Applications).find(house.work.project_id, "bot")
    await deployments.deploy(house.work, app, first, reason="roll back")

    assert live is not None
    assert live.release_id == second
    again = house.runtime.part(Applications).find(house.work.project_id, "bot@production")
    assert again is not None
    assert again.release_id == first
    lines = (await deployments.history(house.work, app)).items
    assert [(one.release_id, one.reason) for one in lines] == [
        (first, "roll back"),
        (second, "fewer passages"),
        (first, "first release"),
    ]


async def test_an_environment_of_its_own_leaves_production_alone(house: House) -> None:
    await house.bot()
    app = await apps.find(house.work, "bot")
    second = (await releases.propose(house.work, app, parameters={"passages": 3})).id

    await deployments.deploy(house.work, app, second, environment="staging")

    directory = house.runtime.part(Applications)
    staging, production = (directory.find(house.work.project_id, name) for name in ("bot@staging", "bot"))
    assert staging is not None
    assert production is not None
    assert staging.release_id == second != production.release_id
    assert directory.names(house.work.project_id) == ["bot"]


async def test_a_directory_that_is_opened_anew_knows_what_is_live(house: House) -> None:
    await house.bot()

    fresh = LiveApplications(house.runtime)
    await fresh.open()

    found = fresh.find(house.work.project_id, "bot")
    assert found is not None
    assert found.release_id == (await apps.get(house.work, "bot")).release_id
    assert fresh.find("prj_other", "bot") is None


async def test_a_name_is_taken_once_and_ensuring_leaves_what_is_there(house: House) -> None:
    await house.bot()

    with pytest.raises(Conflict, match="There is an app `bot` already"):
        await house.bot()
    there = await apps.ensure(house.work, "bot", description="other", knowledge="handbook")

    assert there.description == "Knows the handbook."


@pytest.mark.parametrize(
    ("wish", "error", "complaint"),
    [
        ({"name": "Bad Name"}, InvalidInput, "no name for an app"),
        ({"knowledge": "nowhere"}, NotFound, "No knowledge base is called `nowhere`"),
        ({"model": "gpt-9000"}, ModelNotFound, "gpt-9000"),
        ({"parameters": {"passagse": 3}}, InvalidInput, "no parameter"),
        ({"parameters": {"passages": "3"}}, InvalidInput, "must be int"),
        ({"parameters": {"passages": True}}, InvalidInput, "must be int"),
        ({"parameters": {"passages": 0}}, InvalidInput, "between 1 and 30"),
        ({"parameters": {"guard": 1}}, InvalidInput, "must be bool"),
        ({"prompt": "{{ secrets }}"}, InvalidInput, "apps do not have"),
    ],
)
async def test_what_cannot_work_is_refused(
    house: House, wish: dict[str, object], error: type[Exception], complaint: str
) -> None:
    wishes = {"name": "bot", "description": "", "knowledge": "handbook", **wish}

    with pytest.raises(error, match=complaint):
        await apps.create(house.work, **wishes)  # type: ignore[arg-type]

    assert house.runtime.part(Applications).names(house.work.project_id) == []


async def test_an_app_is_found_by_its_exact_name_or_the_known_ones_are_named(house: House) -> None:
    await house.bot()

    with pytest.raises(NotFound, match="There are: `bot`"):
        await apps.find(house.work, "bott")


async def test_a_published_version_is_released_and_deployed_by_itself(house: House) -> None:
    await house.bot()
    before = await apps.get(house.work, "bot")

    await house.publish("handbook", {"dogs.md": "# Dogs\n\nDogs may come to the office on Fridays, on a short leash."})

    after = await apps.get(house.work, "bot")
    assert after.release is not None
    assert after.release.id != before.release_id
    assert after.release.member("index").version == 2
    lines = (await deployments.history(house.work, await apps.find(house.work, "bot"))).items
    assert lines[0].reason == "index version 2"
    assert "Fridays" in (await house.ask("bot", "When may dogs come to the office?")).text


async def test_an_app_that_does_not_follow_stays_at_its_version(house: House) -> None:
    await house.bot(follow_index=False)
    before = await apps.get(house.work, "bot")

    await house.publish("handbook", {"dogs.md": "# Dogs\n\nDogs may come to the office on Fridays, on a short leash."})

    assert (await apps.get(house.work, "bot")).release_id == before.release_id
    assert (await house.ask("bot", "When may dogs come to the office?")).declined is True


async def test_publishing_what_is_there_already_makes_no_release(house: House) -> None:
    await house.bot()

    await house.publish("handbook", HANDBOOK)

    history = await releases.all_releases(house.work, await apps.find(house.work, "bot"))
    assert len(history.items) == 1


async def test_an_app_keeps_the_questions_it_suggests(house: House) -> None:
    asked = ["How many days of leave do I get?"]
    await apps.create(house.work, "suggesting", description="", knowledge="handbook", suggested_questions=asked)

    found = await apps.get(house.work, "suggesting")

    assert found.suggested_questions == asked

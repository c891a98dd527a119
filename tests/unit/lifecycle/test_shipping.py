"""The whole way from files to a live app, and again."""

from __future__ import annotations

from quarterdeck.gateway.application import Applications
from quarterdeck.lifecycle.shipping import ship
from quarterdeck.runtime.work import Work

FILES = {"leave.md": b"# Leave\n\nEveryone has 25 days of leave.", "broken.pdf": b"%PDF-1.7 nothing"}


async def test_files_become_an_app_that_is_live_and_bad_ones_are_named(work: Work) -> None:
    shipped = await ship(work, FILES, app="bot", knowledge="handbook", description="Knows leave.")

    live = work.part(Applications).find(work.project_id, "bot")
    assert live is not None
    assert live.release_id == shipped.app.release_id
    assert shipped.index.version == 1
    assert [failure.path for failure in shipped.refused] == ["broken.pdf"]
    assert shipped.refused[0].reason


async def test_shipping_the_same_again_changes_nothing_and_new_files_are_followed(work: Work) -> None:
    first = await ship(work, FILES, app="bot", knowledge="handbook")

    again = await ship(work, FILES, app="bot", knowledge="handbook")
    more = await ship(work, {"pay.md": b"# Pay\n\nPay day is the 20th."}, app="bot", knowledge="handbook")

    assert again.app.release_id == first.app.release_id
    assert more.app.release is not None
    assert more.app.release.id != first.app.release_id
    assert more.app.release.member("index").version == more.index.version == 2

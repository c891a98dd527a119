"""Starting and stopping: quick, private, and with a remedy for everything that can be in the way."""

from __future__ import annotations

import stat

import pytest

from tests.server_process import ServerProcess

pytestmark = pytest.mark.story


def test_a_server_starts_on_an_empty_folder_and_ends_well_on_sigterm(own_server: ServerProcess) -> None:
    own_server.start()

    code = own_server.stop()

    assert code == 0
    assert not (own_server.home / "session.json").exists()


def test_the_data_folder_and_what_is_in_it_are_for_this_user_alone(own_server: ServerProcess) -> None:
    own_server.start()

    open_to_others = [
        path.name for path in [own_server.home, *own_server.home.iterdir()] if stat.S_IMODE(path.stat().st_mode) & 0o077
    ]

    assert open_to_others == []

"""The vault: what is sealed opens with the same key and in the same place only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from quarterdeck.core.errors import SetupError
from quarterdeck.storage.vault import open_vault

SECRET = "sk-proj-not-a-real-one"


def test_a_secret_comes_back_after_a_restart(tmp_path: Path) -> None:
    sealed = open_vault(tmp_path, None).seal(SECRET, "providers/prv_1")

    opened = open_vault(tmp_path, None).open(sealed, "providers/prv_1")

    assert opened == SECRET
    assert SECRET.encode() not in sealed
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_a_stolen_row_opens_nowhere_else(tmp_path: Path) -> None:
    vault = open_vault(tmp_path, None)
    sealed = vault.seal(SECRET, "providers/prv_1")

    with pytest.raises(SetupError, match="providers/prv_2"):
        vault.open(sealed, "providers/prv_2")


def test_another_key_says_which_variable_to_set(tmp_path: Path) -> None:
    sealed = open_vault(tmp_path, "a key of sixteen or more").seal(SECRET, "providers/prv_1")

    with pytest.raises(SetupError, match="QUARTERDECK_SECRET_KEY"):
        open_vault(tmp_path, "some other long secret key").open(sealed, "providers/prv_1")


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="at least 16"):
        open_vault(tmp_path, "short")


def test_a_key_that_was_never_written_whole_seals_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret.key").touch(mode=0o600)

    with pytest.raises(SetupError, match=r"secret\.key` is damaged.* delete it"):
        open_vault(tmp_path, None)

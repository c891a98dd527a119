"""The data folder: private, writable, and one process's alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from quarterdeck.core.errors import SetupError
from quarterdeck.storage.folder import locked_folder


def test_a_missing_folder_is_made_for_this_user_alone(tmp_path: Path) -> None:
    with locked_folder(tmp_path / "deep" / "home") as home:
        mode = stat.S_IMODE(home.stat().st_mode)

    assert mode == 0o700


def test_a_folder_that_others_could_read_is_closed_to_them_but_never_made_writable(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with locked_folder(tmp_path) as home:
        closed = stat.S_IMODE(home.stat().st_mode)

    assert closed == 0o700


def test_a_second_process_is_refused_by_the_number_of_the_first(tmp_path: Path) -> None:
    refusal = rf"in use by another Quarterdeck \(process {os.getpid()}\)"

    with locked_folder(tmp_path), pytest.raises(SetupError, match=refusal), locked_folder(tmp_path):
        pass


def test_a_folder_is_free_again_when_its_process_was_killed(tmp_path: Path) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from quarterdeck.storage.folder import locked_folder\n"
        f"with locked_folder(Path({str(tmp_path)!r})): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        killed.stdout.readline()
        with pytest.raises(SetupError), locked_folder(tmp_path):
            pass
        killed.kill()

    with locked_folder(tmp_path) as home:
        assert home == tmp_path


def test_a_file_in_the_way_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")

    with pytest.raises(SetupError, match=r"cannot be written: .*`QUARTERDECK_HOME`"), locked_folder(tmp_path / "home"):
        pass

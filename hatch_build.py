"""Builds the web UI into the package: when a wheel is made, on `pip install -e .`, and by `python hatch_build.py`.

`QUARTERDECK_UI_BUILD` says how serious it is: `auto` builds where it can and warns where it cannot, `require` stops,
`skip` leaves things as they are. What is built carries the hash of its sources, so nothing is built twice.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent
WEB = ROOT / "web"
OUT = ROOT / "src" / "quarterdeck" / "server" / "web"

NODE_NEEDED = (20, 19)


class NotBuilt(Exception):
    """Why the UI could not be built, and what to do."""


def provide(mode: str, web: Path = WEB, out: Path = OUT) -> None:
    """Have the UI in the package, as far as `mode` asks for it."""
    if mode not in ("auto", "require", "skip"):
        raise SystemExit(f"QUARTERDECK_UI_BUILD is `{mode}`. It can be `auto`, `require` or `skip`.")
    if mode == "skip":
        return
    try:
        build(web, out)
    except NotBuilt as problem:
        if mode == "require":
            raise SystemExit(f"The web UI is not built. {problem}") from problem
        print(f"warning: the web UI is not built, the server says so until it is. {problem}", file=sys.stderr)


def build(web: Path, out: Path) -> None:
    """Build `web` into `out`, unless that is what is there. What was there stays until the new is whole."""
    if not (web / "package.json").exists():
        if (out / "index.html").exists():
            return  # a package without sources brings its UI along
        raise NotBuilt(f"There are no sources in {web}.")
    sources = _hash_of(web)
    stamp = out / ".stamp"
    if stamp.exists() and stamp.read_text() == sources and (out / "index.html").exists():
        return
    npm = _npm()
    print("Building the web UI (about half a minute, only when it changed)", file=sys.stderr, flush=True)
    _install(npm, web)
    fresh = web / "node_modules" / ".quarterdeck-ui"  # on the same disk as `out`, and never in git
    shutil.rmtree(fresh, ignore_errors=True)
    _run([npm, "run", "--silent", "build", "--", "--outDir", str(fresh), "--emptyOutDir"], web)
    if not (fresh / "index.html").exists():
        raise NotBuilt(f"The build left no index.html in {fresh}.")
    (fresh / ".stamp").write_text(sources)
    _swap(fresh, out)


def _swap(fresh: Path, out: Path) -> None:
    old = fresh.with_name(".quarterdeck-ui-old")
    shutil.rmtree(old, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists():
        out.rename(old)
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def _install(npm: str, web: Path) -> None:
    """`npm ci`, unless what is installed is what the lock says."""
    installed, lock = web / "node_modules" / ".quarterdeck-lock", web / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if installed.exists() and installed.read_text() == wanted:
        return
    _run([npm, "ci", "--no-audit", "--no-fund"], web)
    installed.parent.mkdir(exist_ok=True)
    installed.write_text(wanted)


def _npm() -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    needed = ".".join(map(str, NODE_NEEDED))
    if node is None or npm is None:
        raise NotBuilt(
            f"It needs Node {needed} or newer with npm, and there is none on the PATH. Install it and run `make web`."
        )
    found = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(int(part) for part in found.removeprefix("v").split(".")[:2]) < NODE_NEEDED:
        raise NotBuilt(
            f"It needs Node {needed} or newer, and {node} is {found}. Install a newer one and run `make web`."
        )
    return npm


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        last = "\n".join(done.stdout.strip().splitlines()[-25:])
        raise NotBuilt(f"`{' '.join(['npm', *command[1:3]])}` failed in {folder}:\n{last}")


def _hash_of(web: Path) -> str:
    total = hashlib.sha256()
    for folder, names, files in os.walk(web):
        names[:] = sorted(set(names) - {"node_modules"})
        for file in sorted(files):
            path = Path(folder, file)
            total.update(path.relative_to(web).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def mode() -> str:
    return os.environ.get("QUARTERDECK_UI_BUILD", "auto")


# `make web` runs this file before anything is installed, so also without the build back end.
if importlib.util.find_spec("hatchling"):
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    class UiHook(BuildHookInterface[Any]):
        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            provide(mode())


if __name__ == "__main__":
    provide(mode())

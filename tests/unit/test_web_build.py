"""The build hook of the web UI, tried with real npm on a project of three files."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node with npm on the PATH")


@pytest.fixture
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A UI whose build copies `page.html`, and whose installation and builds leave a mark each."""
    web = tmp_path / "web"
    web.mkdir()
    package = {
        "name": "tiny",
        "version": "1.0.0",
        "scripts": {
            "build": "node build.mjs",
            "postinstall": "node -e \"require('fs').appendFileSync('../installs', '.')\"",
        },
    }
    lock = {
        "name": "tiny",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {"": {"name": "tiny", "version": "1.0.0"}},
    }
    (web / "package.json").write_text(json.dumps(package))
    (web / "package-lock.json").write_text(json.dumps(lock))
    (web / "page.html").write_text("first")
    (web / "build.mjs").write_text(
        "import { appendFileSync, copyFileSync, mkdirSync } from 'node:fs';\n"
        "const out = process.argv[process.argv.indexOf('--outDir') + 1];\n"
        "mkdirSync(out, { recursive: true });\n"
        "copyFileSync('page.html', `${out}/index.html`);\n"
        "appendFileSync('../builds', '.');\n"
    )
    return web


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "package" / "web"


def times(web: Path, what: str) -> int:
    mark = web.parent / what
    return len(mark.read_text()) if mark.exists() else 0


@needs_npm
def test_the_ui_is_built_once_and_again_only_when_a_source_has_changed(hook: ModuleType, web: Path, out: Path) -> None:
    hook.provide("require", web, out)
    hook.provide("require", web, out)
    assert (out / "index.html").read_text() == "first"
    assert times(web, "builds") == 1

    (web / "page.html").write_text("second")
    hook.provide("require", web, out)

    assert (out / "index.html").read_text() == "second"
    assert times(web, "builds") == 2


@needs_npm
def test_packages_are_installed_again_only_when_the_lock_has_changed(hook: ModuleType, web: Path, out: Path) -> None:
    hook.provide("require", web, out)
    (web / "page.html").write_text("second")
    hook.provide("require", web, out)
    assert times(web, "installs") == 1

    lock = web / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    hook.provide("require", web, out)

    assert times(web, "installs") == 2


@needs_npm
def test_a_build_that_fails_half_way_leaves_the_old_ui_whole(
    hook: ModuleType, web: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hook.provide("require", web, out)
    (web / "page.html").write_text("broken")
    with (web / "build.mjs").open("a") as build:
        build.write("console.error('no such colour: mauve');\nprocess.exit(3);\n")

    hook.provide("auto", web, out)

    assert (out / "index.html").read_text() == "first"
    assert "no such colour: mauve" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="no such colour: mauve"):
        hook.provide("require", web, out)


def test_without_node_it_says_what_is_missing_and_goes_on(
    hook: ModuleType, web: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")

    hook.provide("auto", web, out)

    assert not out.exists()
    assert "It needs Node 20.19 or newer" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="make web"):
        hook.provide("require", web, out)


def test_skip_touches_nothing_and_a_wrong_mode_is_named(hook: ModuleType, web: Path, out: Path) -> None:
    hook.provide("skip", web, out)

    assert not out.exists()
    with pytest.raises(SystemExit, match="`auto`, `require` or `skip`"):
        hook.provide("maybe", web, out)


def test_a_package_that_brings_its_ui_along_needs_no_sources(hook: ModuleType, tmp_path: Path, out: Path) -> None:
    out.mkdir(parents=True)
    (out / "index.html").write_text("built elsewhere")

    hook.provide("require", tmp_path / "nowhere", out)

    assert (out / "index.html").read_text() == "built elsewhere"


def test_it_runs_without_the_build_back_end() -> None:
    # `-I -S`: no site packages, as in a fresh virtual environment.
    command = [sys.executable, "-I", "-S", str(ROOT / "hatch_build.py")]

    done = subprocess.run(command, env={"QUARTERDECK_UI_BUILD": "skip"}, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr

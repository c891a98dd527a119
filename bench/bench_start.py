"""How soon Quarterdeck is there and how little it takes: `--help`, ready, idle memory, first paint, size."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench import install_size

ROOT = Path(__file__).parents[1]
WEB = ROOT / "src" / "quarterdeck" / "server" / "web"
COMMAND = [sys.executable, "-m", "quarterdeck"]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> None:
    """Print each figure beside the number it has to stay under."""
    figures: list[tuple[str, float, str, float]] = [
        ("quarterdeck --help, median of 9", _help_ms(), "ms", 200),
        ("installed size of the base package", _size_mb(), "MB", 500),
        ("entry JS + CSS, gzipped", _entry_kb(), "kB", 220),
    ]
    with tempfile.TemporaryDirectory() as home:
        for name in ("first start until ready", "second start until ready"):
            with _server(Path(home)) as (process, ready_s, url):
                figures.append((name, ready_s, "s", 3))
                time.sleep(3)
                figures.append(("idle memory after " + name.split()[0] + " start", _memory_mb(process.pid), "MB", 300))
                if name.startswith("second") and (paint := _first_paint_s(url)) is not None:
                    figures.append(("UI first contentful paint, cold browser", paint, "s", 1.5))
    for label, value, unit, limit in figures:
        print(f"{label:45} {value:9.2f} {unit:3} (limit {limit:g})")


def _help_ms() -> float:
    times = []
    for _ in range(9):
        start = time.perf_counter()
        subprocess.run([*COMMAND, "--help"], check=True, capture_output=True)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def _size_mb() -> float:
    return sum(install_size.size_mb(package) for package in install_size.base_packages().values())


def _entry_kb() -> float:
    """What `index.html` asks for at once."""
    page = (WEB / "index.html").read_text()
    names = [part.split('"')[0] for part in page.replace('href="', 'src="').split('src="')[1:]]
    files = [WEB / name.removeprefix("./").lstrip("/") for name in names if name.endswith((".js", ".css"))]
    return sum(len(gzip.compress(file.read_bytes())) for file in files) / 1000


@contextmanager
def _server(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], float, str]]:
    start = time.perf_counter()
    environment = {**os.environ, "QUARTERDECK_HOME": str(home), "QUARTERDECK_PORT": "0"}
    process = subprocess.Popen([*COMMAND, "up"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                session = json.loads((home / "session.json").read_text())
                if session["pid"] == process.pid:
                    with urllib.request.urlopen(session["url"] + "/readyz", timeout=1):
                        break
            except (OSError, ValueError):
                time.sleep(0.01)
            if process.poll() is not None or time.perf_counter() - start > 60:
                raise SystemExit("the server did not start")
        yield process, time.perf_counter() - start, session["url"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40)


def _memory_mb(pid: int) -> float:
    process = psutil.Process(pid)
    return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)]) / 1e6


def _first_paint_s(url: str) -> float | None:
    chromium = os.environ.get("QUARTERDECK_TEST_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page()
        page.goto(url + "/login")
        page.get_by_role("textbox").first.wait_for()
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        browser.close()
    return float(paint) / 1000


if __name__ == "__main__":
    main()

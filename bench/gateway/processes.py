"""Processes under measurement: started on a core of their own, and read from outside, with all their children."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import psutil


class Process:
    """One running program, pinned to one core."""

    def __init__(self, command: Sequence[str], *, core: int, log: Path, **variables: str) -> None:
        self.began = time.perf_counter()
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={"PATH": os.environ["PATH"], "HOME": str(log.parent), "PYTHONDONTWRITEBYTECODE": "", **variables},
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            start_new_session=True,
        )
        self._log_path = log

    def first_line(self) -> str:
        """What it says first."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode().strip()
        if not line:
            raise SystemExit(f"It said nothing: {self._log_path.read_text()[-3000:]}")
        return line

    def cpu_s(self) -> float:
        """CPU time used so far, user and system, of the whole tree."""
        times = [each.cpu_times() for each in self._tree()]
        return sum(each.user + each.system for each in times)

    def memory_mb(self) -> float:
        """Resident memory of the whole tree."""
        return float(sum(each.memory_info().rss for each in self._tree())) / 2**20

    def until_ready(self, url: str, body: bytes | None, headers: dict[str, str], timeout_s: float = 60.0) -> float:
        """Ask until it answers; the seconds that took since its start."""
        while time.perf_counter() - self.began < timeout_s:
            if self._process.poll() is not None:
                raise SystemExit(f"It has ended: {self._log_path.read_text()[-3000:]}")
            try:
                urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30).close()
            except (OSError, urllib.error.URLError) as error:
                last = error
                time.sleep(0.02)
            else:
                return time.perf_counter() - self.began
        raise SystemExit(f"Not ready after {timeout_s:g} s ({last}): {self._log_path.read_text()[-3000:]}")

    def stop(self) -> None:
        """End it, and all that it started."""
        tree = self._tree()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        for each in tree:
            if each.is_running() and each.pid != self._process.pid:
                each.send_signal(signal.SIGKILL)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    def _tree(self) -> list[psutil.Process]:
        root = psutil.Process(self._process.pid)
        return [root, *root.children(recursive=True)]

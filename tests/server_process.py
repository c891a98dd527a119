"""The real server in a process of its own, for tests that need a door, a kill or a restart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ADMIN_KEY = "sk-qd-tests-9f3kq27xw8m4h6zv1c5tb0yd"


@dataclass
class ServerProcess:
    """`quarterdeck up` on a free port, with its own data folder. Start it, use it, kill it, start it again."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    wrapper: tuple[str, ...] = ()
    """A command that runs the server, as `nice` does."""
    admin_key: str = ADMIN_KEY
    url: str = ""
    ready_after_s: float = 0.0
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, patience_s: float = 60.0) -> ServerProcess:
        """Start it and return when it is ready."""
        began = time.monotonic()
        self.begin()
        while not self._is_ready():
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"The server ended with {self.process.returncode}:\n{self.log()}")
            assert time.monotonic() - began < patience_s, f"The server did not become ready:\n{self.log()}"
            time.sleep(0.02)
        self.ready_after_s = time.monotonic() - began
        return self

    def begin(self) -> subprocess.Popen[bytes]:
        """Start it and do not wait."""
        self.home.parent.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as log:
            self.process = subprocess.Popen(self.command(), env=self.environment(), stdout=log, stderr=log)
        return self.process

    def command(self) -> list[str]:
        """What is run."""
        return [*self.wrapper, sys.executable, "-m", "quarterdeck", "up", *self.arguments]

    def environment(self) -> dict[str, str]:
        """The variables a process needs to be, or to find, this server. Nothing of the developer's own leaks in."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH")
        }
        ours = {"HOME": str(self.home), "PORT": "0", "ADMIN_KEY": self.admin_key}
        return kept | {f"QUARTERDECK_{name}": value for name, value in ours.items()} | self.variables

    def client(self, key: str | None = None, **options: object) -> httpx.Client:
        """An HTTP client of this server; the administrator's unless another key is given."""
        headers = {"authorization": f"Bearer {key or self.admin_key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False, **options)  # type: ignore[arg-type]

    def kill(self) -> None:
        """As a power cut would: `kill -9`."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As an operator would: SIGTERM. Returns the exit code."""
        return self._end(signal.SIGTERM)

    def log(self) -> str:
        """Everything it has said."""
        return self._log_path.read_text() if self._log_path.exists() else ""

    @property
    def _log_path(self) -> Path:
        return self.home.with_name(self.home.name + ".log")

    def _is_ready(self) -> bool:
        assert self.process is not None
        try:
            session = json.loads((self.home / "session.json").read_text())
            self.url = session["url"]
            return session["pid"] == self.process.pid and httpx.get(f"{self.url}/readyz", trust_env=False).is_success
        except (OSError, ValueError, httpx.TransportError):
            return False

    def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=60)

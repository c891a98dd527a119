"""What the main process hands to a worker when it starts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.config.settings import Settings


class Handoff(msgspec.Struct, frozen=True):
    """All that a worker cannot find out by itself. Sent over its standard input: it holds secrets."""

    number: int
    listening: int
    """The file descriptor of its socket."""
    sockets: str
    """The folder of the sockets through which it reaches the main process."""
    local_key: str
    settings: dict[str, Any]  # Any: settings by name
    workers: int

    def read_settings(self) -> Settings:
        """The settings of the main process."""
        found = {**self.settings, "home": Path(self.settings["home"])}
        return Settings(**found)

    def path(self, name: str) -> Path:
        """One of the sockets: `control`, `spans`, `counters`, `http`."""
        return Path(self.sockets) / name

"""The live objects of a process: built once by the wiring, handed to every request and job."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import aiohttp

from quarterdeck.config.settings import Settings
from quarterdeck.core.events import Events
from quarterdeck.storage.blobs import Blobs
from quarterdeck.storage.database import Database
from quarterdeck.storage.vault import Vault

T = TypeVar("T")


class Runtime:
    """What every room may use. Parts that rooms above define (a span store, an embedder) are asked for by contract."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        blobs: Blobs,
        vault: Vault,
        events: Events,
        http: aiohttp.ClientSession,
    ) -> None:
        self.settings = settings
        self.database = database
        self.blobs = blobs
        self.vault = vault
        self.events = events
        self.http = http
        self._parts: dict[type, object] = {}

    @property
    def home(self) -> Path:
        """The data folder."""
        return self.settings.home

    def install(self, contract: type[T], part: T) -> T:
        """Make `part` the one that `part(contract)` returns. Only the wiring calls this."""
        self._parts[contract] = part
        return part

    def find(self, contract: type[T]) -> T | None:
        """The live object that fulfils a contract, where there may be none."""
        part = self._parts.get(contract)
        return part if isinstance(part, contract) else None

    def part(self, contract: type[T]) -> T:
        """The live object that fulfils a contract."""
        part = self._parts.get(contract)
        if not isinstance(part, contract):
            raise LookupError(f"The wiring installed no {contract.__name__}.")
        return part

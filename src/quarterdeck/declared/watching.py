"""The file of `quarterdeck up --config`: applied at the start, and anew whenever it or what it refers to has changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from quarterdeck.access.keyring import Keyring
from quarterdeck.core import clock
from quarterdeck.core.errors import QuarterdeckError, SetupError
from quarterdeck.declared import applying, reading
from quarterdeck.declared.records import SecretsChanged, WatchedFile
from quarterdeck.runtime.runtime import Runtime
from quarterdeck.runtime.work import Work

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
_Stamp = tuple[tuple[str, int, int], ...]


class Watch:
    """One file, or none. A broken edit is said, and leaves what was applied before."""

    def __init__(self, runtime: Runtime, file: str | None, environment: Mapping[str, str]) -> None:
        self._runtime = runtime
        self._path = path = None if file is None else Path(file).absolute()
        self._environment = environment
        self._applying = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._seen: _Stamp = ()
        self.state = WatchedFile(None if path is None else str(path), "none")

    async def open(self) -> None:
        """Apply the file, which must be right at the start; from then on look at it every second."""
        if self._path is None:
            return
        self._seen = await asyncio.to_thread(_stamp, self._path)
        await self.apply()
        if self.state.state == "broken":
            raise SetupError(f"The configuration cannot be applied.\n{self.state.error}")
        self._runtime.events.subscribe(SecretsChanged, self._secrets_changed)
        self._task = asyncio.create_task(self._look_for_ever())

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def apply(self) -> None:
        """Apply the file as it is now; when that cannot be done, say why, and keep what holds."""
        if self._path is None:
            return
        async with self._applying:
            try:
                declaration = await asyncio.to_thread(reading.read_file, self._path, self._environment)
                actor = self._runtime.part(Keyring).administrator("admin", name=self._path.name)
                work = Work(runtime=self._runtime, actor=actor)
                done = await applying.apply(work, declaration, source=self._path.name, prune=True)
            except QuarterdeckError as error:
                self.state = replace(self.state, state="broken", error=error.message)
                log.error("%s cannot be applied; what was applied before holds.\n%s", self._path, error.message)
                return
            self.state = WatchedFile(
                str(self._path), "applied", None, clock.iso(clock.now()), changes=len(done.changes)
            )
            log.info("applied %s: %d changed, %d unchanged", self._path, len(done.changes), done.unchanged)
            for key in done.made_keys:
                log.warning(
                    "made the key `%s` of the project `%s`; `quarterdeck keys rotate` gives it a secret that you can read",
                    key.name,
                    key.project,
                )

    async def look(self) -> None:
        """Apply the file if it is not what it was."""
        if self._path is None:
            return
        stamp = await asyncio.to_thread(_stamp, self._path)
        if stamp != self._seen:
            self._seen = stamp
            await self.apply()

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                await self.look()
            except Exception:
                log.exception("the configuration file could not be looked at")

    async def _secrets_changed(self, _event: SecretsChanged) -> None:
        await self.apply()


def _stamp(path: Path) -> _Stamp:
    """What tells that the file, or one that it refers to, is another than before. Symbolic links are followed."""
    found = []
    for one in (path, *reading.referred_files(path)):
        try:
            state = one.stat()
        except OSError:
            found.append((str(one), 0, 0))
        else:
            found.append((str(one), state.st_mtime_ns, state.st_size))
    return tuple(found)

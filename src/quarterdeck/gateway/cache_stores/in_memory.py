"""Answers in the memory of one process: the least recently used go first; neither count nor bytes grow without bound."""

from __future__ import annotations

from collections import OrderedDict

from quarterdeck.core import clock
from quarterdeck.gateway.cache_store import CacheContents, CacheStore, Entry, Purge

MOST_BYTES = 64 * 1024 * 1024
_LARGEST_ENTRY = 1024 * 1024


class InMemoryCache(CacheStore):
    """The store of a single process."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.bytes = 0
        self._most_bytes = most_bytes
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()

    async def get(self, key: bytes) -> Entry | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires_ns <= clock.monotonic_ns():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: bytes, entry: Entry) -> None:
        if entry.size > _LARGEST_ENTRY:
            return
        self._drop(key)
        self._entries[key] = entry
        self.bytes += entry.size
        while self.bytes > self._most_bytes:
            self._drop(next(iter(self._entries)))

    async def purge(self, which: Purge) -> int:
        found = [key for key, entry in self._entries.items() if which.takes(entry)]
        for key in found:
            self._drop(key)
        return len(found)

    async def contents(self, project_id: str) -> CacheContents:
        sizes = [entry.size for entry in self._entries.values() if entry.root.project_id == project_id]
        return CacheContents(len(sizes), sum(sizes))

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry.size

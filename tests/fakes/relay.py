"""A wire between a client and the server that stops carrying after so many uploads, as a network does that hangs."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx


@dataclass
class Relay:
    """Carries bytes both ways until `most_uploads` have begun; then it sets `hangs` and carries nothing more."""

    server: httpx.URL
    most_uploads: int
    url: str = ""
    hangs: threading.Event = field(default_factory=threading.Event)
    _uploads: int = 0
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def accept_from(self, listening: socket.socket) -> None:
        """Serve until the socket is closed."""
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                server = socket.create_connection((self.server.host, self.server.port or 80))
                for source, target, counts in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._carry, args=(source, target, counts), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                if counts and self._is_one_too_many(piece):
                    self.hangs.set()
                    return
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def _is_one_too_many(self, piece: bytes) -> bool:
        with self._counting:
            self._uploads += piece.count(b"PUT /")
            return self._uploads > self.most_uploads


@contextmanager
def relay(server_url: str, *, most_uploads: int) -> Iterator[Relay]:
    """A relay in front of a server, on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Relay(httpx.URL(server_url), most_uploads, url=f"http://127.0.0.1:{listening.getsockname()[1]}")
        threading.Thread(target=made.accept_from, args=(listening,), daemon=True).start()
        yield made

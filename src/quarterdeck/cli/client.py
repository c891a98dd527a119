"""Speaks HTTP with a Quarterdeck server, with nothing but the standard library, so that commands start fast."""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from quarterdeck import __version__
from quarterdeck.cli.exits import Unreachable, WrongUse, error_from

Json = Any
"""What the API answered. Any: its schema is the server's OpenAPI; each command names the few fields it shows."""

CONNECT_TIMEOUT_S = 5.0
SILENCE_TIMEOUT_S = 120.0
"""The longest wait for the next bytes of an answer."""


@dataclass(frozen=True)
class Stream:
    """A streamed answer: its headers at once, its events as they come."""

    headers: Mapping[str, str]
    events: Iterator[Json]


class Client:
    """One server, one key. Each thread has its own connection, kept open between requests."""

    def __init__(self, url: str, key: str, *, project: str | None = None, timeout_s: float = SILENCE_TIMEOUT_S) -> None:
        self.url = url.rstrip("/")
        self._parts = _parts(url)
        self._timeout_s = timeout_s
        self._headers = {"authorization": f"Bearer {key}", "user-agent": f"quarterdeck/{__version__}"}
        if project is not None:
            self._headers["x-quarterdeck-project"] = project
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []
        self._cut_off = False

    def get(self, path: str, **query: object) -> Json:
        """Read something."""
        return self._exchange("GET", _address(path, query))

    def post(self, path: str, body: Json = None) -> Json:
        """Make something."""
        return self._exchange("POST", path, {} if body is None else body)

    def put(self, path: str, body: Json, **query: object) -> Json:
        """Set something."""
        return self._exchange("PUT", _address(path, query), body)

    def patch(self, path: str, body: Json, **query: object) -> Json:
        """Change some of a thing."""
        return self._exchange("PATCH", _address(path, query), body)

    def upload(self, address: str, content: bytes, **query: object) -> Json:
        """Send a file as it is."""
        return self._exchange("PUT", _address(address, query), content)

    def post_file(self, path: str, name: str, content: bytes, **fields: str) -> Json:
        """Send a file in a form, as browsers and OpenAI's clients do."""
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in fields.items()
        ]
        quoted = name.replace('"', "%22").replace("\r", " ").replace("\n", " ")
        start = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'
        body = "".join(parts).encode() + start.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        response = self._send("POST", path, body, {"content-type": f"multipart/form-data; boundary={boundary}"})
        answer = _read(response)
        if response.status >= 400:
            raise error_from(response.status, answer)
        return json.loads(answer)

    def content(self, path: str) -> bytes:
        """Read something that is no JSON, as it is."""
        response = self._send("GET", path, None, {})
        answer = _read(response)
        if response.status >= 400:
            raise error_from(response.status, answer)
        return answer

    def delete(self, path: str, **query: object) -> Json:
        """Take something away."""
        return self._exchange("DELETE", _address(path, query))

    def items(self, path: str, **query: object) -> Json:
        """All pages of a list as one page."""
        page = self.get(path, **query)
        items = list(page["items"])
        while cursor := page.get("next_cursor"):
            page = self.get(path, **query, cursor=cursor)
            items += page["items"]
        return {**page, "items": items, "next_cursor": None}

    def stream(self, path: str, body: Json, headers: Mapping[str, str] | None = None) -> Stream:
        """Ask for an answer that comes in pieces. An error before the first piece is raised here."""
        response = self._send("POST", path, json.dumps(body).encode(), {**(headers or {}), "content-type": _JSON})
        if response.status >= 400:
            raise error_from(response.status, _read(response))
        return Stream(headers=_lower(response.headers), events=self._events(response))

    def close(self) -> None:
        """Hang up, in all threads."""
        self._hang_up()
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    def cut_off(self) -> None:
        """End whatever any thread is waiting for, for good: its call fails now and not after the timeout."""
        self._cut_off = True
        for connection in list(self._connections):
            with suppress(OSError, AttributeError):  # not connected yet, or not any more
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _hang_up(self) -> None:
        """Give up this thread's connection; the next request makes another."""
        connection = self._local.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()

    def _exchange(self, method: str, path: str, body: Json = None) -> Json:
        headers = {}
        content: bytes | None = None
        if isinstance(body, bytes):
            content, headers = body, {"content-type": "application/octet-stream"}
        elif body is not None:
            content, headers = json.dumps(body).encode(), {"content-type": _JSON}
        response = self._send(method, path, content, headers)
        answer = _read(response)
        if response.will_close:
            self._hang_up()
        if response.status >= 400:
            raise error_from(response.status, answer)
        if not answer:
            return None
        try:
            return json.loads(answer)
        except ValueError as error:
            raise Unreachable(
                f"`{self.url}` answered, but not as a Quarterdeck server does. Check the address."
            ) from error

    def _send(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        # A POST never rides on an old connection: if that one was cut, it could not be sent again without care.
        if method == "POST":
            self._hang_up()
        while True:
            reused = "connection" in self._local.__dict__
            try:
                return self._attempt(method, path, content, headers)
            except (OSError, http.client.HTTPException) as error:
                self._hang_up()
                if not reused or self._cut_off or isinstance(error, TimeoutError):
                    raise self._unreachable(error) from error

    def _attempt(
        self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        connection = self._connection()
        # A server that refuses a large body answers, and hangs up, before it has read it all: the answer is there.
        with suppress(BrokenPipeError):
            connection.request(method, self._parts.path.rstrip("/") + path, content, {**self._headers, **headers})
        return connection.getresponse()

    def _connection(self) -> http.client.HTTPConnection:
        if "connection" not in self._local.__dict__:
            kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
            connection = kind(
                str(self._parts.hostname), self._parts.port, timeout=min(CONNECT_TIMEOUT_S, self._timeout_s)
            )
            connection.connect()
            connection.sock.settimeout(self._timeout_s)
            self._local.connection = connection
            self._connections.append(connection)
        opened: http.client.HTTPConnection = self._local.connection
        return opened

    def _events(self, response: http.client.HTTPResponse) -> Iterator[Json]:
        ended = False
        try:
            while line := response.readline():
                if not line.startswith(b"data:"):
                    continue
                event = line[5:].strip()
                if event == b"[DONE]":
                    ended = True
                    break
                piece = json.loads(event)
                if "error" in piece:
                    raise error_from(502, event)
                yield piece
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            self._hang_up()
        if not ended:
            raise Unreachable(f"The answer of `{self.url}` broke off. Ask again; the trace shows how far it came.")

    def _unreachable(self, error: Exception) -> Unreachable:
        if isinstance(error, TimeoutError):
            return Unreachable(
                f"The server at `{self.url}` does not answer in time. `quarterdeck doctor` looks into it."
            )
        if isinstance(error, ConnectionRefusedError):
            return Unreachable(f"No server answers at `{self.url}`. Start it with `quarterdeck up`.")
        cause = str(error) or type(error).__name__
        return Unreachable(
            f"The server at `{self.url}` cannot be reached: {cause}. Check the address, or `quarterdeck doctor`."
        )


_JSON = "application/json"


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0:
            return parts
    except ValueError:  # a port that is no number, a bracket too many
        pass
    raise WrongUse(f"`{url}` is no address of a server. One looks like `http://127.0.0.1:4321`.")


def _address(path: str, query: Mapping[str, object]) -> str:
    given = {name.rstrip("_"): _plain(value) for name, value in query.items() if value not in (None, ())}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def _plain(value: object) -> str | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(str(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable("The server hung up in the middle of its answer. Try again.") from error


def _lower(headers: http.client.HTTPMessage) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}

"""How fast the gateway is: requests per second and CPU per request, against a direct call to the same fake provider.

    python bench/bench_gateway.py [--seconds 5] [--connections 32]

Three processes: the real server (`quarterdeck up`, key check and durable records on) pinned to one core; the provider
and the load generator on another. CPU per request is that of the whole server process, with the thread that stores
spans. Raw results go to `bench/results/`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import psutil
import uvloop

ADMIN_KEY = "sk-qd-bench-7m2kq9xw4h8v6zc1t5bd3fyg"
RESULTS = Path(__file__).parent / "results"
RUN = os.urandom(4).hex()
CHUNKS = 100
MESSAGE = "Name the capital of France and say in one sentence what it is known for. " * 6
COMPLETION = json.dumps(
    {
        "id": "chatcmpl-B0000000000000000000000000000",
        "object": "chat.completion",
        "created": 1_763_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Paris, known for the Eiffel Tower. " * 8, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 70,
            "total_tokens": 170,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
        "service_tier": "default",
    }
).encode()


@dataclass
class Measured:
    """One load, measured from outside and on the server's clock of CPU time."""

    scenario: str
    target: str
    requests: int
    seconds: float
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms_per_request: float | None
    memory_mb: float | None


# --- the provider ---------------------------------------------------------------------------------------------


def chunk(delta: dict[str, str], finish: str | None = None, **more: object) -> bytes:
    said = {
        "id": "chatcmpl-B0000000000000000000000000000",
        "object": "chat.completion.chunk",
        "created": 1_763_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "service_tier": "default",
        "system_fingerprint": "fp_44709d6fcb",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        "usage": None,
        **more,
    }
    data = b"data: " + json.dumps(said, separators=(",", ":")).encode() + b"\n\n"
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


USAGE = {"prompt_tokens": 100, "completion_tokens": CHUNKS, "total_tokens": 100 + CHUNKS}
STREAM = [
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
    + chunk({"role": "assistant", "content": ""}),
    *[chunk({"content": " word"})] * (CHUNKS - 3),
    chunk({}, "stop"),
    chunk({}, choices=[], usage=USAGE),
    b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n",
]
PLAIN = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(COMPLETION) + COMPLETION
)


class Provider(asyncio.Protocol):
    """Answers as fast as Python can: what is measured is the gateway."""

    def __init__(self, pace_s: float) -> None:
        self._pace_s = pace_s
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if not found or len(body) < length:
            return
        self._received = b""
        if b'"stream":true' in body or b'"stream": true' in body:
            self._send(0)
        else:
            self._transport.write(PLAIN)

    def _send(self, number: int) -> None:
        # One chunk per turn of the loop, so that chunks travel alone, as a model's tokens do.
        if self._transport.is_closing():
            return
        self._transport.write(STREAM[number])
        if number + 1 < len(STREAM):
            again: Callable[[], object] = lambda: self._send(number + 1)  # noqa: E731
            if self._pace_s:
                self._loop.call_later(self._pace_s, again)
            else:
                self._loop.call_soon(again)


async def provide(pace_s: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Provider(pace_s), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# --- the load -------------------------------------------------------------------------------------------------


class Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered. Every question is new, so no cache can help."""

    asked = 0

    def __init__(self, head: bytes, stream: bool, durations: list[float]) -> None:
        self._head = head
        self._stream = stream
        self._durations = durations
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.ask()

    def ask(self) -> None:
        Client.asked += 1
        content = f"{RUN} {Client.asked:09d} {MESSAGE}"
        body = json.dumps({"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": content}]}).encode()
        if self._stream:
            body = body[:-1] + b',"stream":true}'
        self._began = time.perf_counter()
        self._transport.write(self._head + b"content-length: %d\r\n\r\n" % len(body) + body)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._is_whole():
            if not self._received.startswith(b"HTTP/1.1 200"):
                os.write(2, self._received[:2000])
                os._exit(1)  # an exception in a callback would only be logged
            self._durations.append(time.perf_counter() - self._began)
            self._received.clear()
            self.ask()

    def _is_whole(self) -> bool:
        if self._stream:
            return self._received.endswith(b"0\r\n\r\n") and b"data: [DONE]" in self._received
        head, found, body = bytes(self._received).partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return bool(found) and len(body) >= int(length or 0)


async def load(port: int, stream: bool, connections: int, seconds: float) -> list[float]:
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {ADMIN_KEY}\r\n"
        "content-type: application/json\r\n"
    ).encode()
    durations: list[float] = []
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Client(head, stream, durations), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    for transport, _ in opened:
        transport.abort()
    return durations


# --- the run --------------------------------------------------------------------------------------------------


def measure(
    scenario: str, target: str, port: int, stream: bool, options: argparse.Namespace, server: int | None
) -> Measured:
    asked = [sys.executable, __file__, "--role", "load", "--port", str(port), "--connections", str(options.connections)]
    asked += ["--stream"] if stream else []
    process = psutil.Process(server) if server else None
    before = process.cpu_times() if process else None
    with tempfile.NamedTemporaryFile("r") as found:
        asked += ["--seconds", str(options.seconds), "--out", found.name]
        done = subprocess.run(asked, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        durations = sorted(json.load(found))
    time.sleep(1.0)  # the spans of the last requests are still being stored: that work is theirs
    cpu = None
    if process and before:
        after = process.cpu_times()
        cpu = (after.user + after.system - before.user - before.system) * 1000 / len(durations)
    return Measured(
        scenario=scenario,
        target=target,
        requests=len(durations),
        seconds=options.seconds,
        per_second=len(durations) / options.seconds,
        p50_ms=durations[len(durations) // 2] * 1000,
        p99_ms=durations[int(len(durations) * 0.99)] * 1000,
        cpu_ms_per_request=cpu,
        memory_mb=process.memory_info().rss / 2**20 if process else None,
    )


def started(command: list[str], core: int, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], **variables},
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )


def run(options: argparse.Namespace) -> list[Measured]:
    cores = sorted(os.sched_getaffinity(0))
    ours, theirs = cores[0], cores[-1]
    os.sched_setaffinity(0, {theirs})
    results: list[Measured] = []
    for pace_ms in (0.0, 5.0):
        provider = started([sys.executable, __file__, "--role", "provider", "--pace-ms", str(pace_ms)], theirs)
        assert provider.stdout is not None
        direct = int(provider.stdout.readline())
        with tempfile.TemporaryDirectory() as home:
            server, port = serve(home, direct, ours)
            try:
                warm = argparse.Namespace(seconds=1.0, connections=options.connections)
                measure("warm-up", "gateway", port, False, warm, server.pid)
                for stream in (True,) if pace_ms else (False, True):
                    shape = f"{CHUNKS}-chunk stream" if stream else "plain"
                    scenario = f"{shape}, a chunk every {pace_ms:g} ms" if pace_ms else shape
                    results.append(measure(scenario, "direct", direct, stream, options, None))
                    results.append(measure(scenario, "gateway", port, stream, options, server.pid))
            finally:
                server.terminate()
                server.wait(30)
                provider.terminate()
                provider.wait(10)
    return results


def serve(home: str, provider_port: int, core: int) -> tuple[subprocess.Popen[str], int]:
    """The real server, ready."""
    server = started(
        [sys.executable, "-m", "quarterdeck", "up"],
        core,
        QUARTERDECK_HOME=str(Path(home) / "home"),
        QUARTERDECK_PORT="0",
        QUARTERDECK_ADMIN_KEY=ADMIN_KEY,
        OPENAI_API_KEY="sk-bench",
        OPENAI_BASE_URL=f"http://127.0.0.1:{provider_port}/v1",
    )
    session = Path(home) / "home" / "session.json"
    for _ in range(600):
        if session.exists() and (text := session.read_text()):
            url = json.loads(text)["url"]
            try:
                urllib.request.urlopen(f"{url}/readyz", timeout=5).close()
                return server, int(url.rpartition(":")[2])
            except OSError:
                pass
        time.sleep(0.05)
    raise SystemExit("The server did not become ready.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--role", choices=["run", "provider", "load"], default="run", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--out", default="", help=argparse.SUPPRESS)
    parser.add_argument("--pace-ms", type=float, default=0.0, help=argparse.SUPPRESS)
    parser.add_argument("--stream", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role == "provider":
        uvloop.run(provide(options.pace_ms / 1000))
    elif options.role == "load":
        durations = uvloop.run(load(options.port, options.stream, options.connections, options.seconds))
        Path(options.out).write_text(json.dumps(durations))
    else:
        report(run(options))


def report(results: list[Measured]) -> None:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"gateway-{time.strftime('%Y%m%d-%H%M%S')}.json"
    machine: dict[str, Any] = {"python": sys.version.split()[0], "cores": psutil.cpu_count(), "load": os.getloadavg()}
    path.write_text(json.dumps({"machine": machine, "results": [asdict(result) for result in results]}, indent=2))
    print(f"{'scenario':<40}{'target':<10}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms/req':>12}{'MB':>7}")
    for r in results:
        cpu = f"{r.cpu_ms_per_request:.3f}" if r.cpu_ms_per_request is not None else ""
        memory = f"{r.memory_mb:.0f}" if r.memory_mb is not None else ""
        print(f"{r.scenario:<40}{r.target:<10}{r.per_second:>9.0f}{r.p50_ms:>9.2f}{r.p99_ms:>9.2f}{cpu:>12}{memory:>7}")
    print(f"Raw results: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


if __name__ == "__main__":
    main()

"""What is measured of a gateway: throughput, CPU, tails under an open load, streams, translation, and what only ours has."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.gateway import wire
from bench.gateway.contenders import Contender
from bench.gateway.load import Load
from bench.gateway.measuring import Cores, Measured, measure, start_provider
from bench.gateway.processes import Process

_SHARE_OF_SATURATION = 0.7
_LARGE_PROMPT_BYTES = 400_000
_OURS = "quarterdeck"


@dataclasses.dataclass(frozen=True)
class Effort:
    """How long everything takes."""

    seconds: float
    warm_up_s: float
    soak_requests: int = 0


def measure_contender(contender: Contender, cores: Cores, effort: Effort, *, alone: bool) -> Iterator[Measured]:
    """Everything about one gateway, from its cold start to its memory; `alone` adds what is asked of ours only."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        provider, provider_port = start_provider(cores, folder)
        try:
            process = contender.start(folder, provider_port, cores.gateway)
            try:
                yield from _measure(contender, process, provider_port, cores, effort, alone=alone)
            finally:
                process.stop()
        finally:
            provider.stop()


def _measure(
    contender: Contender, process: Process, provider_port: int, cores: Cores, effort: Effort, *, alone: bool
) -> Iterator[Measured]:
    name = contender.name
    plain = Load(
        port=contender.port,
        path=contender.path,
        headers=contender.headers,
        model=contender.model,
        seconds=effort.seconds,
    )
    direct = msgspec.structs.replace(plain, port=provider_port, path="/v1/chat/completions", model="gpt-4o-mini")
    yield _cold_start(contender, process, plain)
    measure("warm-up", name, msgspec.structs.replace(plain, seconds=effort.warm_up_s), cores)

    saturated = measure("plain", name, plain, cores, process)
    yield saturated
    rate = saturated.per_second * _SHARE_OF_SATURATION
    yield measure("plain, 70 % load", "direct to " + name, _open(direct, rate), cores)
    yield measure("plain, 70 % load", name, _open(plain, rate), cores, process)

    stream, direct_stream = (msgspec.structs.replace(load, stream=True, connections=16) for load in (plain, direct))
    saturated = measure("stream", name, stream, cores, process)
    yield saturated
    rate = saturated.per_second * _SHARE_OF_SATURATION / 2
    yield measure("stream, 35 % load", "direct to " + name, _open(direct_stream, rate), cores)
    yield measure("stream, 35 % load", name, _open(stream, rate), cores, process)

    if contender.messages_path is not None:
        messages = msgspec.structs.replace(plain, path=contender.messages_path, shape="messages")
        yield measure("translated", name, messages, cores, process)
        if alone:
            streamed = msgspec.structs.replace(messages, stream=True, connections=16)
            yield measure("translated stream", name, streamed, cores, process)
    if alone:
        yield from _measure_ours(plain, process, provider_port, cores, effort)


def _measure_ours(
    plain: Load, process: Process, provider_port: int, cores: Cores, effort: Effort
) -> Iterator[Measured]:
    name = _OURS
    repeated = msgspec.structs.replace(plain, repeating=True)
    yield measure("cache hit", name, repeated, cores, process)
    yield measure("cache hit, 200 a second", name, _open(repeated, 200.0), cores, process)

    calm = _open(plain, 400.0)
    yield measure("neighbours, alone", name, calm, cores, process)
    yield from _beside_large_prompts(calm, plain, process, cores)

    done = 0
    while done < effort.soak_requests:
        load = msgspec.structs.replace(plain, requests=50_000, seconds=600.0)
        soaked = measure("soak", name, load, cores, process)
        done += soaked.requests
        yield dataclasses.replace(soaked, scenario=f"soak, after {done:,} requests")


def _beside_large_prompts(calm: Load, plain: Load, process: Process, cores: Cores) -> Iterator[Measured]:
    """Neighbours of 400 kB prompts: the same calm load, while somebody sends five of them a second."""
    large = msgspec.structs.replace(
        plain, per_second=5.0, text_bytes=_LARGE_PROMPT_BYTES, seconds=calm.seconds + 1.0, connections=4
    )
    sender = subprocess.Popen(
        [sys.executable, "-m", "bench.gateway.load"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert sender.stdin is not None
    sender.stdin.write(msgspec.json.encode(large))
    sender.stdin.close()
    time.sleep(0.5)
    yield measure("neighbours of 400 kB prompts", _OURS, calm, cores, process)
    sender.wait(60)


def _cold_start(contender: Contender, process: Process, plain: Load) -> Measured:
    body = wire.question(plain.model, 0, plain.shape, stream=False)
    headers = {"content-type": "application/json", **plain.headers}
    took = process.until_ready(f"http://127.0.0.1:{contender.port}{plain.path}", body, headers)
    return Measured("cold start", contender.name, 1, 0.0, None, took * 1000, took * 1000, None, process.cpu_s() * 1000,
                    process.memory_mb(), 0.0, 0)  # fmt: skip


def _open(load: Load, per_second: float) -> Load:
    return msgspec.structs.replace(load, per_second=per_second)

"""One gateway for all examples of a module, in a loop of its own; how many examples there are is a matter of the profile.

`HYPOTHESIS_PROFILE=thorough` tries fifty times as many: for the night, not for every push.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.upstream import FakeUpstream, fake_upstream
from tests.unit.gateway.conftest import Gateway, running_gateway

T = TypeVar("T")

_ALL = {
    "deadline": None,  # nothing here is about time
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    "print_blob": True,
}
settings.register_profile("bounded", settings(max_examples=60, derandomize=True, **_ALL))  # type: ignore[arg-type]
settings.register_profile("thorough", settings(max_examples=3000, **_ALL))  # type: ignore[arg-type]
BOUNDED = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "bounded"))
"""How many examples: a decorator of its own, so that the other tests of this run keep theirs."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # Any: JSON
        return msgspec.json.decode(self.body)


class Fuzzed:
    """A gateway that is asked without a network: what is tried is the reading, not the sockets."""

    def __init__(self, runner: asyncio.Runner, gateway: Gateway, upstream: FakeUpstream) -> None:
        self.gateway = gateway
        self.upstream = upstream
        self._runner = runner

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop of the gateway."""
        return self._runner.run(call)

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        """Send a body."""
        return self.run(self.ask("POST", path, body, headers))

    async def ask(self, method: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        """One request, as the server hands it over."""
        path, _, query = path.partition("?")
        given = {"authorization": f"Bearer {self.gateway.key}", "content-type": "application/json", **(headers or {})}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
        }
        coming: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if coming:
                return coming.pop()
            await asyncio.Event().wait()
            raise AssertionError("never")

        async def send(message: Any) -> None:
            told.append(message)

        await self.gateway.plane(scope, receive, send)
        heads = {name.decode(): value.decode("latin-1") for name, value in told[0]["headers"]}
        return Answer(told[0]["status"], heads, b"".join(message.get("body", b"") for message in told[1:]))


def providers_at(url: str) -> dict[str, str]:
    """Every kind of provider, each at the same address."""
    return {
        "OPENAI_API_KEY": "sk-upstream-secret",
        "OPENAI_BASE_URL": f"{url}/v1",
        "ANTHROPIC_API_KEY": "sk-ant-upstream-secret",
        "ANTHROPIC_BASE_URL": url,
        "GEMINI_API_KEY": "AIza-upstream-secret",
        "GOOGLE_GEMINI_BASE_URL": url,
        "CO_API_KEY": "k",
        "COHERE_BASE_URL": f"{url}/cohere/v2",
        "MISTRAL_API_KEY": "k",
        "MISTRAL_BASE_URL": f"{url}/mistral/v1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
    }


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    """The gateway of a module."""
    with asyncio.Runner() as runner:
        stack = running_fuzzed(tmp_path_factory.mktemp("fuzz") / "home", runner)
        fuzzed = runner.run(stack.__aenter__())
        try:
            yield fuzzed
        finally:
            runner.run(stack.__aexit__(None, None, None))


@asynccontextmanager
async def running_fuzzed(home: Path, runner: asyncio.Runner, url: str | None = None) -> AsyncIterator[Fuzzed]:
    """A gateway all of whose providers are the fake, or whoever is at an address."""
    async with (
        fake_upstream() as upstream,
        running_gateway(home, upstream, providers=providers_at(url or upstream.url)) as gateway,
    ):
        yield Fuzzed(runner, gateway, upstream)

"""The gateways under measurement: how each is installed, started as its makers' first steps have it, and asked."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from bench.gateway.processes import Process

RIVALS = Path(__file__).parents[2] / ".make" / "rivals"
"""Throw-away environments: delete the folder, and they are made anew."""

_KEY = "sk-bench-0123456789abcdef"


class Contender(ABC):
    """One gateway."""

    name: ClassVar[str]
    setting: ClassVar[str]
    """What is switched on in it."""
    path: ClassVar[str] = "/v1/chat/completions"
    messages_path: ClassVar[str | None] = None
    """Where it takes Anthropic's dialect for a model of OpenAI, if it does."""
    model: ClassVar[str] = "gpt-4o-mini"

    def __init__(self) -> None:
        self.port = 0
        self.headers: dict[str, str] = {"authorization": f"Bearer {_KEY}"}

    @abstractmethod
    def install(self) -> None:
        """Make sure that it is there."""

    @abstractmethod
    def version(self) -> str:
        """Which one is measured."""

    @abstractmethod
    def start(self, folder: Path, provider_port: int, core: int) -> Process:
        """Start it; `port` and `headers` say afterwards how it is asked."""


class Ours(Contender):
    """Quarterdeck, with everything on that a company would have on."""

    name = "quarterdeck"
    setting = "key check, limits, budgets, durable log, span store, cache"
    messages_path = "/v1/messages"
    model = "openai/gpt-4o-mini"

    def install(self) -> None:
        return

    def version(self) -> str:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=Path(__file__).parent
        ).stdout.strip()

    def start(self, folder: Path, provider_port: int, core: int) -> Process:
        admin_key = "sk-qd-bench-7m2kq9xw4h8v6zc1t5bd3fyg"
        self.port = _free_port()
        process = Process(
            [sys.executable, "-m", "quarterdeck", "up", "--port", str(self.port)],
            core=core,
            log=folder / "log",
            PYTHONPATH=str(RIVALS.parents[1] / "src"),
            QUARTERDECK_HOME=str(folder / "home"),
            QUARTERDECK_ADMIN_KEY=admin_key,
            OPENAI_API_KEY="sk-bench",
            OPENAI_BASE_URL=f"http://127.0.0.1:{provider_port}/v1",
        )
        base, admin = f"http://127.0.0.1:{self.port}", {"authorization": f"Bearer {admin_key}"}
        process.until_ready(f"{base}/readyz", None, {})
        made = _post(f"{base}/api/v1/keys", {"name": "bench"}, admin)
        self.headers = {"authorization": f"Bearer {made['secret']}"}
        for name, limit in _LIMITS.items():
            said = {"name": name, "subject": "key", "subject_id": made["key"]["id"], **limit}
            _post(f"{base}/api/v1/limits", said, admin)
        return process


# So generous that nothing is refused: what is measured is the counting.
_LIMITS: dict[str, dict[str, object]] = {
    "requests": {"metric": "requests", "window": "minute", "amount": 10_000_000},
    "tokens": {"metric": "tokens", "window": "minute", "amount": 10_000_000_000},
    "at-once": {"metric": "concurrency", "amount": 100_000},
    "budget": {"metric": "cost", "window": "month", "amount": 1_000_000},
}


class LiteLLM(Contender):
    """LiteLLM's proxy, with a master key and no database."""

    name = "litellm"
    setting = "as it starts with a config file and a master key; no database, no log"
    messages_path = "/v1/messages"

    def install(self) -> None:
        _install_from_pypi(self.name, "litellm[proxy]")

    def version(self) -> str:
        return _version_from_pypi(self.name)

    def start(self, folder: Path, provider_port: int, core: int) -> Process:
        self.port = _free_port()
        upstream = {
            "model": "openai/gpt-4o-mini",
            "api_base": f"http://127.0.0.1:{provider_port}/v1",
            "api_key": "sk-bench",
        }
        config = {
            "model_list": [{"model_name": self.model, "litellm_params": upstream}],
            "general_settings": {"master_key": _KEY},
        }
        (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML
        return Process(
            [str(RIVALS / self.name / "bin" / "litellm"), "--config", str(folder / "config.yaml"),
             "--host", "127.0.0.1", "--port", str(self.port)],
            core=core, log=folder / "log", LITELLM_LOCAL_MODEL_COST_MAP="True",
        )  # fmt: skip


class Portkey(Contender):
    """Portkey's open-source gateway, which knows no keys of its own and keeps no log."""

    name = "portkey"
    setting = "as it starts; it checks no key and keeps no log"

    def install(self) -> None:
        folder = RIVALS / self.name
        if not (folder / "node_modules").exists():
            folder.mkdir(parents=True, exist_ok=True)
            # With the newest server library that it allows, every stream of it is a 500.
            (folder / "package.json").write_text(json.dumps({"overrides": {"@hono/node-server": "1.13.8"}}))
            subprocess.run(["npm", "install", "--silent", "@portkey-ai/gateway"], cwd=folder, check=True)

    def version(self) -> str:
        said = (RIVALS / self.name / "node_modules" / "@portkey-ai" / "gateway" / "package.json").read_text()
        return str(json.loads(said)["version"])

    def start(self, folder: Path, provider_port: int, core: int) -> Process:
        self.port = _free_port()
        self.headers = {
            "authorization": f"Bearer {_KEY}",
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"http://127.0.0.1:{provider_port}/v1",
        }
        program = RIVALS / self.name / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
        return Process(
            ["node", str(program), "--headless", f"--port={self.port}"],
            core=core, log=folder / "log", NODE_ENV="production", TRUSTED_CUSTOM_HOSTS="127.0.0.1,localhost",
        )  # fmt: skip


class TensorZero(Contender):
    """TensorZero's gateway as its Python package embeds it, without observability, which would need a ClickHouse."""

    name = "tensorzero"
    setting = "observability off; it checks no key"
    path = "/openai/v1/chat/completions"
    model = "tensorzero::model_name::gpt-4o-mini"

    def install(self) -> None:
        _install_from_pypi(self.name, "tensorzero")

    def version(self) -> str:
        return _version_from_pypi(self.name)

    def start(self, folder: Path, provider_port: int, core: int) -> Process:
        (folder / "tensorzero.toml").write_text(
            "[gateway]\nobservability.enabled = false\n"
            '[models."gpt-4o-mini"]\nrouting = ["fake"]\n'
            '[models."gpt-4o-mini".providers.fake]\ntype = "openai"\nmodel_name = "gpt-4o-mini"\n'
            f'api_base = "http://127.0.0.1:{provider_port}/v1/"\napi_key_location = "env::OPENAI_API_KEY"\n'
        )
        (folder / "start.py").write_text(
            "import signal, sys\n"
            "from tensorzero import _start_http_gateway\n"
            "gateway = _start_http_gateway(config_file=sys.argv[1], clickhouse_url=None, postgres_url=None,"
            " valkey_url=None, async_setup=False)\n"
            "print('at', gateway.base_url, flush=True)\n"
            "signal.pause()\n"
        )
        process = Process(
            [str(RIVALS / self.name / "bin" / "python"), str(folder / "start.py"), str(folder / "tensorzero.toml")],
            core=core, log=folder / "log", OPENAI_API_KEY="sk-bench", RUST_LOG="warn",
        )  # fmt: skip
        line = process.first_line()
        while not line.startswith("at "):
            line = process.first_line()
        self.port = int(line.rpartition(":")[2].partition("/")[0])
        return process


CONTENDERS: dict[str, type[Contender]] = {
    "ours": Ours,
    "tensorzero": TensorZero,
    "portkey": Portkey,
    "litellm": LiteLLM,
}


def _install_from_pypi(name: str, requirement: str) -> None:
    folder = RIVALS / name
    if not (folder / "installed").exists():
        print(f"Installing {requirement} in {folder.relative_to(RIVALS.parents[1])} (once)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        subprocess.run([*pip, requirement], check=True)
        (folder / "installed").touch()


def _version_from_pypi(name: str) -> str:
    asked = f"from importlib.metadata import version; print(version({name!r}))"
    done = subprocess.run([str(RIVALS / name / "bin" / "python"), "-c", asked], capture_output=True, text=True)
    return done.stdout.strip()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _post(url: str, body: object, headers: dict[str, str]) -> dict[str, Any]:  # Any: JSON
    asked = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json", **headers})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return dict(json.load(answer))

"""What an operator may decide, read once from flags and `QUARTERDECK_*` variables, and refused when wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from quarterdeck.core.errors import SetupError

PREFIX = "QUARTERDECK_"
DEFAULT_PORT = 4321


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, with its default. Field `home` is variable `QUARTERDECK_HOME`, and so on."""

    home: Path = Path(".quarterdeck")
    """The one data folder."""
    config_file: str | None = None
    """A `quarterdeck.yaml` that is applied at the start and whenever it changes: `quarterdeck up --config`."""
    host: str = "127.0.0.1"
    """The address to listen on. Anything but loopback lets other machines in: put TLS in front."""
    port: int = DEFAULT_PORT
    """The port to listen on; 0 takes a free one."""
    admin_key: str | None = field(default=None, repr=False)
    """The administrator's key; made and printed once on first start when not given."""
    secret_key: str | None = field(default=None, repr=False)
    """Encrypts stored credentials; kept in a 0600 file of the data folder when not given."""
    url: str | None = None
    """Where the command line finds the server; the running server of `home` when not given."""
    api_key: str | None = field(default=None, repr=False)
    """The key the command line uses; the local session of `home` when not given."""
    max_body_mb: int = 50
    """Larger request bodies are refused with 413."""
    max_in_flight: int = 1000
    """More data-plane requests than this at once are shed with 429."""
    trusted_proxies: str = ""
    """Proxies whose `x-forwarded-for` is believed: addresses and CIDR ranges, separated by commas."""
    budget_status: int = 429
    """The status of a request that a spent budget refuses: 429, which SDKs understand, or 402."""
    redis_url: str | None = field(default=None, repr=False)
    """A Redis or Valkey that several machines share: `redis://…`, `rediss://…`. Needs the extra `redis`."""
    gateways: int = 1
    """How many gateways share the limits in Redis: when it is away, each goes on with its share."""
    on_store_failure: str = "share"
    """What limits do while Redis is away: `share` what was left, `open` lets all in, `closed` refuses all."""
    upstream_connect_timeout_s: float = 10.0
    """The longest wait for a connection to a provider."""
    upstream_first_token_timeout_s: float = 120.0
    """The longest wait for the first piece of an answer."""
    upstream_idle_timeout_s: float = 60.0
    """The longest silence between two pieces of a provider's stream."""
    upstream_total_timeout_s: float = 0.0
    """The longest that a whole answer may take; 0 means as long as it keeps coming."""
    max_in_flight_per_provider: int = 0
    """More requests than this at once to one provider are shed with 429, or go to the next target; 0 means no limit."""
    workers: int = 1
    """Processes that answer the data plane. With more than one, another process serves all the rest; use one a core."""
    batch_concurrency: int = 4
    """How many lines of a batch are called at once."""
    metrics_open: bool = False
    """Whether `/metrics` answers without a key. With one, a key sees its project and the administrator everything."""
    drain_timeout_s: float = 25.0
    """How long a stop waits for requests that are still being answered."""
    embedding_threads: int = 0
    """Threads of the embedding worker; 0 means all cores."""
    cache: bool = True
    """Whether an identical request is served from the exact response cache."""
    cache_ttl_s: int = 3600
    """How long an answer is kept in the response cache, unless a request says otherwise."""
    cache_scope: str = "key"
    """Who shares cached answers: `key`, each key its own, or `project`, all keys of a project."""
    responses_keep_days: int = 30
    """How long a response of `/v1/responses` that was made here can be gone on from after its last use."""
    responses_keep_mb: int = 512
    """How much of them is kept for each project; what was unused longest goes first."""
    duckdb_memory_mb: int = 256
    """Memory that the span store may use."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""
    providers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Provider credentials found in the environment, by variable name: `OPENAI_API_KEY`, …"""


_NOT_VARIABLES = {"providers"}
# Set by build and test tools, not by operators of a server.
_FOREIGN_VARIABLES = {"QUARTERDECK_UI_BUILD", "QUARTERDECK_TEST_CHROMIUM"}
# A limit of nothing or for ever is a mistake that would otherwise show as a server which refuses or keeps everything.
_RANGES: Mapping[str, tuple[float, float]] = {
    "port": (0, 65_535),
    "max_body_mb": (1, 4_096),
    "max_in_flight": (1, 1_000_000),
    "workers": (1, 256),
    "batch_concurrency": (1, 1_000),
    "budget_status": (402, 429),
    "gateways": (1, 10_000),
    "upstream_connect_timeout_s": (0.01, 86_400),
    "upstream_first_token_timeout_s": (0.01, 86_400),
    "upstream_idle_timeout_s": (0.01, 86_400),
    "upstream_total_timeout_s": (0, 86_400),
    "max_in_flight_per_provider": (0, 1_000_000),
    "drain_timeout_s": (0, 86_400),
    "embedding_threads": (0, 1_024),
    "cache_ttl_s": (1, 31_536_000),
    "responses_keep_days": (1, 3_650),
    "responses_keep_mb": (1, 1_048_576),
    "duckdb_memory_mb": (64, 1_048_576),
}
_CHOICES: Mapping[str, tuple[object, ...]] = {
    "budget_status": (429, 402),
    "on_store_failure": ("share", "open", "closed"),
    "cache_scope": ("key", "project"),
}
PROVIDER_VARIABLES = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "AZURE_OPENAI_API_KEY",
    "AZURE_OPENAI_ENDPOINT",
    "AZURE_OPENAI_API_VERSION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GOOGLE_GEMINI_BASE_URL",
    "COHERE_API_KEY",
    "CO_API_KEY",
    "COHERE_BASE_URL",
    "MISTRAL_API_KEY",
    "MISTRAL_BASE_URL",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "VERTEX_PROJECT",
    "VERTEX_LOCATION",
    "VERTEX_BASE_URL",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_CLOUD_LOCATION",
    "OLLAMA_HOST",
    "GROQ_API_KEY",
    "DEEPSEEK_API_KEY",
    "TOGETHER_API_KEY",
    "FIREWORKS_API_KEY",
    "OPENROUTER_API_KEY",
    "XAI_API_KEY",
    "PERPLEXITY_API_KEY",
    "CEREBRAS_API_KEY",
    "SAMBANOVA_API_KEY",
    "NVIDIA_API_KEY",
    "NEBIUS_API_KEY",
    "DEEPINFRA_API_KEY",
    "HYPERBOLIC_API_KEY",
    "NOVITA_API_KEY",
    "MOONSHOT_API_KEY",
    "ZAI_API_KEY",
    "DASHSCOPE_API_KEY",
    "SILICONFLOW_API_KEY",
    "MINIMAX_API_KEY",
    "LLAMA_API_KEY",
    "GITHUB_MODELS_TOKEN",
    "HF_TOKEN",
    "CLOUDFLARE_ACCOUNT_ID",
    "CLOUDFLARE_API_TOKEN",
    "DATABRICKS_HOST",
    "DATABRICKS_TOKEN",
    "ANYSCALE_BASE_URL",
    "ANYSCALE_API_KEY",
    "BASETEN_API_KEY",
    "NSCALE_API_KEY",
    "OVH_AI_ENDPOINTS_ACCESS_TOKEN",
    "SCW_SECRET_KEY",
    "FEATHERLESS_API_KEY",
    "FRIENDLI_TOKEN",
    "UPSTAGE_API_KEY",
    "AI21_API_KEY",
    "AI_GATEWAY_API_KEY",
    "JINA_API_KEY",
    "VOYAGE_API_KEY",
    "VLLM_BASE_URL",
    "VLLM_API_KEY",
    "SGLANG_BASE_URL",
    "SGLANG_API_KEY",
    "LLAMACPP_BASE_URL",
    "LLAMACPP_API_KEY",
    "LMSTUDIO_BASE_URL",
    "LMSTUDIO_API_KEY",
    "TGI_BASE_URL",
    "TGI_API_KEY",
    "TEI_BASE_URL",
    "TEI_API_KEY",
    "LOCALAI_BASE_URL",
    "LOCALAI_API_KEY",
    "JAN_BASE_URL",
    "JAN_API_KEY",
    "XINFERENCE_BASE_URL",
    "XINFERENCE_API_KEY",
    "OLLAMA_BASE_URL",
    "OLLAMA_API_KEY",
)


def read_settings(environment: Mapping[str, str] | None = None, **flags: object) -> Settings:
    """Settings from flags, then variables, then defaults. A `QUARTERDECK_` variable that means nothing is an error."""
    environment = os.environ if environment is None else environment
    fields = {f: t for f, t in Settings.__annotations__.items() if f not in _NOT_VARIABLES}
    _refuse_unknown(environment, fields)
    values: dict[str, object] = {}
    for name, kind in fields.items():
        raw = environment.get(PREFIX + name.upper())
        if flags.get(name) is not None:
            values[name] = flags[name]
        elif raw not in (None, ""):
            values[name] = _parse(name, str(kind), str(raw))
    found = {name: environment[name] for name in PROVIDER_VARIABLES if environment.get(name)}
    settings = Settings(**values, providers=found)  # type: ignore[arg-type]  # checked by _parse, name by name
    for name, (least, most) in _RANGES.items():
        value = getattr(settings, name)
        if not least <= value <= most:
            raise SetupError(f"`{PREFIX}{name.upper()}` is {value}; it must be between {least:g} and {most:.0f}.")
    for name, choices in _CHOICES.items():
        if getattr(settings, name) not in choices:
            listed = ", ".join(f"`{choice}`" for choice in choices)
            raise SetupError(f"`{PREFIX}{name.upper()}` is `{getattr(settings, name)}`; it is one of {listed}.")
    return settings


def environment() -> Mapping[str, str]:
    """What a configuration file may name as `${env:NAME}`."""
    return os.environ


def _refuse_unknown(environment: Mapping[str, str], fields: Mapping[str, object]) -> None:
    known = {PREFIX + name.upper() for name in fields} | _FOREIGN_VARIABLES
    for name in environment:
        if name.startswith(PREFIX) and name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            raise SetupError(f"`{name}` is not a setting of Quarterdeck.{hint}")


def _parse(name: str, kind: str, raw: str) -> object:
    try:
        if kind.startswith("int"):
            return int(raw)
        if kind.startswith("float"):
            return float(raw)
        if kind.startswith("bool"):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[raw.lower()]
        return Path(raw) if kind == "Path" else raw
    except (ValueError, KeyError) as error:
        raise SetupError(f"`{PREFIX}{name.upper()}` is `{raw}`, which is not a valid {kind}.") from error


def origins(environment: Mapping[str, str] | None = None, **flags: object) -> dict[str, str]:
    """Where `read_settings` takes each setting from: `flag`, `environment` or `default`."""
    environment = os.environ if environment is None else environment

    def origin(name: str) -> str:
        if flags.get(name) is not None:
            return "flag"
        return "environment" if environment.get(PREFIX + name.upper()) else "default"

    return {name: origin(name) for name in Settings.__annotations__ if name not in _NOT_VARIABLES}

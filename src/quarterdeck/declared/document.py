"""What a `quarterdeck.yaml` may say: the model that reads it, and that the shipped JSON Schema is made of."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.core.hashing import Json
from quarterdeck.gateway.routing.records import Plan

Credential = Annotated[str, Field(json_schema_extra={"writeOnly": True})]
"""Never written into the file itself: `${env:NAME}`, `${file:PATH}` or `${secret:NAME}`."""
SECRET_FIELDS = {"providers": ("api_key",), "keys": ("secret",), "guardrails": ("secret",), "mcp_servers": ("headers",)}
"""The fields that hold credentials, by section."""

ScopeName = Literal["gateway", "read", "write", "admin"]
Kind = Literal[
    "openai", "anthropic", "azure", "gemini", "vertex", "bedrock", "cohere", "mistral", "openai-compatible", "litellm"
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DeclaredTeam(_Strict):
    """People or programs whose keys share limits and budgets."""

    description: Annotated[str, Field(max_length=1000)] = ""


class DeclaredKey(_Strict):
    """An API key. Its secret is made when it is first applied, unless a reference says what it is."""

    scopes: list[ScopeName] = ["gateway", "read", "write"]
    team: str | None = None
    allowed_models: list[str] = []
    allowed_ips: list[str] = []
    allowed_tools: list[str] = []
    passthrough: bool = True
    tags: list[str] = []
    metadata: dict[str, str] = {}
    secret: Credential | None = None


class DeclaredProvider(_Strict):
    """Somebody who runs models."""

    kind: Kind
    base_url: str | None = None
    api_key: Credential | None = None
    models: list[str] = []


class DeclaredLimit(_Strict):
    """How much may be used in a window. A budget is a limit of `cost`, in US dollars."""

    subject: Literal["project", "team", "user", "key", "tag", "model", "app"] = "project"
    subject_id: str | None = None
    each: bool = False
    metric: Literal["requests", "tokens", "input_tokens", "output_tokens", "concurrency", "cost"]
    amount: Annotated[float, Field(ge=0)]
    window: Literal["second", "minute", "hour", "day", "week", "month", "total"] | None = None
    hard: bool = True
    alert_at: list[float] = [0.8, 1.0]
    enabled: bool = True


class DeclaredPriceStep(_Strict):
    """Other prices for prompts of more than so many tokens."""

    tokens: int
    prices: dict[str, Decimal]


class DeclaredPrice(_Strict):
    """A price that wins over the price lists: tokens by the million, in US dollars."""

    provider: str
    model: str
    prices: dict[str, Decimal]
    above: list[DeclaredPriceStep] = []
    since: str | None = None
    hours: tuple[str, str] | None = None
    service_tier: str | None = None
    note: str = ""


class DeclaredScope(_Strict):
    """To what a guardrail applies; nothing means everything."""

    apps: list[str] = []
    models: list[str] = []
    keys: list[str] = []
    asked_only: bool = False


class DeclaredGuardrail(_Strict):
    """What is looked for in which texts, and what happens when it is found."""

    checks: Annotated[list[dict[str, Json]], Field(min_length=1)]
    stages: list[Literal["input", "output"]] = ["input", "output"]
    action: Literal["block", "redact", "flag"] = "block"
    description: str = ""
    enabled: bool = True
    streaming: Literal["hold", "skip"] = "hold"
    roles: list[Literal["system", "user", "assistant", "tool"]] = ["user", "tool"]
    scope: DeclaredScope = DeclaredScope()
    secret: Credential | None = None


class DeclaredSemanticCache(_Strict):
    """How answers of an app or model may be given again, under which promise."""

    mode: Literal["on", "by-header"] = "on"
    most_wrong: float = 0.02
    confidence: float = 0.95
    check_share: float = 0.1
    ttl_s: int = 3600
    personal_data: bool = False
    shared: bool = False


class DeclaredMcpServer(_Strict):
    """An MCP server behind the gateway's endpoint."""

    url: str
    transport: Literal["auto", "streamable-http", "sse"] = "auto"
    headers: dict[str, Credential] = {}
    allowed_tools: list[str] = []
    timeout_s: float = 60.0
    on_change: Literal["block", "flag"] = "block"
    price_usd_per_call: float | None = None


class DeclaredPrompt(_Strict):
    """A wording, often `${file:prompts/NAME.txt}`; a new one becomes the next version, and gets the labels."""

    template: str
    model: str | None = None
    parameters: dict[str, Json] = {}
    labels: list[str] = []
    note: str = ""


class Sections(_Strict):
    """What a project has."""

    teams: dict[str, DeclaredTeam] = {}
    keys: dict[str, DeclaredKey] = {}
    providers: dict[str, DeclaredProvider] = {}
    mcp_servers: dict[str, DeclaredMcpServer] = {}
    routes: dict[str, Plan] = {}
    prices: list[DeclaredPrice] = []
    guardrails: dict[str, DeclaredGuardrail] = {}
    prompts: dict[str, DeclaredPrompt] = {}
    limits: dict[str, DeclaredLimit] = {}
    semantic_caches: dict[str, DeclaredSemanticCache] = {}


class Declaration(Sections):
    """A whole file. What stands at the top is for the project it is applied to, `default` if nothing else is said."""

    version: Literal[1] = 1
    projects: dict[str, Sections] = {}
    """Other projects, by name; they are made where they are not there. Only the administrator may say them."""


def schema() -> dict[str, Any]:  # Any: JSON Schema
    """The JSON Schema of the file, for editors and other programs."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Declaration.model_json_schema(),
        "title": "quarterdeck.yaml",
    }

"""Configurations of other gateways become files that apply here, and nothing that they say is passed over in silence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from quarterdeck.core.errors import InvalidInput
from quarterdeck.declared import applying, importing, planning, reading, secrets, yaml_text
from quarterdeck.declared.draft import Note
from quarterdeck.declared.section import Fields
from quarterdeck.gateway.catalogue import Catalogue
from quarterdeck.runtime.work import Work

LITELLM = """
model_list:
  - model_name: gpt-4o
    litellm_params: &azure
      model: azure/gpt-4o-eu
      api_base: https://contoso-eu.openai.azure.com
      api_key: os.environ/AZURE_API_KEY_EU
      api_version: "2024-10-21"
      rpm: 480
      weight: 3
    model_info: {id: eu-1, mode: chat}
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: os.environ/OPENAI_API_KEY
      temperature: 0.2
      stream_timeout: 20
      timeout: 120
      organization: org-1
  - model_name: claude
    litellm_params: {model: anthropic/claude-sonnet-4-5, api_key: sk-ant-in-the-clear-1234567890}
  - model_name: house
    litellm_params:
      model: hosted_vllm/llama-3.3-70b
      api_base: http://127.0.0.1:8000/v1
      input_cost_per_token: 0.00000015
    model_info: {output_cost_per_token: 0.0000006}
  - model_name: "groq/*"
    litellm_params: {model: "groq/*", api_key: os.environ/GROQ_API_KEY}
  - model_name: odd
    litellm_params: {model: replicate/meta/llama, api_key: os.environ/REPLICATE_API_KEY}
litellm_settings:
  num_retries: 3
  request_timeout: 60
  drop_params: true
  success_callback: [langfuse]
  fallbacks: [{gpt-4o: [claude, nobody]}]
  context_window_fallbacks: [{house: [gpt-4o]}]
  cache: true
  cache_params: {type: redis, ttl: 600, namespace: prod}
router_settings:
  routing_strategy: latency-based-routing
  model_group_alias: {gpt-4: gpt-4o}
  allowed_fails: 3
  redis_host: redis.internal
general_settings: {master_key: sk-1234, database_url: "postgresql://x", alerting: [slack]}
virtual_keys:
  - key_alias: search-bot
    models: [gpt-4o, claude]
    max_budget: 50
    budget_duration: 30d
    rpm_limit: 60
    team_id: search
    metadata: {tags: [nightly]}
    token: 88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b
"""
PORTKEY: Fields = {
    "slug": "pc-main",
    "strategy": {"mode": "fallback", "on_status_codes": [429, 503]},
    "retry": {"attempts": 4, "on_status_codes": [429]},
    "cache": {"mode": "semantic", "max_age": 10000},
    "request_timeout": 30000,
    "targets": [
        {"provider": "openai", "api_key": "sk-in-the-clear-0123456789", "override_params": {"model": "gpt-4o", "temperature": 0}},
        {
            "strategy": {"mode": "loadbalance"},
            "targets": [
                {"virtual_key": "anthropic-4110dd", "weight": 0.7, "override_params": {"model": "claude-sonnet-4-5"}},
                {"provider": "@groq-prod", "weight": 0.3, "override_params": {"model": "llama-3.3-70b-versatile"}},
            ],
        },
        {"provider": "openai", "api_key": "$OPENAI_API_KEY", "custom_host": "http://127.0.0.1:8000/v1",
         "override_params": {"model": "llama"}, "input_guardrails": ["pg-1"]},
    ],
}  # fmt: skip
CONDITIONAL: Fields = {
    "strategy": {
        "mode": "conditional",
        "conditions": [
            {"query": {"metadata.plan": {"$eq": "paid"}}, "then": "big"},
            {"query": {"metadata.age": {"$gt": 18}}, "then": "small"},
        ],
        "default": "small",
    },
    "targets": [
        {"name": "big", "provider": "openai", "api_key": "$K", "override_params": {"model": "gpt-4o"}},
        {"name": "small", "provider": "openai", "api_key": "$K", "override_params": {"model": "gpt-4o-mini"}},
    ],
}
TENSORZERO = """
[gateway]
bind_address = "0.0.0.0:3000"

[models.gpt_4o_mini]
routing = ["openai", "azure"]
timeouts = { non_streaming.total_ms = 30000, streaming.ttft_ms = 3000 }

[models.gpt_4o_mini.providers.openai]
type = "openai"
model_name = "gpt-4o-mini-2024-07-18"
api_key_location = "env::MY_OPENAI_KEY"

[models.gpt_4o_mini.providers.azure]
type = "azure"
deployment_id = "gpt4o-mini"
endpoint = "https://contoso.openai.azure.com"
api_key_location = "dynamic::azure_key"

[models.llama.providers.vllm]
type = "vllm"
model_name = "llama-3"
api_base = "http://127.0.0.1:8000/v1"
api_key_location = "none"

[models.llama]
routing = ["vllm"]

[functions.extract]
type = "json"
output_schema = "extract.json"

[functions.extract.variants.cheap]
type = "chat_completion"
model = "gpt_4o_mini"
weight = 0.9
temperature = 0.1
system_template = "extract.minijinja"
retries = { num_retries = 4, max_delay_s = 10 }

[functions.extract.variants.good]
type = "chat_completion"
model = "anthropic::claude-sonnet-4-5"
weight = 0.1
max_tokens = 500

[functions.extract.variants.last]
type = "chat_completion"
model = "llama"

[functions.extract.variants.many]
type = "experimental_best_of_n_sampling"

[metrics.accuracy]
type = "boolean"
"""
HELICONE = """
helicone: {features: all}
routers:
  prod:
    load-balance:
      chat:
        strategy: model-weighted
        models:
          - {model: openai/gpt-4o-mini, weight: "0.75"}
          - {model: anthropic/claude-sonnet-4-5, weight: "0.25"}
    rate-limit: {per-api-key: {capacity: 500, refill-frequency: 1m}}
    retries: {strategy: exponential, max-retries: 2}
    cache: {directive: "max-age=3600"}
  fast: {load-balance: {chat: {strategy: latency, providers: [openai, groq]}}}
model: "gpt-4o-mini/openai, claude-sonnet-4-5/anthropic, mystery"
headers:
  Helicone-Auth: Bearer sk-helicone-1
  Helicone-Property-Plan: pro
  Helicone-Retry-Num: "5"
  Helicone-RateLimit-Policy: "1000;w=3600;u=cents;s=user"
  Helicone-Moderations-Enabled: "true"
"""
FILES = {
    "litellm": ("config.yaml", LITELLM),
    "portkey": ("config.json", json.dumps(PORTKEY)),
    "tensorzero": ("tensorzero.toml", TENSORZERO),
    "helicone": ("client.yaml", HELICONE),
}


def imported(folder: Path, gateway: str, text: str | None = None) -> tuple[Fields, list[Note]]:
    name, content = FILES[gateway]
    path = folder / name
    path.write_text(content if text is None else text)
    return importing.import_file(gateway, path)


def outcome(notes: list[Note], where: str) -> str:
    return next(note.outcome for note in notes if where in note.where)


@pytest.mark.parametrize("gateway", FILES)
async def test_what_is_imported_applies_as_it_is(work: Work, tmp_path: Path, gateway: str) -> None:
    document, _ = imported(tmp_path, gateway)
    text = yaml_text.write(document)
    assert "in-the-clear" not in text
    named = set(re.findall(r"\$\{env:([A-Z0-9_]+)\}", text))
    for secret in set(re.findall(r"\$\{secret:([^}]+)\}", text)):
        await secrets.put(work, secret, "sk-any-0123456789")

    declaration = reading.read_text(text, "quarterdeck.yaml", dict.fromkeys(named, "sk-any-0123456789"), tmp_path)
    await applying.apply(work, declaration, source="quarterdeck.yaml")

    assert (await planning.plan(work, declaration, source="quarterdeck.yaml")).changes == []
    compiled = work.part(Catalogue).selections()
    assert {name for _, name in compiled} == set(document["routes"])
    assert not [one for one in compiled.values() if isinstance(one, str)]


def test_litellms_deployments_of_one_name_are_targets_of_one_route(tmp_path: Path) -> None:
    document, notes = imported(tmp_path, "litellm")
    routes = document["routes"]

    assert [target["model"] for target in routes["gpt-4o"]["targets"]] == ["azure/gpt-4o-eu", "openai/gpt-4o"]
    assert routes["gpt-4o"]["targets"][0]["weight"] == 3
    assert routes["gpt-4o"]["targets"][1]["parameters"] == {"temperature": 0.2}
    assert routes["gpt-4o"]["targets"][1]["timeouts"] == {"total_s": 120, "first_token_s": 20}
    assert (routes["gpt-4o"]["strategy"], routes["gpt-4o"]["retries"]) == ("lowest-latency", 3)
    assert routes["gpt-4o"]["fallbacks"] == {"any": ["claude"]}
    assert routes["house"]["fallbacks"] == {"context_window": ["gpt-4o"]}
    assert routes["gpt-4"]["targets"] == routes["gpt-4o"]["targets"]
    assert document["prices"] == [
        {"provider": "vllm", "model": "llama-3.3-70b", "prices": {"input": 0.15, "output": 0.6}}
    ]
    assert document["keys"]["search-bot"] == {
        "scopes": ["gateway"], "team": "search", "allowed_models": ["gpt-4o", "claude"], "tags": ["nightly"],
    }  # fmt: skip
    assert document["limits"]["search-bot-budget"]["window"] == "month"
    assert document["limits"]["azure-gpt-4o-eu-rpm"]["amount"] == 480
    for where, what in {
        "`odd`": "left out",
        "fallback `nobody`": "left out",
        "organization": "left out",
        "drop_params": "left out",
        "allowed_fails": "left out",
        "general_settings.alerting": "left out",
        "cache_params.namespace": "left out",
        "cache_params.ttl": "approximated",
        "`claude`": "approximated",
        "routing_strategy": "taken over",
    }.items():
        assert outcome(notes, where) == what, where


def test_portkeys_targets_and_what_they_nest(tmp_path: Path) -> None:
    document, notes = imported(tmp_path, "portkey")
    routes = document["routes"]

    assert [target["model"] for target in routes["pc-main"]["targets"]] == ["openai/gpt-4o", "openai-2/llama"]
    assert routes["pc-main"]["fallbacks"] == {"any": ["pc-main-2"]}
    assert (routes["pc-main"]["retries"], routes["pc-main"]["timeouts"]) == (4, {"total_s": 30.0})
    assert [target["weight"] for target in routes["pc-main-2"]["targets"]] == [0.7, 0.3]
    assert document["providers"]["anthropic"]["api_key"] == "${secret:anthropic-4110dd}"
    assert document["semantic_caches"] == {"pc-main": {"ttl_s": 10000}}
    assert outcome(notes, "input_guardrails") == "left out"
    assert outcome(notes, "on_status_codes") == "approximated"


def test_portkeys_conditions_become_what_must_hold(tmp_path: Path) -> None:
    document, notes = imported(tmp_path, "portkey", json.dumps(CONDITIONAL))

    big, small = document["routes"]["config"]["targets"]
    assert big["when"] == {"metadata": {"plan": "paid"}}
    assert "when" not in small
    assert document["routes"]["config"]["strategy"] == "rules"
    assert outcome(notes, "conditions[1]") == "left out"


def test_tensorzeros_models_and_functions_become_routes(tmp_path: Path) -> None:
    document, notes = imported(tmp_path, "tensorzero")
    routes = document["routes"]

    assert [target["model"] for target in routes["gpt_4o_mini"]["targets"]] == [
        "openai/gpt-4o-mini-2024-07-18",
        "azure/gpt4o-mini",
    ]
    assert routes["gpt_4o_mini"]["timeouts"] == {"total_s": 30.0, "first_token_s": 3.0}
    assert document["providers"]["openai"]["api_key"] == "${env:MY_OPENAI_KEY}"
    extract = routes["extract"]
    assert [(target["model"], target["weight"]) for target in extract["targets"]] == [
        ("openai/gpt-4o-mini-2024-07-18", 0.9),
        ("anthropic/claude-sonnet-4-5", 0.1),
        ("azure/gpt4o-mini", 0),
        ("vllm/llama-3", 0),
    ]
    assert (extract["retries"], extract["longest_wait_s"]) == (4, 10.0)
    for where in ("system_template", "variants.many", "metrics", "gateway", "output_schema"):
        assert outcome(notes, where) == "left out"
    assert outcome(notes, "azure.api_key_location") == "approximated"


def test_helicones_routers_model_strings_and_headers(tmp_path: Path) -> None:
    document, notes = imported(tmp_path, "helicone")

    assert [target["weight"] for target in document["routes"]["prod"]["targets"]] == [0.75, 0.25]
    assert document["routes"]["prod"]["retries"] == 2
    assert [target["model"] for target in document["routes"]["client"]["targets"]] == [
        "openai/gpt-4o-mini",
        "anthropic/claude-sonnet-4-5",
    ]
    assert document["routes"]["client"]["retries"] == 5
    assert document["limits"]["helicone-policy"] == {
        "metric": "cost", "amount": 10.0, "window": "hour", "subject": "user", "subject_id": "*", "each": True,
    }  # fmt: skip
    assert document["limits"]["prod-per-key"]["amount"] == 500
    assert outcome(notes, "`mystery`") == "left out"
    assert outcome(notes, "moderations") == "left out"
    assert outcome(notes, "helicone-property-plan") == "taken over"
    assert outcome(notes, "routers.fast") == "left out"


@pytest.mark.parametrize("gateway", FILES)
def test_no_key_of_theirs_is_passed_over_in_silence(tmp_path: Path, gateway: str) -> None:
    texts = {
        "litellm": "model_list: [{model_name: a, litellm_params: {model: openai/a, new_thing: 1}, other_thing: 2}]\nthird_thing: 3",
        "portkey": '{"provider": "openai", "api_key": "$K", "override_params": {"model": "a"}, "new_thing": 1, "cache": {"mode": "simple", "other_thing": 2}, "strategy": {"third_thing": 3}}',
        "tensorzero": 'third_thing = 3\n[models.a]\nrouting=["b"]\nother_thing=2\n[models.a.providers.b]\ntype="openai"\nmodel_name="c"\nnew_thing=1',
        "helicone": "third_thing: 3\nrouters: {a: {new_thing: 1, load-balance: {chat: {strategy: latency, models: [openai/b], other_thing: 2}}}}",
    }

    _, notes = imported(tmp_path, gateway, texts[gateway])

    for thing in ("new_thing", "other_thing", "third_thing"):
        assert outcome(notes, thing) == "left out"


@pytest.mark.parametrize("gateway", FILES)
def test_a_file_of_something_else_is_refused(tmp_path: Path, gateway: str) -> None:
    with pytest.raises(InvalidInput):
        imported(tmp_path, gateway, "[1, 2")

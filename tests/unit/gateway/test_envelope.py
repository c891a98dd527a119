"""Labels and wishes: what clients of any gateway say beside the conversation."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.access.key_carriers import find_secret
from quarterdeck.core.errors import InvalidInput
from quarterdeck.gateway.envelope import Envelope, read_envelope
from quarterdeck.gateway.exchange import Exchange
from quarterdeck.gateway.wishes import WISHES, RequestWishes
from tests.unit.gateway.conftest import Gateway

ASK = [{"role": "user", "content": "Hello"}]
BODY = {"model": "openai/gpt-4o-mini", "messages": ASK}


async def read(
    headers: dict[str, str], metadata: dict[str, Any] | None = None, wishes: RequestWishes | None = None
) -> Envelope:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"method": "POST", "path": "/v1/chat/completions", "headers": raw}

    async def nothing(*_: Any) -> Any:
        return {}

    return read_envelope(Exchange(scope, nothing, nothing, stall_limit_s=1), None, metadata, wishes)


def test_every_wish_counts_as_one() -> None:
    for name in WISHES:
        assert RequestWishes(**{name: []}).any_wish()  # type: ignore[arg-type]  # only whether it is there
    assert not RequestWishes().any_wish()


async def test_a_request_that_says_nothing_has_nothing() -> None:
    assert await read({"Authorization": "Bearer x", "Content-Type": "application/json"}) == Envelope()


async def test_what_helicone_clients_say_is_understood() -> None:
    found = await read(
        {
            "Helicone-Auth": "Bearer x",
            "Helicone-User-Id": "ada",
            "Helicone-Session-Id": "s-1",
            "Helicone-Session-Name": "Trip",
            "Helicone-Session-Path": "/trip/hotel",
            "Helicone-Property-Feature": "search",
            "Helicone-Prompt-Id": "greeting",
            "Helicone-Cache-Enabled": "true",
            "Helicone-Cache-Seed": "user-7",
            "Cache-Control": "s-maxage=120",
            "Helicone-Retry-Enabled": "true",
            "Helicone-Retry-Num": "3",
            "Helicone-Fallbacks": '[{"target-url": "https://x", "bodyKeyOverride": {"model": "anthropic/claude"}}]',
            "Helicone-Omit-Response": "true",
            "Helicone-Target-URL": "https://elsewhere",
        }
    )

    assert (found.user_id, found.session_id, found.session_name) == ("ada", "s-1", "Trip")
    assert found.metadata == {"session_path": "/trip/hotel", "feature": "search"}
    assert found.prompt == "greeting"
    assert (found.cache.wanted, found.cache.namespace, found.cache.keep_s) == (True, "user-7", 120)
    assert (found.retries, found.fallbacks) == (3, ("anthropic/claude",))
    assert (found.omits_input, found.omits_output) == (False, True)
    assert found.left_out == ("helicone-target-url",)
    assert found.vendors == {"helicone"}


async def test_what_portkey_clients_say_is_understood() -> None:
    found = await read(
        {
            "x-portkey-api-key": "x",
            "x-portkey-provider": "@openai",
            "x-portkey-trace-id": "t-1",
            "x-portkey-metadata": '{"_user": "ada", "_environment": "staging", "team": "red", "n": 3}',
            "x-portkey-cache-force-refresh": "true",
            "x-portkey-cache-namespace": "eu",
            "x-portkey-request-timeout": "2500",
            "x-portkey-retry-count": "2",
            "x-portkey-virtual-key": "openai-1",
        }
    )

    assert (found.user_id, found.session_id, found.environment) == ("ada", "t-1", "staging")
    assert found.metadata == {"_user": "ada", "_environment": "staging", "team": "red", "n": "3"}
    assert (found.cache.reads, found.cache.namespace) == (False, "eu")
    assert (found.timeout_s, found.retries) == (2.5, 2)
    assert found.model_for("gpt-4o-mini") == "openai/gpt-4o-mini"
    assert found.left_out == ("x-portkey-virtual-key",)


async def test_a_portkey_config_is_read_when_it_is_written_out_and_named_when_it_is_not() -> None:
    inline = '{"retry": {"attempts": 4}, "cache": {"mode": "semantic", "max_age": 60}, "request_timeout": 1000}'
    written_out = await read({"x-portkey-config": inline})
    by_id = await read({"x-portkey-config": "pc-router-1"})
    with_more = await read({"x-portkey-config": '{"strategy": {"mode": "loadbalance"}}'})

    assert (written_out.retries, written_out.timeout_s, written_out.left_out) == (4, 1.0, ())
    assert (written_out.cache.kind, written_out.cache.keep_s) == ("semantic", 60)
    assert by_id.left_out == with_more.left_out == ("x-portkey-config",)


async def test_what_litellm_clients_say_is_understood_in_headers_and_body() -> None:
    found = await read(
        {
            "x-litellm-tags": "batch, nightly",
            "x-litellm-trace-id": "t-1",
            "x-litellm-end-user-id": "ada",
            "x-litellm-team-id": "red",
            "x-litellm-spend-logs-metadata": '{"job": "7"}',
            "x-litellm-num-retries": "2",
            "x-litellm-timeout": "30",
            "x-litellm-stream-timeout": "60",
            "x-litellm-enable-message-redaction": "true",
        },
        {"tags": ["from-body"], "session_id": "s-9", "nested": {"a": 1}},
        RequestWishes(
            cache={"no-cache": True, "ttl": 5, "namespace": "n"},
            fallbacks=["gpt-4o", {"model": "claude"}, {"gpt-4o": ["gemini"]}],
            num_retries=1,
            guardrails=["pii", {"secrets": {}}],
        ),
    )

    assert found.tags == ("from-body", "batch", "nightly")
    assert (found.user_id, found.session_id) == ("ada", "s-9")
    assert found.metadata == {"session_id": "s-9", "nested": '{"a":1}', "team_id": "red", "job": "7"}
    assert (found.retries, found.timeout_s, found.stream_timeout_s) == (2, 30.0, 60.0)
    assert found.fallbacks == ("gpt-4o", "claude", "gemini")
    assert found.guardrails == ("pii", "secrets")
    assert (found.cache.reads, found.cache.keep_s, found.cache.namespace) == (False, 5, "n")
    assert found.omits_input and found.omits_output


async def test_what_bifrost_clients_and_tracing_libraries_say_is_understood() -> None:
    found = await read(
        {
            "x-bf-vk": "x",
            "x-bf-session-id": "s-1",
            "x-bf-dim-region": "eu",
            "x-bf-prompt-id": "greeting",
            "x-bf-prompt-version": "3",
            "x-bf-cache-key": "k",
            "x-bf-cache-ttl": "5m",
            "x-bf-cache-threshold": "0.9",
            "x-bf-cache-no-store": "true",
            "baggage": "user.id=ada%20l,region=us;prop=1, plan=pro",
        }
    )

    assert (found.session_id, found.user_id, found.prompt) == ("s-1", "ada l", "greeting@3")
    assert found.metadata == {"region": "eu", "plan": "pro", "user.id": "ada l"}
    assert (found.cache.keep_s, found.cache.similarity, found.cache.keeps) == (300, 0.9, False)


async def test_our_own_headers_say_all_of_it() -> None:
    found = await read(
        {
            "x-quarterdeck-user": "ada",
            "x-quarterdeck-session": "s",
            "x-quarterdeck-environment": "staging",
            "x-quarterdeck-tags": '["a", "b"]',
            "x-quarterdeck-metadata": "plan=pro,region=eu",
            "x-quarterdeck-cache": "semantic, ttl=60, namespace=x",
            "x-quarterdeck-retries": "0",
            "x-quarterdeck-fallbacks": "gpt-4o, claude",
            "x-quarterdeck-timeout-s": "1.5",
            "x-quarterdeck-guardrails": "pii,secrets",
            "x-quarterdeck-omit": "input",
        }
    )

    assert (found.user_id, found.session_id, found.environment, found.tags) == ("ada", "s", "staging", ("a", "b"))
    assert found.metadata == {"plan": "pro", "region": "eu"}
    assert (found.cache.kind, found.cache.keep_s, found.cache.namespace) == ("semantic", 60, "x")
    assert (found.retries, found.fallbacks, found.timeout_s) == (0, ("gpt-4o", "claude"), 1.5)
    assert (found.guardrails, found.omits_input) == (("pii", "secrets"), True)


@pytest.mark.parametrize(
    ("header", "value", "said"),
    [
        ("x-portkey-metadata", "{broken", "no JSON object"),
        ("x-portkey-retry-count", "many", "0 to 10"),
        ("x-litellm-timeout", "-1", "length of time"),
        ("x-quarterdeck-cache", "forever", "means nothing"),
        ("x-quarterdeck-omit", "everything", "`input`, `output` or `all`"),
        ("x-quarterdeck-tags", ",".join(f"t{n}" for n in range(40)), "32 tags"),
        ("x-quarterdeck-user", "u" * 300, "256 is the most"),
        ("helicone-fallbacks", "x", "no list of fallbacks"),
        ("x-bf-cache-ttl", "soon", "such as `30s`"),
    ],
)
async def test_a_header_that_makes_no_sense_is_refused_by_name(header: str, value: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        await read({header: value})


async def test_a_label_that_is_too_long_is_cut_and_says_so() -> None:
    found = await read({}, {"note": "x" * 5000})

    assert len(found.metadata["note"]) == 2000
    assert found.metadata["note"].endswith("…")


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({"authorization": "Bearer sk-qd-a"}, "sk-qd-a"),
        ({"authorization": "Basic abc", "x-api-key": "sk-qd-a"}, "sk-qd-a"),
        ({"authorization": "Bearer sk-openai", "helicone-auth": "Bearer sk-qd-a"}, "sk-qd-a"),
        ({"authorization": "Bearer sk-openai", "x-portkey-api-key": "sk-qd-a"}, "sk-qd-a"),
        ({"authorization": "Bearer sk-qd-a", "x-portkey-api-key": "left-over"}, "sk-qd-a"),
        ({"x-litellm-api-key": "Bearer sk-qd-a", "x-api-key": "sk-ant-1"}, "sk-qd-a"),
        ({"x-bf-vk": "custom-admin-key"}, "custom-admin-key"),
        ({"x-goog-api-key": "sk-qd-a"}, "sk-qd-a"),
        ({"authorization": "Bearer "}, None),
    ],
)
def test_a_key_is_found_wherever_clients_put_it(headers: dict[str, str], secret: str | None) -> None:
    assert find_secret({name.encode(): value.encode() for name, value in headers.items()}) == secret


async def test_a_key_in_the_query_opens_the_door_as_geminis_clients_have_it(gateway: Gateway) -> None:
    client = gateway.http()
    client.headers.pop("authorization")

    reply = await client.post(f"/v1/chat/completions?key={gateway.key}", json=BODY)
    refused = await client.post("/v1/chat/completions?key=sk-qd-wrong", json=BODY)

    assert (reply.status_code, refused.status_code) == (200, 401)


async def test_labels_reach_every_span_and_no_provider(gateway: Gateway) -> None:
    wishes = {"tags": ["nightly"], "cache": {"no-cache": True}, "num_retries": 1, "timeout": 9.5, "guardrails": []}
    sent = {**BODY, **wishes, "metadata": {"run": "7"}}

    reply = await gateway.http().post("/v1/chat/completions", json=sent, headers={"x-quarterdeck-environment": "ci"})

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.tags, span.environment, span.metadata) == (("nightly",), "ci", {"run": "7"})
    assert set(gateway.upstream.last.body) == {"model", "messages"}


async def test_metadata_goes_to_openai_only_with_an_answer_it_shall_keep(gateway: Gateway) -> None:
    await gateway.http().post("/v1/chat/completions", json={**BODY, "store": True, "metadata": {"run": "7"}})

    assert gateway.upstream.last.body["metadata"] == {"run": "7"}


async def test_anthropic_gets_the_one_label_it_takes(gateway: Gateway) -> None:
    body = {"model": "anthropic/claude-sonnet-4-5", "max_tokens": 9, "messages": ASK, "tags": ["a"]}

    reply = await gateway.http().post("/v1/messages", json={**body, "metadata": {"user_id": "ada", "plan": "pro"}})

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.user_id, span.metadata, span.tags) == ("ada", {"plan": "pro"}, ("a",))
    assert gateway.upstream.last.body["metadata"] == {"user_id": "ada"}
    assert "tags" not in gateway.upstream.last.body


async def test_embeddings_have_labels_and_wishes_too(gateway: Gateway) -> None:
    sent = {"model": "openai/text-embedding-3-small", "input": "x", "metadata": {"run": "7"}, "tags": ["a"]}

    reply = await gateway.http().post("/v1/embeddings", json=sent)

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.metadata, span.tags) == ({"run": "7"}, ("a",))
    assert set(gateway.upstream.last.body) == {"model", "input"}


@pytest.mark.parametrize("stream", [False, True])
async def test_what_shall_not_be_recorded_is_not(gateway: Gateway, stream: bool) -> None:
    headers = {"Helicone-Omit-Request": "true", "Helicone-Omit-Response": "true"}

    reply = await gateway.http().post("/v1/chat/completions", json={**BODY, "stream": stream}, headers=headers)

    span = await gateway.only_span(reply.headers["x-quarterdeck-trace-id"])
    assert (span.input, span.output) == (None, None)
    assert span.cost_pico


async def test_the_answer_speaks_the_words_of_the_vendor_whose_words_were_used(gateway: Gateway) -> None:
    client = gateway.http()

    plain = await client.post("/v1/chat/completions", json=BODY)
    helicone = await client.post("/v1/chat/completions", json=BODY, headers={"Helicone-Request-Id": "my-id"})
    portkey = await client.post("/v1/chat/completions", json=BODY, headers={"x-portkey-trace-id": "t-1"})
    litellm = await client.post("/v1/chat/completions", json=BODY, headers={"x-litellm-tags": "a"})

    vendors = ("helicone", "x-portkey", "x-litellm")
    assert not [name for name in plain.headers if name.startswith(vendors)]
    assert helicone.headers["helicone-id"] == helicone.headers["x-request-id"] == "my-id"
    assert (portkey.headers["x-portkey-cache-status"], portkey.headers["x-portkey-trace-id"]) == ("DISABLED", "t-1")
    assert portkey.headers["x-portkey-provider"] == "openai"
    assert litellm.headers["x-litellm-response-cost"] == litellm.headers["x-quarterdeck-cost-usd"]
    assert litellm.headers["x-litellm-call-id"] == litellm.headers["x-request-id"]


async def test_a_header_names_another_model_than_the_body(gateway: Gateway) -> None:
    headers = {"x-portkey-provider": "openai"}

    by_provider = await gateway.http().post("/v1/chat/completions", json={**BODY, "model": "gpt-4o"}, headers=headers)
    by_model = await gateway.http().post(
        "/v1/chat/completions", json=BODY, headers={"x-quarterdeck-model": "openai/gpt-4o"}
    )

    assert by_provider.headers["x-quarterdeck-model"] == by_model.headers["x-quarterdeck-model"] == "openai/gpt-4o"
    assert gateway.upstream.last.body["model"] == "gpt-4o"


async def test_what_cannot_be_obeyed_is_said(gateway: Gateway) -> None:
    headers = {"Helicone-Target-URL": "https://elsewhere"}

    reply = await gateway.http().post("/v1/chat/completions", json=BODY, headers=headers)

    assert reply.headers["x-quarterdeck-left-out"] == "helicone-target-url"

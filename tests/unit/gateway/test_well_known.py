"""The table of servers that speak OpenAI's dialect: one row each, found by their variables, spoken to in their manners."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from quarterdeck.config.settings import PROVIDER_VARIABLES
from quarterdeck.gateway.conversation import ChatRequest, Message
from quarterdeck.gateway.manners import OLD_LIMIT, Manners
from quarterdeck.gateway.openai_reading import plain_request
from quarterdeck.gateway.provider import Account
from quarterdeck.gateway.providers.openai_compatible import OpenAICompatible
from quarterdeck.gateway.well_known import WELL_KNOWN, WellKnown, manners_of, standard_url
from tests.fakes.upstream import FakeUpstream
from tests.unit.gateway.conftest import running_gateway


def test_every_row_has_a_name_an_address_and_variables_of_its_own() -> None:
    names = [known.name for known in WELL_KNOWN]
    keys = [known.key for known in WELL_KNOWN]

    assert len(set(names)) == len(names) and len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[a-z0-9]+", name) for name in names)
    assert all(known.example.startswith(f"{known.name}/") for known in WELL_KNOWN)
    assert all(known.base_url.startswith(("https://", "{")) for known in WELL_KNOWN)


def test_the_settings_let_every_variable_through() -> None:
    assert {name for known in WELL_KNOWN for name in known.variables} <= set(PROVIDER_VARIABLES)


@pytest.mark.parametrize("known", WELL_KNOWN, ids=lambda known: known.name)
def test_its_variables_are_all_it_takes(known: WellKnown) -> None:
    variables = {name: "http://127.0.0.1:9" if "BASE_URL" in name else "word" for name in known.variables}

    (found,) = [account for account in OpenAICompatible.found(variables) if account.name == known.name]

    assert found.base_url.startswith(("https://", "http://127.0.0.1:9/")) and "{" not in found.base_url
    assert found.api_key is not None


def test_nothing_is_found_where_nothing_is_said() -> None:
    assert OpenAICompatible.found({}) == []


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"VLLM_BASE_URL": "http://gpu:8000"}, "http://gpu:8000/v1"),
        ({"VLLM_BASE_URL": "http://gpu:8000/v1/"}, "http://gpu:8000/v1"),
        ({"OLLAMA_HOST": "http://0.0.0.0"}, "http://127.0.0.1:11434/v1"),
        ({"OLLAMA_HOST": "box:11435"}, "http://box:11435/v1"),
        ({"OLLAMA_BASE_URL": "https://ollama.example"}, "https://ollama.example/v1"),
        ({"DATABRICKS_HOST": "dbc-1.cloud.databricks.com", "DATABRICKS_TOKEN": "k"},
         "https://dbc-1.cloud.databricks.com/serving-endpoints"),
        ({"CLOUDFLARE_ACCOUNT_ID": "acc", "CLOUDFLARE_API_TOKEN": "k"},
         "https://api.cloudflare.com/client/v4/accounts/acc/ai/v1"),
    ],
)  # fmt: skip
def test_an_address_is_made_of_what_its_user_says(variables: dict[str, str], url: str) -> None:
    (account,) = OpenAICompatible.found(variables)

    assert account.base_url == url


def test_a_server_of_ones_own_needs_no_key_and_may_have_one() -> None:
    (bare,) = OpenAICompatible.found({"VLLM_BASE_URL": "http://gpu:8000"})
    (locked,) = OpenAICompatible.found({"VLLM_BASE_URL": "http://gpu:8000", "VLLM_API_KEY": "k"})

    assert (bare.api_key, locked.api_key) == (None, "k")


def test_manners_go_by_the_address_and_not_by_what_somebody_calls_it() -> None:
    mine = Account("mine", "openai-compatible", "https://api.deepseek.com/v1")
    another = Account("deepseek", "openai-compatible", "https://proxy.example/v1")

    assert manners_of(mine).wants_thoughts
    assert not manners_of(another).wants_thoughts


def test_a_well_known_server_is_added_by_its_name() -> None:
    assert standard_url("groq") == "https://api.groq.com/openai/v1"
    assert standard_url("databricks") is None
    assert standard_url("nobody") is None


def test_a_body_that_offends_nobody_keeps_its_very_bytes() -> None:
    body = b'{"model" : "m",  "messages":[{"role":"user","content":"max_completion_tokens"}]}'

    assert Manners(renames=OLD_LIMIT, drops=("user",)).fit(body) is body


def test_a_renamed_field_never_overrides_what_was_said_by_its_right_name() -> None:
    manners = Manners(renames=OLD_LIMIT, drops=("user",))

    fitted = manners.fit(b'{"model":"m","user":"u","max_completion_tokens":7,"x":1.0}')
    both = manners.fit(b'{"max_completion_tokens":7,"max_tokens":5}')

    assert json.loads(fitted) == {"model": "m", "max_tokens": 7, "x": 1.0}
    assert json.loads(both) == {"max_tokens": 5}


def test_thoughts_of_earlier_turns_go_back_only_to_those_who_want_them() -> None:
    asked = ChatRequest(model="m", messages=[Message("assistant", "Hi", reasoning_content="Greet.")])

    kept = plain_request(asked, "m", wants_thoughts=True)["messages"][0]
    taken = plain_request(asked, "m")["messages"][0]

    assert kept["reasoning_content"] == "Greet."
    assert "reasoning_content" not in taken


async def test_a_forwarded_request_is_put_as_its_server_takes_it(tmp_path: Path, upstream: FakeUpstream) -> None:
    found = {"SGLANG_BASE_URL": upstream.url}
    async with running_gateway(tmp_path / "home", upstream, providers=found, cache=False) as gateway:
        said = [{"role": "user", "content": "Hi"}]
        await gateway.openai().chat.completions.create(model="sglang/m", messages=said, max_completion_tokens=9)

    assert upstream.last.body == {"model": "m", "messages": said, "max_tokens": 9}

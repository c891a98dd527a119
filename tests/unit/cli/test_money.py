"""Money from the terminal: prices of one's own, history priced anew, reports, and the cache."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from click.testing import Result

from tests.fakes.upstream import FakeUpstream, Turn, fake_upstream
from tests.unit.cli.conftest import Quarterdeck


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with fake_upstream() as upstream:
        yield upstream


async def run(quarterdeck: Quarterdeck, *arguments: str, stdin: str = "") -> Result:
    """Run a command while the upstream answers from this loop."""
    return await asyncio.to_thread(quarterdeck, *arguments, stdin=stdin)


async def test_a_model_without_a_price_is_noticed_priced_and_its_history_with_it(
    quarterdeck: Quarterdeck, upstream: FakeUpstream
) -> None:
    upstream.script(Turn())
    add = ("providers", "add", "gpus", "--base-url", upstream.openai_url, "--model", "house-7b", "--no-key")
    await run(quarterdeck, *add)
    await run(quarterdeck, "ask", "gpus/house-7b", "Why?")

    unpriced = await run(quarterdeck, "prices", "unpriced")
    nobody_knows = await run(quarterdeck, "prices", "show", "gpus/house-7b")
    made = await run(
        quarterdeck, "prices", "set", "gpus/house-*", "--input", "0.2", "--output", "0.6", "--note", "our power bill"
    )
    repriced = await run(quarterdeck, "prices", "reprice", "--json")
    after = await run(quarterdeck, "prices", "unpriced", "--json")
    shown = await run(quarterdeck, "prices", "show", "gpus/house-7b", "--json")
    used = await run(quarterdeck, "usage", "--by", "model", "--json")

    assert unpriced.stdout.split("\t")[:2] == ["gpus/house-7b", "1"]
    assert "Nobody knows" in nobody_knows.stderr
    assert made.exit_code == 0
    run_ = json.loads(repriced.stdout)
    assert (run_["status"], run_["changed"]) == ("done", 1)
    assert json.loads(after.stdout)["items"] == []
    assert json.loads(shown.stdout)["prices"] == {"input": 0.2, "output": 0.6}
    (group,) = (group for group in json.loads(used.stdout)["groups"] if group["key"] == "gpus/house-7b")
    assert group["sums"]["cost_usd"] == pytest.approx(run_["difference_usd"]) and group["sums"]["unpriced_calls"] == 0


def test_a_price_is_withdrawn_and_the_record_shows_both(quarterdeck: Quarterdeck) -> None:
    made = json.loads(
        quarterdeck("prices", "set", "openai/gpt-4o", "--input", "1", "--unit", "search=0.02", "--json").stdout
    )
    listed = quarterdeck("prices", "list", "openai/gpt-4o", "--set")

    removed = quarterdeck("prices", "remove", made["id"])
    after = quarterdeck("prices", "list", "openai/gpt-4o", "--set")
    kept = json.loads(quarterdeck("prices", "history", "--json").stdout)

    assert made["prices"] == {"input": 1.0, "search": 0.02}
    assert made["id"] in listed.stdout and removed.exit_code == 0 and made["id"] not in after.stdout
    assert kept["intact"] and kept["items"][0]["withdrawn_by"] is not None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gpt-4o", "--input", "1"), "is no model of a provider"),
        (("openai/gpt-4o",), "There is nothing to set"),
        (("openai/gpt-4o", "--unit", "search"), "is no price"),
        (("openai/gpt-4o", "--unit", "words=1"), "Nothing is paid by"),
        (("openai/gpt-4o", "--input", "free"), "prices"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(
    quarterdeck: Quarterdeck, arguments: tuple[str, ...], says: str
) -> None:
    result = quarterdeck("prices", "set", *arguments)

    assert result.exit_code != 0
    assert says in result.stderr


def test_the_price_lists_are_searched(quarterdeck: Quarterdeck) -> None:
    found = quarterdeck("prices", "list", "openai/gpt-4o-mini")

    assert "openai/gpt-4o-mini\t0.15\t0.6" in found.stdout


def test_a_forecast_says_what_it_stands_on(quarterdeck: Quarterdeck) -> None:
    said = quarterdeck("usage", "--forecast")

    assert "are needed to say where the month will end" in said.stdout


def test_the_cache_is_shown_and_emptied(quarterdeck: Quarterdeck) -> None:
    shown = quarterdeck("cache", "show", "--json")
    purged = quarterdeck("cache", "purge", "--namespace", "tests", "--model", "openai/gpt-4o", "--json")

    assert json.loads(shown.stdout)["scope"] == "key"
    assert json.loads(purged.stdout) == {"purged": 0}

"""An app may cut its passages down before a model reads them; what it cites and checks against stays whole."""

from __future__ import annotations

import pytest

from quarterdeck.core.errors import InvalidInput
from quarterdeck.orchestration.parameters import as_content, changed
from quarterdeck.orchestration.records import Parameters
from tests.fakes.upstream import Turn
from tests.unit.orchestration.conftest import House

GPT = "openai/gpt-4o-mini"
QUESTION = "How many days a week may I work from home?"
ANSWER = Turn(words=("You may work from home up to 3 days a week [1].",))


async def test_the_model_reads_less_and_the_answer_is_still_cited(house: House) -> None:
    house.upstream.script(ANSWER, ANSWER)
    whole = await house.ask(await house.bot("whole", model=GPT, min_relevance=0.0), QUESTION)
    sent_whole = len(str(house.upstream.last.body["messages"]))

    shorter = await house.ask(await house.bot("shorter", model=GPT, min_relevance=0.0, keep_share=0.3), QUESTION)

    sent = str(house.upstream.last.body["messages"])
    assert len(sent) < sent_whole
    assert "You may work from home up to 3 days a week." in sent
    assert (shorter.text, shorter.citations) == (whole.text, whole.citations)
    span = shorter.span("compress passages")
    assert 0 < span.attributes["quarterdeck.compression.kept_share"] <= 0.3
    assert "compress passages" not in [one.name for one in whole.spans]


async def test_who_reads_for_nothing_gets_the_passages_whole(house: House) -> None:
    said = await house.ask(await house.bot(keep_share=0.1), QUESTION)

    assert "compress passages" not in [span.name for span in said.spans]


def test_a_parameter_that_came_later_leaves_older_addresses_alone() -> None:
    assert "keep_share" not in as_content(Parameters())
    assert as_content(changed(Parameters(), {"keep_share": 0.5}))["keep_share"] == 0.5
    with pytest.raises(InvalidInput, match="between"):
        changed(Parameters(), {"keep_share": 0.0})

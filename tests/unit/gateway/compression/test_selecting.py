"""Compression leaves out whole sentences that a question does not need, and changes nothing of what it keeps."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from quarterdeck.gateway.compression.selecting import compress
from quarterdeck.gateway.compression.units import units_of

PAGE = """# Annual leave

Everyone likes leave. You have 25 days of leave a year, plus public holidays. Ask in the tool.

## Carrying over

You may carry over:

- up to 5 days into the next year
- more, if your manager agrees in writing

| Years | Days |
| --- | --- |
| 0-2 | 25 |

```sh
leave request --days 5
```

## Contact

Write to the people team. They answer in two days.
"""


def test_what_answers_stays_with_its_headings_and_the_sentence_it_hangs_from() -> None:
    (text,) = compress([PAGE], "How many days can I carry over?", 0.5).texts

    assert "## Carrying over\n\nYou may carry over:\n\n- up to 5 days into the next year" in text
    assert "Write to the people team." not in text
    assert "## Contact" not in text


def test_tables_and_code_stay_whole() -> None:
    (text,) = compress([PAGE], "Who answers?", 0.2).texts

    assert "| Years | Days |\n| --- | --- |\n| 0-2 | 25 |" in text
    assert "```sh\nleave request --days 5\n```" in text


def test_several_texts_share_one_budget_and_one_without_use_becomes_empty() -> None:
    texts = ["The office opens at nine. It closes at six.", "Parking costs five euros. Bring a card."]

    found = compress(texts, "When does the office open?", 0.35)

    assert found.texts == ["The office opens at nine.", ""]
    assert found.kept_share <= 0.35
    assert (found.sentences, found.sentences_kept) == (4, 1)


def test_the_best_sentence_stays_even_when_it_is_too_long() -> None:
    found = compress(["A very long sentence about parking in the garage."], "parking?", 0.05)

    assert found.texts == ["A very long sentence about parking in the garage."]


@pytest.mark.parametrize("text", [PAGE, "", "\n\n", "no full stop", "# only a heading\n", "a\n\nb", "- one\n- two\n"])
def test_the_units_of_a_text_are_the_text(text: str) -> None:
    assert "".join(unit.text for unit in units_of(text)) == text


@given(st.lists(st.text(max_size=300), max_size=4), st.text(max_size=40), st.floats(0.05, 1.0))
def test_nothing_is_ever_rewritten(texts: list[str], question: str, share: float) -> None:
    found = compress(texts, question, share)

    assert len(found.texts) == len(texts)
    for before, after in zip(texts, found.texts, strict=True):
        rest = "".join(before.split())
        for character in "".join(after.split()):
            place = rest.find(character)
            assert place >= 0
            rest = rest[place + 1 :]

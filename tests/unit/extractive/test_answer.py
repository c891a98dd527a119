"""Extractive answers: sentences of the passages, each cited, as few as hold the answer, or none."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from quarterdeck.gateway.conversation import SourceDocument
from quarterdeck.gateway.embedders.minilm import open_minilm
from quarterdeck.gateway.extractive.answer import ExtractiveAnswer, answer
from quarterdeck.gateway.extractive.evidence import STATEMENT_FEATURES, Embed
from quarterdeck.gateway.extractive.support import SUPPORT_FEATURES
from quarterdeck.gateway.extractive.vector_memory import VectorMemory
from tests.conftest import FreshHome

PASSAGES = [
    SourceDocument(
        id="leave",
        title="Annual leave",
        heading_path=["Carrying over"],
        text="You may carry up to 5 unused days into the next year. They lapse on 31 March. Ask your manager in time.",
    ),
    SourceDocument(
        id="asking",
        title="Annual leave",
        heading_path=["Asking for leave"],
        text="Ask in Mooring.\n\n| Length of leave | Ask at least |\n| --- | --- |\n| Up to 3 days | 5 working days before |\n"
        "| 4 days or more | 4 weeks before |",
    ),
    SourceDocument(
        id="card",
        title="Corporate card",
        heading_path=["Lost cards"],
        text="If your card is lost:\n\n1. Block it in the bank's app.\n2. Call the Bridge Desk on extension 7000. They answer day and night.\n"
        "3. Write a note to Finance.\n\nA new card takes 5 working days.",
    ),
    SourceDocument(
        id="pay",
        title="Pay",
        heading_path=["The yearly review"],
        text="New salaries apply from 1 April. There is no general or automatic raise. What if I disagree? See Appeals.",
    ),
]


@pytest.fixture(scope="module")
def embed(tmp_path_factory: pytest.TempPathFactory, fresh_home: FreshHome) -> Embed:
    return VectorMemory(open_minilm(fresh_home(tmp_path_factory.mktemp("minilm") / "home"))).embed


def text_of(found: ExtractiveAnswer) -> str:
    return "".join(found.pieces)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How many days can I carry over?", "You may carry up to 5 unused days into the next year. [1]"),
        (
            "How early must I ask for two days off?",
            "Length of leave: Up to 3 days; Ask at least: 5 working days before. [2]",
        ),
        ("How long does a new card take?", "A new card takes 5 working days. [3]"),
        ("When do new salaries start?", "New salaries apply from 1 April. [4]"),
    ],
)
def test_the_sentence_that_answers_is_given_with_the_number_of_its_passage(
    embed: Embed, question: str, sentence: str
) -> None:
    found = answer(question, PASSAGES, embed)

    assert not found.declined
    assert sentence in text_of(found)


def test_a_sentence_that_points_back_comes_with_the_one_before_it(embed: Embed) -> None:
    found = answer("When do carried days lapse?", PASSAGES, embed)

    assert text_of(found).startswith(
        "You may carry up to 5 unused days into the next year. [1] They lapse on 31 March. [1]"
    )


def test_the_steps_of_a_list_come_together_and_each_sentence_is_cited(embed: Embed) -> None:
    found = answer("What do I do when I have lost my card?", PASSAGES, embed)

    assert (
        "If your card is lost: [3]\n- Block it in the bank's app. [3]\n- Call the Bridge Desk on extension 7000. [3] "
        "They answer day and night. [3]\n- Write a note to Finance. [3]"
    ) in text_of(found)


@pytest.mark.parametrize(
    "question",
    [
        "May I bring my dog to the office?",
        "What is the capital of Norway?",
        "How much is a parking space?",
        "Now that everyone gets a free car, which model may I choose?",
    ],
)
def test_what_the_passages_do_not_answer_is_declined_in_one_sentence(embed: Embed, question: str) -> None:
    found = answer(question, PASSAGES, embed)

    assert found.declined
    assert found.pieces == ["I could not find an answer to this in the documents."]
    assert found.probability < found.threshold


def test_questions_and_pointers_in_a_passage_are_not_quoted_as_answers(embed: Embed) -> None:
    found = answer("Is there a general raise?", PASSAGES, embed)

    assert "There is no general or automatic raise. [4]" in text_of(found)
    assert "What if I disagree?" not in text_of(found)
    assert "See Appeals" not in text_of(found)


def test_two_things_asked_at_once_are_both_answered(embed: Embed) -> None:
    found = answer("How many days can I carry over, and when do new salaries apply?", PASSAGES, embed)

    assert "5 unused days" in text_of(found)
    assert "1 April" in text_of(found)


def test_without_an_embedder_it_goes_by_words(embed: Embed) -> None:
    found = answer("How many unused days may I carry into the next year?", PASSAGES, None)
    beside = answer("Does the aquarium show penguins on Sundays?", PASSAGES, None)

    assert text_of(found).startswith("You may carry up to 5 unused days into the next year. [1]")
    assert beside.declined


@pytest.mark.parametrize(
    "passages", [[], [SourceDocument(id="x", text="")], [SourceDocument(id="x", text="## | --- |")]]
)
def test_without_anything_to_read_it_declines(embed: Embed, passages: list[SourceDocument]) -> None:
    assert answer("How many days?", passages, embed).declined


@pytest.mark.parametrize("question", ["", "?", "🙂", "a" * 20_000, "\ud800"])
def test_no_question_breaks_it(embed: Embed, question: str) -> None:
    assert answer(question, PASSAGES, embed).pieces


def test_the_published_coefficients_are_complete() -> None:
    content = json.loads(
        resources.files("quarterdeck.gateway.extractive").joinpath("model.json").read_text(encoding="utf-8")
    )

    for part in ("with_vectors", "words_only"):
        assert set(content[part]["statement"]) == set(STATEMENT_FEATURES)
        assert set(content[part]["support"]) == set(SUPPORT_FEATURES)
        assert 0 < content[part]["threshold"] < 1


def test_the_memory_of_vectors_is_bounded_and_gives_what_was_computed(tmp_path: Path, fresh_home: FreshHome) -> None:
    embedder = open_minilm(fresh_home(tmp_path / "home"))
    memory = VectorMemory(embedder, size=2)

    first = memory.embed(["one", "two", "three", "one"])
    again = memory.embed(["three", "one"])

    assert (first[0] == first[3]).all()
    assert abs(again[0] - first[2]).max() < 1e-3
    assert len(memory._vectors) == 2

"""Answers a question with sentences of passages, or says that they do not answer it. Pure: no input, no output.

read the question → read the passages into statements → short list → embed → score → is any of them an answer? → choose → write
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from quarterdeck.gateway.conversation import SourceDocument
from quarterdeck.gateway.extractive import model, selecting, wording
from quarterdeck.gateway.extractive.candidates import Candidate, read_candidates
from quarterdeck.gateway.extractive.evidence import Embed, Similarities, statement_features
from quarterdeck.gateway.extractive.question import Question, read_question
from quarterdeck.gateway.extractive.support import support_features

SHORT_LIST = 28


@dataclass(frozen=True)
class ExtractiveAnswer:
    """What to say, and how sure we are that the passages answer."""

    pieces: list[str]
    declined: bool
    probability: float
    threshold: float
    chosen: list[Candidate] = field(default_factory=list)


def answer(question_text: str, passages: Sequence[SourceDocument], embed: Embed | None) -> ExtractiveAnswer:
    """The best answer that the passages hold. Without `embed` it goes by words alone."""
    judge = model.load(with_vectors=embed is not None)
    question = read_question(question_text)
    everything = read_candidates(passages)
    if not everything:
        said = wording.DECLINED if passages else wording.NO_DOCUMENTS
        return ExtractiveAnswer([said], declined=True, probability=0.0, threshold=judge.threshold)
    candidates = everything if embed is None else _short_list(question, everything)
    similarities = Similarities(question, candidates, embed)
    choices = [
        selecting.Choice(ask, judge.scores(statement_features(question, ask, candidates, similarities)))
        for ask in question.asks
    ]
    surest = max(choices, key=lambda choice: float(choice.scores.max()))
    features = support_features(question, surest.ask, candidates, surest.scores, similarities, embed)
    probability = judge.probability(features)
    if probability < judge.threshold:
        return ExtractiveAnswer([wording.DECLINED], declined=True, probability=probability, threshold=judge.threshold)
    chosen = selecting.select(choices, candidates, similarities.vectors, everything)
    return ExtractiveAnswer(
        list(wording.write(chosen)),
        declined=False,
        probability=probability,
        threshold=judge.threshold,
        chosen=chosen,
    )


def _short_list(question: Question, candidates: list[Candidate]) -> list[Candidate]:
    """The candidates that words alone find best: only these are worth a vector. Measured, the others never win."""
    if len(candidates) <= SHORT_LIST:
        return candidates
    judge = model.load(with_vectors=False)
    no_vectors = Similarities(question, candidates, None)
    scores = np.max(
        [judge.scores(statement_features(question, ask, candidates, no_vectors)) for ask in question.asks], axis=0
    )
    kept = set(np.argsort(-scores, kind="stable")[:SHORT_LIST].tolist())
    return [candidate for place, candidate in enumerate(candidates) if place in kept]

"""Answers a question with sentences of passages, or says that they do not answer it. Pure: no input, no output.

read the question → read the passages into statements → embed → score → is any of them an answer? → choose → write
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from quarterdeck.gateway.conversation import SourceDocument
from quarterdeck.gateway.extractive import model, selecting, wording
from quarterdeck.gateway.extractive.candidates import Candidate, read_candidates
from quarterdeck.gateway.extractive.evidence import Embed, Similarities, statement_features
from quarterdeck.gateway.extractive.question import read_question
from quarterdeck.gateway.extractive.support import support_features


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
    candidates = read_candidates(passages)
    question = read_question(question_text)
    if not candidates:
        said = wording.DECLINED if passages else wording.NO_DOCUMENTS
        return ExtractiveAnswer([said], declined=True, probability=0.0, threshold=judge.threshold)
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
    chosen = [candidates[place] for place in selecting.select(choices, candidates, similarities.vectors)]
    return ExtractiveAnswer(
        list(wording.write(chosen)),
        declined=False,
        probability=probability,
        threshold=judge.threshold,
        chosen=chosen,
    )

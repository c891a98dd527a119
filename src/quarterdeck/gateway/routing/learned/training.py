"""Trains a router on outcomes, and judges it by requests that the judged model had not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quarterdeck.core.hashing import Json, content_hash
from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.logistic import Numbers, fit_logistic
from quarterdeck.gateway.routing.learned import measuring
from quarterdeck.gateway.routing.learned.features import LENGTH, shapes
from quarterdeck.gateway.routing.learned.model import FORMAT, Head, RouterModel
from quarterdeck.gateway.routing.learned.records import Interval, Line, PolicyName, Report, Sample, TrainedModel

LEAST_PAIRS = 200
_FOLDS = 5
_MOST_DIRECTIONS = 64
_ROWS_A_DIRECTION = 20
_PENALTY = 30.0
_ROWS_FOR_DIRECTIONS = 4000
_SEED = 1
_LEAST_TOPICS = 5

Fold = NDArray[np.int64]


def train(
    samples: Sequence[Sample],
    vectors: Vectors,
    *,
    weak: str,
    strong: str,
    keep: float,
    confidence: float,
    embedder: str,
    now: str,
) -> tuple[RouterModel, Report]:
    """A model from all samples, and a report from models that have each seen four fifths of them."""
    scores_weak = np.array([sample.weak for sample in samples])
    scores_strong = np.array([sample.strong for sample in samples])
    forms, gains = shapes([sample.text for sample in samples]), scores_strong - scores_weak
    folds = _folds([sample.text for sample in samples])
    unseen = _out_of_fold(forms, vectors, scores_weak, scores_strong, folds)
    by_length = _out_of_fold(forms[:, LENGTH], vectors[:, :0], scores_weak, scores_strong, folds)
    threshold = measuring.promised_threshold(unseen, scores_weak, scores_strong, keep, confidence)
    topics = [sample.topic or "" for sample in samples]
    ranked, ranked_by_length = _ranks_within(unseen, folds), _ranks_within(by_length, folds)
    report = _report(
        samples, scores_weak, scores_strong, unseen, by_length, ranked, ranked_by_length, threshold, confidence
    )
    if len(set(topics)) >= _LEAST_TOPICS and all(topics):
        of_topic = _folds(topics)
        on_topics = _ranks_within(_out_of_fold(forms, vectors, scores_weak, scores_strong, of_topic), of_topic)
        report = Report(**{**vars(report), "apgr_unseen_topics": _apgr(on_topics, gains)})
    on, reason = _verdict(report, threshold, keep, confidence)
    steps_raw, steps_gain = measuring.isotonic(unseen, gains)
    mean, directions, head_weak, head_strong = _fit(forms, vectors, scores_weak, scores_strong)
    rows: Json = [[sample.text, sample.weak, sample.strong] for sample in samples]
    card = TrainedModel(
        format=FORMAT,
        trained_at=now,
        rows=len(samples),
        rows_sha256=content_hash(rows),
        weak=weak,
        strong=strong,
        embedder=embedder,
        keep=keep,
        confidence=confidence,
        threshold=threshold,
        on=on,
        reason=reason,
    )
    return RouterModel(mean, directions, head_weak, head_strong, steps_raw, steps_gain, card), report


def _fit(forms: Numbers, vectors: Vectors, weak: Numbers, strong: Numbers) -> tuple[Vectors, Vectors, Head, Head]:
    mean, directions = _directions(vectors)
    rows = np.column_stack([forms, (vectors - mean) @ directions])
    return mean, directions, _head(rows, weak), _head(rows, strong)


def _head(rows: Numbers, scores: Numbers) -> Head:
    return Head(*fit_logistic(rows, scores, penalty=_PENALTY))


def _directions(vectors: Vectors) -> tuple[Vectors, Vectors]:
    """The middle of the requests, and the directions in which they differ most."""
    count = min(_MOST_DIRECTIONS, len(vectors) // _ROWS_A_DIRECTION, vectors.shape[1])
    mean: Vectors = vectors.mean(axis=0)
    if count == 0:
        return mean, np.zeros((vectors.shape[1], 0), dtype=np.float32)
    chosen = np.random.default_rng(_SEED).permutation(len(vectors))[:_ROWS_FOR_DIRECTIONS]
    _, _, axes = np.linalg.svd(vectors[chosen] - mean, full_matrices=False)
    return mean, np.ascontiguousarray(axes[:count].T)


def _folds(keys: Sequence[str]) -> Fold:
    """Which fifth each row belongs to. Rows with one key stay together: nothing is judged by a copy of what was learnt."""
    names = sorted(set(keys))
    places = np.random.default_rng(_SEED).permutation(len(names)) % _FOLDS
    fold_of = dict(zip(names, places, strict=True))
    return np.array([fold_of[key] for key in keys])


def _out_of_fold(forms: Numbers, vectors: Vectors, weak: Numbers, strong: Numbers, folds: Fold) -> Numbers:
    """Raw predictions for every row, by models that have not seen its fold."""
    found = np.zeros(len(folds))
    for fold in np.unique(folds):
        seen, other = folds != fold, folds == fold
        mean, directions, head_weak, head_strong = _fit(forms[seen], vectors[seen], weak[seen], strong[seen])
        rows = np.column_stack([forms[other], (vectors[other] - mean) @ directions])
        found[other] = head_strong.chances(rows) - head_weak.chances(rows)
    return found


def _ranks_within(predicted: Numbers, folds: Fold) -> Numbers:
    """Each prediction's place among those of its own fold, from 0 to 1.

    Predictions of different models must not be compared: a model that has not seen a fold with many gains expects fewer
    gains there, so that all of them together look worse than chance, and the plainer ones more so.
    """
    found = np.zeros(len(predicted))
    for fold in np.unique(folds):
        inside = folds == fold
        found[inside] = np.argsort(np.argsort(predicted[inside], kind="stable"), kind="stable") / max(inside.sum(), 1)
    return found


def _apgr(predicted: Numbers, gains: Numbers) -> Interval:
    value = measuring.apgr(predicted, gains)
    return measuring.bootstrapped(lambda counts: measuring.apgr(predicted, gains, counts), len(gains), value)


def _report(
    samples: Sequence[Sample],
    weak: Numbers,
    strong: Numbers,
    learned: Numbers,
    by_length: Numbers,
    ranked: Numbers,
    ranked_by_length: Numbers,
    threshold: float | None,
    confidence: float,
) -> Report:
    gains, rows = strong - weak, len(samples)
    chosen = learned >= threshold if threshold is not None else np.ones(rows, dtype=np.bool_)
    share = float(chosen.mean())
    as_many_longest = np.zeros(rows, dtype=np.bool_)
    as_many_longest[np.argsort(-by_length, kind="stable")[: int(chosen.sum())]] = True
    choices: dict[PolicyName, Numbers] = {
        "all-weak": np.zeros(rows),
        "all-strong": np.ones(rows),
        "random": np.full(rows, share),
        "length-only": as_many_longest.astype(np.float64),
        "learned": chosen.astype(np.float64),
        "oracle": (gains > 0).astype(np.float64),
    }
    kept, bound = measuring.share_kept(chosen, weak, strong, confidence)
    better = measuring.apgr(ranked, gains) - measuring.apgr(ranked_by_length, gains)

    def advantage(counts: measuring.Counts) -> float:
        return measuring.apgr(ranked, gains, counts) - measuring.apgr(ranked_by_length, gains, counts)

    return Report(
        rows=rows,
        lines=[_line(policy, to_strong, samples, weak, strong) for policy, to_strong in choices.items()],
        kept=round(kept, 4),
        kept_bound=round(bound, 4),
        apgr=_apgr(ranked, gains),
        apgr_length_only=_apgr(ranked_by_length, gains),
        advantage=measuring.bootstrapped(advantage, rows, better),
        apgr_unseen_topics=None,
        gap=measuring.mean_of(gains),
    )


def _line(policy: PolicyName, to_strong: Numbers, samples: Sequence[Sample], weak: Numbers, strong: Numbers) -> Line:
    scores = to_strong * strong + (1 - to_strong) * weak
    return Line(policy, measuring.mean_of(scores), round(float(to_strong.mean()), 4), _cost(to_strong, samples))


def _cost(to_strong: Numbers, samples: Sequence[Sample]) -> float | None:
    total = 0.0
    for share, sample in zip(to_strong, samples, strict=True):
        if sample.weak_cost_usd is None or sample.strong_cost_usd is None:
            return None
        total += share * sample.strong_cost_usd + (1 - share) * sample.weak_cost_usd
    return float(total / len(samples))


def _verdict(report: Report, threshold: float | None, keep: float, confidence: float) -> tuple[bool, str]:
    """Whether the router may choose, and why."""
    share = next(line.strong_share for line in report.lines if line.policy == "learned")
    advantage = report.advantage
    if report.gap.low <= 0:
        return (
            False,
            "The strong model is not shown to be better: its gap to the weak one may be nothing. Use the weak one.",
        )
    if advantage.low <= 0:
        return False, (
            f"Off: it is not shown to be better than looking at the length (advantage {advantage.value:+.3f}, "
            f"95 % interval {advantage.low:+.3f} to {advantage.high:+.3f}). More outcomes may change that."
        )
    if report.apgr.low <= 0.5:
        return False, (
            f"Off: it is not shown to be better than chance (it recovers {report.apgr.value:.3f} of the gap, 95 % interval "
            f"{report.apgr.low:.3f} to {report.apgr.high:.3f}; chance recovers 0.5). More outcomes may change that."
        )
    if threshold is None or share >= 1.0:
        return (
            False,
            f"Off: no mix is shown to keep {keep:.0%} of the strong model's quality at {confidence:.0%} confidence.",
        )
    return True, (
        f"Keeps {report.kept:.1%} of the strong model's quality, {report.kept_bound:.1%} at least at {confidence:.0%} "
        f"confidence, with {share:.0%} of the requests sent to it."
    )

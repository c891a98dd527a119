"""Whether a router is worth having: what it recovers of the gap, how every way to choose would have done, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.logistic import Numbers
from quarterdeck.gateway.routing.learned import measuring
from quarterdeck.gateway.routing.learned.features import LENGTH
from quarterdeck.gateway.routing.learned.fitting import fit
from quarterdeck.gateway.routing.learned.records import Interval, Line, PolicyName, Report, Sample

_FOLDS = 5
_SEED = 1
_LEAST_TOPICS = 5

Fold = NDArray[np.int64]


@dataclass(frozen=True)
class Worth:
    """What learning recovers of the gap between the models, on samples that were not seen."""

    apgr: Interval
    apgr_length_only: Interval
    advantage: Interval
    apgr_unseen_topics: Interval | None
    gap: Interval


def worth(samples: Sequence[Sample], forms: Numbers, vectors: Vectors, weak: Numbers, strong: Numbers) -> Worth:
    """Judge by folds: every sample, by models that have not seen it, beside looking at the length alone."""
    gains, folds = strong - weak, _folds([sample.text for sample in samples])
    learned = _ranks_within(_out_of_fold(forms, vectors, weak, strong, folds), folds)
    by_length = _ranks_within(_out_of_fold(forms[:, LENGTH], vectors[:, :0], weak, strong, folds), folds)

    def advantage(counts: measuring.Counts) -> float:
        return measuring.apgr(learned, gains, counts) - measuring.apgr(by_length, gains, counts)

    better = measuring.apgr(learned, gains) - measuring.apgr(by_length, gains)
    topics = [sample.topic or "" for sample in samples]
    unseen: Interval | None = None
    if len(set(topics)) >= _LEAST_TOPICS and all(topics):
        of_topic = _folds(topics)
        unseen = _apgr(_ranks_within(_out_of_fold(forms, vectors, weak, strong, of_topic), of_topic), gains)
    return Worth(
        apgr=_apgr(learned, gains),
        apgr_length_only=_apgr(by_length, gains),
        advantage=measuring.bootstrapped(advantage, len(gains), better),
        apgr_unseen_topics=unseen,
        gap=measuring.mean_of(gains),
    )


def report_on(
    samples: Sequence[Sample],
    learned: Numbers,
    by_length: Numbers,
    threshold: float | None,
    confidence: float,
    worth: Worth,
    rows: int,
) -> Report:
    """How every way to choose would have done on samples that were held out."""
    weak = np.array([sample.weak for sample in samples])
    strong = np.array([sample.strong for sample in samples])
    chosen = learned >= threshold if threshold is not None else np.ones(len(samples), dtype=np.bool_)
    as_many_longest = np.zeros(len(samples), dtype=np.bool_)
    as_many_longest[np.argsort(-by_length, kind="stable")[: int(chosen.sum())]] = True
    choices: dict[PolicyName, Numbers] = {
        "all-weak": np.zeros(len(samples)),
        "all-strong": np.ones(len(samples)),
        "random": np.full(len(samples), float(chosen.mean())),
        "length-only": as_many_longest.astype(np.float64),
        "learned": chosen.astype(np.float64),
        "oracle": (strong > weak).astype(np.float64),
    }
    kept, bound = measuring.share_kept(chosen, weak, strong, confidence)
    return Report(
        rows=rows,
        held_out=len(samples),
        lines=[_line(policy, to_strong, samples, weak, strong) for policy, to_strong in choices.items()],
        kept=round(kept, 4),
        kept_bound=round(bound, 4),
        apgr=worth.apgr,
        apgr_length_only=worth.apgr_length_only,
        advantage=worth.advantage,
        apgr_unseen_topics=worth.apgr_unseen_topics,
        gap=worth.gap,
    )


def verdict(report: Report, threshold: float | None, keep: float, confidence: float) -> tuple[bool, str]:
    """Whether the router may choose, and why."""
    share = next(line.strong_share for line in report.lines if line.policy == "learned")
    advantage, recovered = report.advantage, report.apgr
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
    if recovered.low <= 0.5:
        return False, (
            f"Off: it is not shown to be better than chance (it recovers {recovered.value:.3f} of the gap, 95 % interval "
            f"{recovered.low:.3f} to {recovered.high:.3f}; chance recovers 0.5). More outcomes may change that."
        )
    if threshold is None or share >= 1.0:
        return False, (
            f"Off: no mix is shown to keep {keep:.0%} of the strong model's quality at {confidence:.0%} confidence. "
            "More outcomes may change that."
        )
    return True, (
        f"Keeps {report.kept:.1%} of the strong model's quality, {report.kept_bound:.1%} at least at {confidence:.0%} "
        f"confidence, with {share:.0%} of the requests sent to it."
    )


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
        fitted = fit(forms[seen], vectors[seen], weak[seen], strong[seen])
        found[other] = fitted.raw(forms[other], vectors[other])
    return found


def _ranks_within(predicted: Numbers, folds: Fold) -> Numbers:
    """Each prediction's place among those of its own fold, from 0 to 1.

    Predictions of different models must not be compared: a model that has not seen a fold with many gains expects fewer
    gains there, so that all of them together look worse than chance, and the plainer ones more so.
    """
    found = np.zeros(len(predicted))
    for fold in np.unique(folds):
        inside = folds == fold
        found[inside] = np.argsort(np.argsort(predicted[inside], kind="stable"), kind="stable") / inside.sum()
    return found


def _apgr(predicted: Numbers, gains: Numbers) -> Interval:
    value = measuring.apgr(predicted, gains)
    return measuring.bootstrapped(lambda counts: measuring.apgr(predicted, gains, counts), len(gains), value)


def _line(policy: PolicyName, to_strong: Numbers, samples: Sequence[Sample], weak: Numbers, strong: Numbers) -> Line:
    scores = to_strong * strong + (1 - to_strong) * weak
    return Line(policy, measuring.mean_of(scores), round(float(to_strong.mean()), 4), _cost(to_strong, samples))


def _cost(to_strong: Numbers, samples: Sequence[Sample]) -> float | None:
    total = 0.0
    for share, sample in zip(to_strong, samples, strict=True):
        if sample.weak_cost_usd is None or sample.strong_cost_usd is None:
            return None
        total += float(share) * sample.strong_cost_usd + (1 - float(share)) * sample.weak_cost_usd
    return total / len(samples)

"""Trains a router on outcomes: a model from two thirds of them, its threshold and its report from the third it has not seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quarterdeck.core.hashing import Json, content_hash
from quarterdeck.gateway.embedder import Vectors
from quarterdeck.gateway.routing.learned import measuring
from quarterdeck.gateway.routing.learned.features import LENGTH, shapes
from quarterdeck.gateway.routing.learned.fitting import fit
from quarterdeck.gateway.routing.learned.judging import report_on, verdict, worth
from quarterdeck.gateway.routing.learned.model import FORMAT, RouterModel
from quarterdeck.gateway.routing.learned.records import Report, Sample, TrainedModel

LEAST_PAIRS = 300
_HELD_OUT = 3
"""Every so many-th sample is kept from the model."""
_SEED = 1


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
    """A model and its report. Whether learning is worth it at all is judged by folds over all samples.

    The model whose promise is measured is the model that is used. One trained on all samples predicts on another scale: its
    threshold, taken from other models' predictions, kept the promise in two of three splits only.
    """
    scores_weak = np.array([sample.weak for sample in samples])
    scores_strong = np.array([sample.strong for sample in samples])
    forms = shapes([sample.text for sample in samples])
    seen = np.ones(len(samples), dtype=np.bool_)
    seen[np.random.default_rng(_SEED).permutation(len(samples))[: len(samples) // _HELD_OUT]] = False
    fitted = fit(forms[seen], vectors[seen], scores_weak[seen], scores_strong[seen])
    lengths, nothing = forms[:, LENGTH], vectors[:, :0]
    by_length = fit(lengths[seen], nothing[seen], scores_weak[seen], scores_strong[seen])
    raw = fitted.raw(forms[~seen], vectors[~seen])
    threshold = measuring.promised_threshold(raw, scores_weak[~seen], scores_strong[~seen], keep, confidence)
    report = report_on(
        [sample for sample, known in zip(samples, seen, strict=True) if not known],
        raw,
        by_length.raw(lengths[~seen], nothing[~seen]),
        threshold,
        confidence,
        worth(samples, forms, vectors, scores_weak, scores_strong),
        len(samples),
    )
    on, reason = verdict(report, threshold, keep, confidence)
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
    steps_raw, steps_gain = measuring.isotonic(raw, (scores_strong - scores_weak)[~seen])
    model = RouterModel(fitted.mean, fitted.directions, fitted.weak, fitted.strong, steps_raw, steps_gain, card)
    return model, report

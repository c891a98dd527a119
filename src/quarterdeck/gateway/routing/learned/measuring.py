"""Judges a way to choose between two models: on requests it has not seen, beside the choices that need no learning."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from quarterdeck.gateway.logistic import Numbers
from quarterdeck.gateway.routing.learned.records import Interval

RESAMPLES = 400
_SEED = 1
_STEPS = 100
_LEAST_ROWS = 100
"""Below so many rows the normal bound of a mean is not to be trusted."""

Counts = NDArray[np.int64]


def apgr(predicted: Numbers, gains: Numbers, counts: Counts | None = None) -> float:
    """The share of the gap that is recovered, averaged over all shares of strong calls. Random choice has 0.5.

    `counts` says how often each row was drawn, for resampling.
    """
    order = np.argsort(-predicted, kind="stable")
    drawn = np.ones(len(order)) if counts is None else counts[order].astype(np.float64)
    weighted = gains[order] * drawn
    total = float(weighted.sum())
    if total <= 0.0 or len(order) == 0:
        return 0.5
    return float((np.cumsum(weighted) * drawn).sum() / total / drawn.sum())


def bootstrapped(statistic: Callable[[Counts], float], rows: int, value: float) -> Interval:
    """The interval of a statistic over resamples of the rows, the same ones for every statistic: so they can be compared."""
    chance = np.random.default_rng(_SEED)
    found = [statistic(np.bincount(chance.integers(0, rows, rows), minlength=rows)) for _ in range(RESAMPLES)]
    low, high = np.percentile(found, [2.5, 97.5])
    return Interval(round(value, 4), round(float(low), 4), round(float(high), 4))


def mean_of(scores: Numbers) -> Interval:
    """The mean of scores with its interval."""
    return bootstrapped(lambda counts: float(counts @ scores / counts.sum()), len(scores), float(scores.mean()))


def promised_threshold(
    predicted: Numbers, weak: Numbers, strong: Numbers, keep: float, confidence: float
) -> float | None:
    """The highest threshold at which the mix keeps its share of the strong model's quality, as far as this can be shown.

    From everything to the strong model, which keeps all of it, to ever more for the weak one; the first mix whose lower
    bound falls below the promise ends the search, so that the confidence holds for the one that is chosen.
    """
    if len(predicted) < _LEAST_ROWS:
        return None
    order = np.sort(predicted)
    found: float | None = None
    for step in range(_STEPS + 1):
        threshold = float(order[min(len(order) - 1, step * len(order) // _STEPS)])
        if step == _STEPS:
            threshold = math.nextafter(threshold, math.inf)
        if kept_bound(predicted >= threshold, weak, strong, keep, confidence) < 0.0:
            break
        found = threshold
    return found


def kept_bound(to_strong: NDArray[np.bool_], weak: Numbers, strong: Numbers, keep: float, confidence: float) -> float:
    """The lower bound of what the mix has beyond the promised share of the strong model's quality."""
    beyond = np.where(to_strong, strong, weak) - keep * strong
    error = float(beyond.std(ddof=1)) / math.sqrt(len(beyond))
    return float(beyond.mean()) - NormalDist().inv_cdf(confidence) * error


def share_kept(to_strong: NDArray[np.bool_], weak: Numbers, strong: Numbers, confidence: float) -> tuple[float, float]:
    """Which share of the strong model's quality a mix keeps, and its lower bound (Fieller's, by bisection)."""
    value = float(np.where(to_strong, strong, weak).mean() / max(float(strong.mean()), 1e-9))
    low, high = 0.0, value
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if kept_bound(to_strong, weak, strong, middle, confidence) >= 0 else (low, middle)
    return value, low


def isotonic(predicted: Numbers, gains: Numbers) -> tuple[Numbers, Numbers]:
    """The rising steps that fit gains best (pool adjacent violators): predictions, and the gain each stands for."""
    order = np.argsort(predicted, kind="stable")
    blocks: list[tuple[float, int, float]] = []
    for place in order:
        block = (float(gains[place]), 1, float(predicted[place]))
        while blocks and blocks[-1][0] >= block[0]:
            mean, size, middle = blocks.pop()
            together = size + block[1]
            block = (
                (mean * size + block[0] * block[1]) / together,
                together,
                (middle * size + block[2] * block[1]) / together,
            )
        blocks.append(block)
    return np.array([block[2] for block in blocks]), np.array([block[0] for block in blocks])

"""Fits a logistic regression by Newton's method: enough for tables that fit in memory, and nothing to install."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_MOST_STEPS = 60
_CLOSE_ENOUGH = 1e-7


def fit_logistic(rows: Numbers, targets: Numbers, *, penalty: float = 1.0) -> tuple[Numbers, float]:
    """Weights and bias for rows of plain numbers. `targets` are probabilities; features are put on one scale first."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    spread = np.where(spread > 1e-9, spread, 1.0)
    scaled = np.column_stack([(rows - mean) / spread, np.ones(len(rows))])
    weights = np.zeros(scaled.shape[1])
    ridge = np.eye(len(weights)) * penalty
    ridge[-1, -1] = 1e-6
    for _ in range(_MOST_STEPS):
        likely = sigmoid(scaled @ weights)
        slope = scaled.T @ (likely - targets) + ridge @ weights
        curve = (scaled * (likely * (1 - likely))[:, None]).T @ scaled + ridge
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < _CLOSE_ENOUGH:
            break
    plain = weights[:-1] / spread
    return plain, float(weights[-1] - plain @ mean)


def sigmoid(odds: Numbers) -> Numbers:
    """Log odds as probabilities, without overflow."""
    found: Numbers = 1.0 / (1.0 + np.exp(-np.clip(odds, -40.0, 40.0)))
    return found

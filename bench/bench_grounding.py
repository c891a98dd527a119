"""Is a reply supported by its source? Fits and measures the coefficients of `safety/grounding.py` on BEGIN.

    python bench/bench_grounding.py PATH/groundedness

Fitted on the Wizard of Wikipedia and CMU parts (CC BY 4.0); the Topical-Chat part measures and never trains.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quarterdeck.safety import grounding
from quarterdeck.safety.grounding import Passages

NAMES = tuple(grounding.COEFFICIENTS)


def main() -> None:
    folder = _folder()
    parts = {name: _rows(folder / f"begin_dev_{name}.tsv") for name in ("wow", "cmu", "tc")}
    x, y = (np.concatenate(both) for both in zip(parts["wow"], parts["cmu"], strict=True))
    print(f"{len(y)} replies to fit on, {len(parts['tc'][1])} to measure with")
    for name, (features, labels) in parts.items():
        print(f"  as shipped on {name:4} AUC {_auc(_shipped(features), labels):.3f}")
    order = np.random.default_rng(0).permutation(len(y)) % 5
    held = np.zeros(len(y))
    for number in range(5):
        w = _fit(x[order != number], y[order != number])
        held[order == number] = x[order == number] @ w[:-1] + w[-1]
    print(f"  five-fold AUC {_auc(held, y):.3f}")
    w = _fit(x, y)
    print(f"  refitted on all: {dict(zip(NAMES, w.round(2).tolist(), strict=False))} bias {w[-1]:.2f}")
    scores = parts["tc"][0] @ w[:-1] + w[-1]
    print(f"  refitted, on tc AUC {_auc(scores, parts['tc'][1]):.3f}")
    for level in (0.15, 0.2, 0.25, 0.3, 0.5):
        passes = 1 / (1 + np.exp(-held)) >= level
        print(f"  at {level}: supported pass {passes[y == 1].mean():.2f}, unsupported pass {passes[y == 0].mean():.2f}")


def _rows(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    features, labels = [], []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            passages = Passages([row["knowledge"]], also_known=row["message"])
            found = passages.features(row["response"])
            if found is None or row["begin_label"] == "Generic":
                continue
            features.append([found[name] for name in NAMES])
            labels.append(row["begin_label"] == "Fully attributable")
    return np.array(features), np.array(labels, dtype=np.float64)


def _shipped(features: NDArray[np.float64]) -> NDArray[np.float64]:
    scores: NDArray[np.float64] = features @ np.array(list(grounding.COEFFICIENTS.values())) + grounding.BIAS
    return scores


def _fit(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    z = np.c_[x, np.ones(len(x))]
    w = np.zeros(z.shape[1])
    penalty = np.r_[np.full(x.shape[1], 0.5), 0.0]
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ w))
        step = np.linalg.solve(
            (z * (p * (1 - p))[:, None]).T @ z + np.diag(penalty + 1e-9), z.T @ (p - y) + penalty * w
        )
        w -= step
        if np.abs(step).max() < 1e-8:
            break
    return w


def _auc(scores: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    positive, negative = scores[labels == 1], scores[labels == 0]
    return float(np.mean([(p > negative).mean() + 0.5 * (p == negative).mean() for p in positive]))


def _folder() -> Path:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", type=Path, help="the folder with begin_dev_wow.tsv, begin_dev_cmu.tsv, begin_dev_tc.tsv"
    )
    found: Path = parser.parse_args().folder
    return found


if __name__ == "__main__":
    main()

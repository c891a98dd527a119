"""Fits the model of the semantic cache's scores, and writes `gateway/semantic/model.json` with its card.

    python -m bench.train_semantic FOLDER

FOLDER has `intent/banking77_train.csv` and `intent/clinc150_train_val.json`. Only the fitting half of their intents is used;
`bench.bench_semantic_cache` measures on the other half.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.semantic_data import SETS, halves, read_questions
from quarterdeck.core import clock
from quarterdeck.gateway.embedders.minilm import open_minilm
from quarterdeck.gateway.logistic import fit_logistic
from quarterdeck.gateway.semantic.likeness import FEATURES, features

MODEL = Path(__file__).parents[1] / "src" / "quarterdeck" / "gateway" / "semantic" / "model.json"
KNOWN = (2, 4, 20, 60, 200, 500, 1000, 2500)
ASKED = 800
VERSION = "1"


def main() -> None:
    """Fit, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    rows: list[NDArray[np.float64]] = []
    right: list[bool] = []
    used = hashlib.sha256()
    with tempfile.TemporaryDirectory() as home:
        embedder = open_minilm(Path(home))
        for name in SETS:
            fitting, _ = halves(embedder, read_questions(folder, name), name)
            used.update("\n".join(f"{label.text}\t{label.answer}" for label in fitting.labels).encode())
            for seed, known in enumerate(KNOWN):
                world = fitting.world(known, ASKED, seed)
                rows += [features(one.question, one.neighbours) for one in world]
                right += [not one.wrong for one in world]
    weights, bias = fit_logistic(np.array(rows), np.array(right, dtype=np.float64))
    card = {
        "version": VERSION,
        "what": "How likely the nearest answered question has the same right answer.",
        "rows": len(rows),
        "sets": "half of the intents of BANKING77 (CC BY 4.0) and CLINC150 (CC BY 3.0)",
        "rows_sha256": used.hexdigest(),
        "embedder": embedder.name,
        "date": clock.iso(clock.now())[:10],
        "measured": "python -m bench.bench_semantic_cache FOLDER, on the other half; docs/benchmarks.md",
        "languages": "English",
    }
    content = {
        "card": card,
        "weights": {name: round(float(weight), 6) for name, weight in zip(FEATURES, weights, strict=True)},
        "bias": round(bias, 6),
    }
    MODEL.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(content, indent=2))


if __name__ == "__main__":
    main()

"""Whether the semantic cache keeps its promise, how much it serves under it, and what it costs a request.

    python -m bench.bench_semantic_cache FOLDER

FOLDER has `intent/banking77_train.csv` and `intent/clinc150_train_val.json` (see `bench/semantic_data.py`). The model of the
scores has seen none of the intents that are measured here. A world is a cache that knows some questions and is asked others;
calibration and test are drawn from those others again and again, and never share a question.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.semantic_data import SETS, Questions, halves, read_questions
from quarterdeck.gateway.embedder import Embedder
from quarterdeck.gateway.embedders.minilm import open_minilm
from quarterdeck.gateway.semantic.likeness import probability
from quarterdeck.gateway.semantic.promise import Check, Promise, calibrate
from quarterdeck.gateway.semantic.rehearsing import Rehearsed
from quarterdeck.gateway.semantic.standing import CANDIDATE

KNOWN = {"banking77": (500, 1500), "clinc150": (1500, 3000)}
ASKED = 100_000
CHECKS = (300, 1000, 2000)
RESAMPLES = 500
FIXED_COSINES = (0.80, 0.85, 0.90, 0.95)


def main() -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as home:
        embedder = open_minilm(Path(home))
        embedder.embed(["warm up"])
        for name in SETS:
            _, measured = halves(embedder, read_questions(folder, name), name)
            for known in KNOWN[name]:
                world = measured.world(known, ASKED, 99)
                _fixed_cosines(name, known, world)
                _promises(name, known, world, Promise())
        _path_of_a_request(embedder, measured)


def _fixed_cosines(name: str, known: int, world: Sequence[Rehearsed]) -> None:
    print(f"\n{name}, {known} answers kept, {len(world)} questions")
    for cosine in FIXED_COSINES:
        hits = [one.wrong for one in world if one.neighbours[0].similarity >= cosine]
        wrong = sum(hits) / len(hits) if hits else 0.0
        print(f"  a fixed cosine of {cosine:.2f}: {len(hits) / len(world):4.0%} hits, {wrong:6.2%} of them wrong")


def _promises(name: str, known: int, world: Sequence[Rehearsed], promise: Promise) -> None:
    candidates = []
    for one in world:
        score = 0.0 if one.vetoed else probability(one.question, one.neighbours)
        if score >= CANDIDATE:
            candidates.append(Check(score, one.wrong))
    share = len(candidates) / len(world)
    chance = random.Random(3)
    for checks in CHECKS:
        if len(candidates) < 1.5 * checks:
            continue
        hits, wrongs, kept = [], [], 0
        for _ in range(RESAMPLES):
            chance.shuffle(candidates)
            threshold = calibrate(candidates[:checks], promise).threshold
            served = [one.wrong for one in candidates[checks:] if threshold is not None and one.score >= threshold]
            hits.append(share * len(served) / (len(candidates) - checks))
            if served:
                wrongs.append(sum(served) / len(served))
            kept += not served or wrongs[-1] <= promise.most_wrong
        wrong = statistics.mean(wrongs) if wrongs else 0.0
        none = 1 - len(wrongs) / RESAMPLES
        print(
            f"  promise of {promise.most_wrong:.0%} after {checks:4} checks: {statistics.mean(hits):4.0%} hits, "
            f"{wrong:6.2%} of them wrong, kept in {kept / RESAMPLES:6.1%} of {RESAMPLES} resamples, "
            f"nothing served in {none:.0%}"
        )


def _path_of_a_request(embedder: Embedder, questions: Questions) -> None:
    texts = [label.text for label in questions.labels[:300]]
    known = questions.vectors[:2000]
    embedding, search = [], []
    for text in texts:
        start = time.perf_counter()
        vector = embedder.embed([text])[0]
        middle = time.perf_counter()
        (known @ vector).argpartition(-5)
        search.append(time.perf_counter() - middle)
        embedding.append(middle - start)
    print("\non the path of a request that asked for it, p50 / p99")
    for what, times in (("embedding, in a thread", embedding), (f"{len(known)} neighbours", search)):
        centiles = statistics.quantiles(times, n=100)
        print(f"  {what}: {1000 * centiles[49]:.2f} / {1000 * centiles[98]:.2f} ms")


if __name__ == "__main__":
    main()
